"""Native launchers: how they hold their settings, and what they do.

A launcher is a small program (toolchains/launcher) that finds out where the dist lies and executes
a program of it, through the dist's own loader or directly. What it executes stands in a
block in its own file, which `patch` fills in and `read` gives back. `command` says in Python what
the launcher does: a foreign machine's dist runs through it under an emulator, and the tests hold
it against the real thing. The format is told in toolchains/launcher/settings.h.
"""

import os
import posixpath
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from relocatable import macho
from relocatable.errors import RelocatableError
from relocatable.launcher import locales
from relocatable.launcher.settings import RESTORE, ROOT, ROOT_WITHOUT_COLON, SELF, Settings

_HEADER = struct.Struct("<16sHHHH")  # magic, version, capacity, size, depth
_MAGIC = b"relocatable/exe\0"
_VERSION = 1

_EXECUTE, _ARGUMENT, _SET, _UNSET = "XASU"
_SET_INHERITED, _SET_IN_C, _SET_LOST, _SET_FILE = "ICLF"
_NAME = "\3"  # argv[0]
_TOKENS = {ROOT: "\1", ROOT_WITHOUT_COLON: "\2", SELF: "\4"}


@dataclass(frozen=True, slots=True)
class Command:
    """What a launcher executes.

    Attributes:
        path: The file, absolute.
        argv: Its arguments, with argv[0].
        environ: Its environment.
    """

    path: str
    argv: tuple[str, ...]
    environ: dict[str, str]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path as launchers have them
            return file.read()
    except OSError:
        return b""


def patch(launcher: bytes, settings: Settings) -> bytes:
    """Gives a copy of a launcher's file, of the same size, that does what `settings` say.

    One for macOS is signed anew: its kernel runs no page whose hash is another.

    Raises:
        RelocatableError: if `launcher` is none, or `settings` are larger than its block.
    """
    start, capacity, _, _ = _find(launcher)
    records = b"".join(
        record.encode("utf-8", "surrogateescape") + b"\0" for record in _records(settings)
    )
    if len(records) > capacity:
        raise RelocatableError(
            f"launcher: settings of {len(records)} bytes for {settings.program} don't fit into "
            f"{capacity}: shorten arguments or variables"
        )
    header = _HEADER.pack(_MAGIC, _VERSION, capacity, len(records), settings.depth)
    end = start + _HEADER.size + capacity
    patched = launcher[:start] + header + records.ljust(capacity, b"\0") + launcher[end:]
    if not macho.is_macho(patched):
        return patched
    return macho.plan(memoryview(patched), "launcher", macho.Edits(sign="always")).apply(patched)


def read(launcher: bytes) -> Settings:
    """Gives back the settings of a launcher's file.

    Raises:
        RelocatableError: if it is no launcher, has no settings yet, or they are damaged; or if it
            is one for several machines that does not do the same on each.
    """
    if macho.is_universal(launcher):
        data = memoryview(launcher)
        first, *others = (read(bytes(x.view(data))) for x in macho.slices(data, "launcher"))
        if any(other != first for other in others):
            raise RelocatableError("launcher: its settings are others on other machines")
        return first
    start, capacity, size, depth = _find(launcher)
    block = launcher[start + _HEADER.size :][:capacity]
    if not size:
        raise RelocatableError("launcher: it has no settings yet")
    if size > capacity or block[size - 1] != 0 or block[size:].strip(b"\0"):
        raise RelocatableError(f"launcher: damaged settings: size {size} of {capacity} is wrong")
    records = block[: size - 1].decode("utf-8", "surrogateescape").split("\0")
    for through_loader in (True, False):
        try:
            settings = _settings(records, depth, through_loader=through_loader)
        except (IndexError, ValueError, RelocatableError):
            continue
        if _records(settings) == records:
            return settings
    raise RelocatableError(f"launcher: damaged settings: {records!r} are not what patch writes")


def is_launcher(data: bytes) -> bool:
    """Says whether a file's bytes are a launcher's, with or without settings."""
    return _MAGIC in data


def command(
    settings: Settings,
    launcher: str,
    argv: Sequence[str],
    environ: Mapping[str, str],
    exists: Callable[[str], bool] = os.path.exists,
    *,
    read: Callable[[str], bytes] = _read,
) -> Command:
    """Says what a launcher executes; a model of toolchains/launcher/launcher.c.

    Args:
        settings: The launcher's settings.
        launcher: Its absolute path, without links.
        argv: What it is started with; argv[0] is kept for the program, unless it is empty.
        environ: What it is started with.
        exists: Says whether a path is there.
        read: Gives the bytes of a file, and none if it isn't there.

    Raises:
        RelocatableError: if `launcher` does not lie that deep, or the settings need a name without
            ':' for a root that has one (a descriptor, which only the launcher itself can open).
    """
    parts = launcher.split("/")
    if not launcher.startswith("/") or len(parts) < settings.depth + 2:
        raise RelocatableError(
            f"launcher: {launcher} does not lie {settings.depth} directories below a root"
        )
    root = "/".join(parts[: -1 - settings.depth])
    name = argv[0] if argv and argv[0] else launcher

    def expand(template: str) -> str:
        if _TOKENS[ROOT_WITHOUT_COLON] in template and ":" in root:
            raise RelocatableError(
                f"launcher: {root} has a ':', which {settings.program} can't use"
            )
        text = re.sub("[\1\2](?!/)", root or "/", template)
        text = re.sub("[\1\2]", root, text).replace(_NAME, name)
        leads_here = "/" in name and os.path.realpath(name) == launcher
        return text.replace(_TOKENS[SELF], name if leads_here else launcher)

    path = ""
    arguments: list[str] = []
    variables = _restored(environ)
    for record in _records(settings):
        kind, template = record[0], record[1:]
        if kind == _EXECUTE:
            path = expand(template)
        elif kind == _ARGUMENT:
            arguments.append(expand(template))
        elif kind == _SET_FILE:
            variable, _, file = expand(template).partition("=")
            if not variables.get(variable) and exists(file):
                _change(variables, variable, file)
        elif kind == _SET_INHERITED:
            variable, _, value = expand(template).partition("=")
            variables[variable] = value
        elif _applies(kind, variables, exists, read):
            variable = template.partition("=")[0]
            for each in _meant(variable, variables):
                new = None if kind == _UNSET else expand(template).partition("=")[2]
                _change(variables, each, new)
    return Command(path, (*arguments, *argv[1:]), variables)


def _change(environ: dict[str, str], name: str, value: str | None) -> None:
    """Sets or removes a variable, and notes what was there before all changes."""
    old = environ.pop(name, None)
    if value is not None:
        environ[name] = value
    if value is not None or old is not None:
        environ.setdefault(RESTORE + name, "" if old is None else "=" + old)


def _applies(
    kind: str,
    environ: Mapping[str, str],
    exists: Callable[[str], bool],
    read: Callable[[str], bytes],
) -> bool:
    """Whether a variable is to be set in this environment."""
    if kind == _SET_IN_C:
        return _in_c_locale(environ)
    return kind != _SET_LOST or locales.is_lost(environ, exists, read)


def _in_c_locale(environ: Mapping[str, str]) -> bool:
    """Whether nobody has chosen a locale but one that each machine ought to have."""
    if everything := environ.get("LC_ALL"):
        return everything.startswith("C.")
    chosen = environ.get("LC_CTYPE") or environ.get("LANG") or "C"
    return chosen in {"C", "POSIX"} or chosen.startswith("C.")


def _meant(name: str, environ: Mapping[str, str]) -> list[str]:
    """The variables that a name of the settings means."""
    prefix = name.removesuffix("*")
    return [name] if prefix == name else [found for found in environ if found.startswith(prefix)]


def _restored(environ: Mapping[str, str]) -> dict[str, str]:
    """Undoes what an outer launcher did whose program has not cleaned up."""
    notes = {
        name.removeprefix(RESTORE): value
        for name, value in environ.items()
        if name.startswith(RESTORE)
    }
    kept = {
        name: value
        for name, value in environ.items()
        if name not in notes and not name.startswith(RESTORE)
    }
    return kept | {name: value[1:] for name, value in notes.items() if value.startswith("=")}


def _find(launcher: bytes) -> tuple[int, int, int, int]:
    """Gives where the settings block begins, and its capacity, size and depth."""
    start = launcher.find(_MAGIC)
    if start < 0 or launcher.find(_MAGIC, start + 1) >= 0:
        raise RelocatableError("launcher: these bytes are not a launcher: no single settings block")
    if start + _HEADER.size > len(launcher):
        raise RelocatableError("launcher: the file is cut off in its settings")
    _, version, capacity, size, depth = _HEADER.unpack_from(launcher, start)
    if version != _VERSION:
        raise RelocatableError(
            f"launcher: settings have version {version}, this tool knows {_VERSION}: "
            "use the launcher and the tools of one release"
        )
    if start + _HEADER.size + capacity > len(launcher):
        raise RelocatableError("launcher: the file is cut off in its settings")
    return start, capacity, size, depth


def _encode(text: str) -> str:
    for placeholder, token in _TOKENS.items():
        text = text.replace(placeholder, token)
    return text


def _decode(text: str) -> str:
    for placeholder, token in _TOKENS.items():
        text = text.replace(token, placeholder)
    return text


def _records(settings: Settings) -> list[str]:
    """Puts settings into the form of the file."""
    program = _encode(ROOT) + "/" + settings.program
    argv0 = _NAME if settings.argv0 is None else _encode(settings.argv0)
    if settings.loader is None:
        records = [_EXECUTE + program, _ARGUMENT + argv0]
    else:
        flags = [_NAME, *settings.loader_flags(), "--argv0", argv0, program]
        records = [_EXECUTE + _encode(ROOT) + "/" + settings.loader]
        records += [_ARGUMENT + flag for flag in flags]
    records += [_ARGUMENT + _encode(argument) for argument in settings.arguments]
    records += [
        _UNSET + name if value is None else f"{_SET}{name}={_encode(value)}"
        for name, value in settings.environment
    ]
    for kind, pairs in (
        (_SET_INHERITED, settings.inherited),
        (_SET_IN_C, settings.in_c),
        (_SET_LOST, settings.lost),
        (_SET_FILE, settings.files),
    ):
        records += [f"{kind}{name}={_encode(value)}" for name, value in pairs]
    return records


def _settings(records: list[str], depth: int, *, through_loader: bool) -> Settings:
    """Undoes `_records`; of records that it does not make, the result or error means nothing."""
    root = _encode(ROOT) + "/"
    program = records[0].removeprefix(_EXECUTE + root)
    arguments = [record[1:] for record in records if record.startswith(_ARGUMENT)]
    loader = None
    libraries: list[str] = []
    argv0, own = arguments[0], 1
    if through_loader:  # … --argv0 NAME program
        own = arguments.index("--argv0") + 3
        loader, program = program, arguments[own - 1].removeprefix(root)
        argv0 = arguments[own - 2]
        libraries = arguments[arguments.index("--library-path") + 1].split(":") if own > 5 else []
    origin = posixpath.dirname(program)
    variables = [record for record in records if record[:1] in {_SET, _UNSET}]
    return Settings(
        depth=depth,
        program=program,
        loader=loader,
        library_path=tuple(
            posixpath.normpath(posixpath.join(origin, "./" + path.removeprefix("$ORIGIN")))
            for path in libraries
        ),
        arguments=tuple(_decode(argument) for argument in arguments[own:]),
        environment=tuple(
            (name[1:], _decode(value) if equals else None)
            for name, equals, value in (record.partition("=") for record in variables)
        ),
        argv0=None if argv0 == _NAME else _decode(argv0),
        inherited=_pairs(records, _SET_INHERITED),
        in_c=_pairs(records, _SET_IN_C),
        lost=_pairs(records, _SET_LOST),
        files=_pairs(records, _SET_FILE),
    )


def _pairs(records: list[str], kind: str) -> tuple[tuple[str, str], ...]:
    found = (record[1:].partition("=") for record in records if record[:1] == kind)
    return tuple((name, _decode(value)) for name, _, value in found)
