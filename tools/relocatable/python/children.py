"""Spares the programs that Python starts what a launcher has set for this one.

The variables that are kept stand in the environment for all that runs in this process: Python
code, and C code that calls getenv(3). Their notes (`RELOCATABLE_RESTORE_NAME`) stay beside them, so
that a copy of the environment says for itself what in it is the launcher's. Python code that starts
another program goes through one of the functions below. Each does for the child what a launcher
would: it puts back what the notes say, and drops them. A value that somebody has changed is the
program's own, and so is one in an environment without its note: children see both.

C code that starts programs by itself hands on the environment as it is.
"""

import _posixsubprocess
import os
import posix
import sys

_NOTE = b"RELOCATABLE_RESTORE_"
_DESCRIPTOR = b"/proc/self/fd/"
_NO_SHELL = 127 << 8  # What system(3) gives where there is no shell.
_ENVIRONMENT = 5  # The place of the environment among the arguments of fork_exec, in all versions.

_ours: dict[bytes, bytes | None] = {}


def spare(names: list[str]) -> None:
    """Has other programs not see the variables of these names; each has a note."""
    for variable in map(os.fsencode, names):
        value = _ours[variable] = os.environb.get(variable)
        if value is not None and value.startswith(_DESCRIPTOR):
            number = value[len(_DESCRIPTOR) :].partition(b"/")[0]
            os.set_inheritable(int(number), False)
    for function in (execv, execve, posix_spawn, posix_spawnp, putenv, system, unsetenv):
        name, real = function.__name__, _real[function.__name__]
        function.__doc__, function.__module__ = real.__doc__, real.__module__
        if real in os.supports_fd:
            os.supports_fd.add(function)
        setattr(posix, name, function)
        setattr(os, name, function)
    setattr(_posixsubprocess, "fork_exec", fork_exec)  # noqa: B010 - mypy lets nobody assign it


_real = {name: getattr(posix, name) for name in dir(posix)}
_fork_exec = getattr(_posixsubprocess, "fork_exec")  # noqa: B009 - its type is another in each version


def fork_exec(*arguments: object) -> int:
    """Starts a program for `subprocess` and `multiprocessing`."""
    given = arguments[_ENVIRONMENT]
    if given is None:
        environment = dict(os.environb)
    elif isinstance(given, list) and any(entry.startswith(_NOTE) for entry in given):
        environment = dict(entry.split(b"=", 1) for entry in given)
    else:
        return int(_fork_exec(*arguments))
    entries = [b"=".join(entry) for entry in _spared(environment).items()]
    return int(_fork_exec(*arguments[:_ENVIRONMENT], entries, *arguments[_ENVIRONMENT + 1 :]))


def execv(path: object, argv: object, /) -> None:
    """Becomes another program."""
    _real["execve"](path, argv, _spared(dict(os.environb)))


def execve(path: object, argv: object, env: object) -> None:
    """Becomes another program, with an environment of the caller's."""
    _real["execve"](path, argv, _of_mapping(env))


def posix_spawn(path: object, argv: object, env: object, /, **options: object) -> int:
    """Starts a program."""
    environment = _of_mapping(os.environb if env is None else env)
    return int(_real["posix_spawn"](path, argv, environment, **options))


def posix_spawnp(path: object, argv: object, env: object, /, **options: object) -> int:
    """Starts a program that is looked for on PATH."""
    environment = _of_mapping(os.environb if env is None else env)
    return int(_real["posix_spawnp"](path, argv, environment, **options))


def system(command: str | bytes) -> int:
    """Runs a command in the shell; the keyboard's signals are the child's, and SIGCHLD waits."""
    import signal  # noqa: PLC0415 - few programs call this

    text = os.fsencode(command)
    sys.audit("os.system", text)
    environment = _spared(dict(os.environb))
    handlers = {}
    for number in (signal.SIGINT, signal.SIGQUIT):
        # Another thread may not, and a handler of C code could not be put back.
        if (handler := signal.getsignal(number)) is not None:
            try:
                handlers[number] = handler
                signal.signal(number, signal.SIG_IGN)
            except ValueError:
                handlers = {}
                break
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    default = [number for number, handler in handlers.items() if handler != signal.SIG_IGN]
    try:
        child = _real["posix_spawn"](
            "/bin/sh", ["sh", "-c", text], environment, setsigmask=blocked, setsigdef=default
        )
        return os.waitpid(child, 0)[1]
    except FileNotFoundError:
        return _NO_SHELL
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def putenv(name: str | bytes, value: str | bytes, /) -> None:
    """Sets a variable."""
    _real["putenv"](name, value)
    key = os.fsencode(name)
    if key in _ours and _ours[key] != os.fsencode(value):
        os.environb.pop(_NOTE + key, None)  # The program's own from now on.


def unsetenv(name: str | bytes, /) -> None:
    """Removes a variable."""
    _real["unsetenv"](name)
    key = os.fsencode(name)
    if key in _ours:
        os.environb.pop(_NOTE + key, None)


def _spared(environment: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Undoes in a copy of the environment what its notes say."""
    for name, value in _ours.items():
        before = environment.pop(_NOTE + name, None)
        if before is None or environment.get(name) != value:
            continue
        if before.startswith(b"="):
            environment[name] = before[1:]
        else:
            environment.pop(name, None)
    return environment


def _of_mapping(environment: object) -> object:
    """What a child is to see; what is no environment is left for the real function to refuse."""
    try:
        pairs = environment.items()  # type: ignore[attr-defined]
        return _spared({os.fsencode(name): os.fsencode(value) for name, value in pairs})
    except (AttributeError, TypeError):
        return environment
