"""Modules to .pyc files, by an interpreter of their own version, on all cores."""

import marshal
import posixpath
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources

from relocatable.python.interpreter import Interpreter

_WORKER = "compile_worker.py"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What compiling gave.

    Attributes:
        files: The bytes of a .pyc file by module path.
        failures: For modules that can't be compiled, why: they stay as they are.
    """

    files: Mapping[str, bytes]
    failures: Mapping[str, str]


def cache_path(path: str, version: str, optimize: int) -> str:
    """Where the import system looks for the bytecode of the module at `path` (PEP 488, PEP 3147).

    Args:
        path: Of the text.
        version: MAJOR.MINOR of CPython.
        optimize: 0 to 2.
    """
    place, name = posixpath.split(path)
    tag = f"cpython-{version.replace('.', '')}"
    level = f".opt-{optimize}" if optimize else ""
    return posixpath.join(place, "__pycache__", f"{name.removesuffix('.py')}.{tag}{level}.pyc")


def compile_all(
    texts: Mapping[str, bytes], place: str, interpreter: Interpreter, optimize: int, jobs: int
) -> Compiled:
    """Compiles modules. The result doesn't depend on `jobs`, nor on which others are compiled.

    Args:
        texts: Of the modules, by their paths in the library.
        place: The library's directory, as tracebacks are to name it.
        interpreter: Of the version that the result is for.
        optimize: 0 to 2, as `python -O`.
        jobs: Processes at a time.

    Raises:
        RelocatableError: if the interpreter fails.
    """
    worker = resources.files("relocatable.python").joinpath(_WORKER).read_text("utf-8")
    by_size = sorted(texts, key=lambda path: (-len(texts[path]), path))
    shares = [share for share in (by_size[start::jobs] for start in range(jobs)) if share]

    def run(share: list[str]) -> list[bytes]:
        request = (optimize, [(f"{place}/{path}", texts[path]) for path in share])
        answered = interpreter.run(worker, marshal.dumps(request, 2))
        answer: list[bytes] = marshal.loads(answered)  # noqa: S302 - of a pinned program.
        return answer

    files: dict[str, bytes] = {}
    failures: dict[str, str] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for share, answer in zip(shares, pool.map(run, shares), strict=True):
            for path, result in zip(share, answer, strict=True):
                if result.startswith(b"P"):
                    files[path] = result[1:]
                else:
                    failures[path] = result[1:].decode()
    return Compiled(files, failures)
