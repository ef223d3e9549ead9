"""Compiles modules, in an interpreter of the version that they are for.

Reads marshalled `(optimize, [(name, text)])` from stdin. Writes a marshalled list with a result for
each, which is `P` and the bytes of a .pyc, or `E` and why there is none. `name` becomes the code's
file name.

It imports nothing but what is built in, since the interpreter may have no library of its own. Each
module is compiled in a process of its own: what a process has seen before decides which constants
it shares, and so the bytes.
"""

import _imp
import marshal
import posix
import sys
from _frozen_importlib_external import MAGIC_NUMBER

_UNCHECKED_HASH = b"\1\0\0\0"
_READ = 1 << 16


def pyc(name: str, text: bytes, optimize: int) -> bytes:
    """Returns a .pyc that its module's text is never compared with (PEP 552)."""
    code = compile(text, name, "exec", dont_inherit=True, optimize=optimize)
    digest = _imp.source_hash(int.from_bytes(MAGIC_NUMBER, "little"), text)
    return MAGIC_NUMBER + _UNCHECKED_HASH + digest + marshal.dumps(code)


def forked(name: str, text: bytes, optimize: int) -> bytes:
    """Returns the result for one module, from a process for it alone."""
    reader, writer = posix.pipe()
    child = posix.fork()
    if not child:
        try:
            result = b"P" + pyc(name, text, optimize)
        except (SyntaxError, ValueError) as error:
            result = f"E{type(error).__name__}: {error}".encode("utf-8", "replace")
        rest = memoryview(result)
        while rest:
            rest = rest[posix.write(writer, rest) :]
        posix._exit(0)
    posix.close(writer)
    parts = []
    while part := posix.read(reader, _READ):
        parts.append(part)
    posix.close(reader)
    _, status = posix.waitpid(child, 0)
    if status:
        raise SystemExit(f"compiling {name} ended with wait status {status}")
    return b"".join(parts)


def main() -> None:
    """Answers one request."""
    optimize, modules = marshal.load(sys.stdin.buffer)  # noqa: S302 - what our tool wrote.
    results = [forked(name, text, optimize) for name, text in modules]
    marshal.dump(results, sys.stdout.buffer, 2)


if __name__ == "__main__":
    sys.warnoptions.append("ignore")
    main()
