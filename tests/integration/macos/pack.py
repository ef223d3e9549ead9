"""Packs a real CPython for macOS in the way of python-build-standalone.

Library, extension modules and what these need are those of python.org, as a wheel on PyPI has them
beside its own code; the modules in Python are those of the pinned sources; the program is compiled
here. Layout, prefix and install names are those of such archives.
"""

import io
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from absl import flags
from toolchains.launcher import build_launcher

from relocatable import cli, macho

_WHEEL = flags.DEFINE_string("wheel", None, "That has deploy_libs.", required=True)
_SOURCES = flags.DEFINE_string("sources", None, "CPython's, as a tar.", required=True)
_MACHINE = flags.DEFINE_enum("machine", None, ["arm64", "x86_64"], "Of Macs.", required=True)
_ARCHIVE = flags.DEFINE_string("archive", None, "The archive, a tar.", required=True)

_FRAMEWORK = b"/Library/Frameworks/Python.framework/Versions/3.11"
_LIBRARY = "lib/libpython3.11.dylib"
_HOME = "lib/python3.11"
_MODULES = ("lib2to3/", "idlelib/", "test/", "tkinter/", "turtledemo/")
_TARGETS = {"arm64": "aarch64-macos.11.0", "x86_64": "x86_64-macos.10.15"}
_MAIN = "int Py_BytesMain(int, char **); int main(int c, char **v) { return Py_BytesMain(c, v); }\n"
_PKG_CONFIG = b"prefix=/install\nlibdir=${prefix}/lib\nName: Python\nVersion: 3.11\n"


class Packed(NamedTuple):
    """A file of the archive: its path below `python`, bytes, and whether it is a program."""

    path: str
    data: bytes
    executable: bool = False


def main() -> None:
    """Reads the flags and packs."""
    with tarfile.open(_ARCHIVE.value, "w") as archive:
        for path, data, executable in _files():
            info = tarfile.TarInfo(f"python/{path}")
            info.size, info.mode = len(data), 0o755 if executable else 0o644
            archive.addfile(info, io.BytesIO(data))
        for name in ("python", "python3"):
            link = tarfile.TarInfo(f"python/bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "python3.11"
            archive.addfile(link)


def _files() -> Iterator[Packed]:
    with zipfile.ZipFile(_WHEEL.value) as wheel:
        for name in sorted(wheel.namelist()):
            directory, _, base = name.partition("/")
            if directory == "deploy_libs" and base:
                yield from _deployed(base, wheel.read(name))
    yield Packed("lib/pkgconfig/python-3.11.pc", _PKG_CONFIG)
    with tarfile.open(_SOURCES.value) as sources:
        for info in sources:
            _, _, path = info.name.partition("/Lib/")
            file = sources.extractfile(info) if info.isreg() else None
            if path and file and not path.startswith(_MODULES):
                yield Packed(f"{_HOME}/{path}", file.read())


def _deployed(name: str, data: bytes) -> Iterator[Packed]:
    if name.startswith("_sysconfigdata"):
        yield Packed(f"{_HOME}/{name}", data.replace(_FRAMEWORK, b"/install"))
    elif name == "libpython3.11.dylib":
        library = _edited(_thin(data), name, macho.Edits(install_name=f"/install/{_LIBRARY}"))
        yield Packed(_LIBRARY, library)
        yield Packed("bin/python3.11", _program(library), executable=True)
    else:
        # Beside them is where the modules look for the libraries.
        yield Packed(f"{_HOME}/lib-dynload/{name}", _thin(data))


def _thin(data: bytes) -> bytes:
    """What a universal file has for the machine, as the archives are for one each."""
    for file, view in macho.thin_files(memoryview(data), "deployed"):
        if file.architecture == _MACHINE.value:
            return bytes(view)
    raise AssertionError(f"nothing for {_MACHINE.value}")


def _edited(data: bytes, name: str, edits: macho.Edits) -> bytes:
    return macho.plan(memoryview(data), name, edits).apply(data)


def _program(library: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        source, linked = place / "python.c", place / "libpython3.11.dylib"
        source.write_text(_MAIN)
        linked.write_bytes(library)
        program = place / "python3.11"
        options = ["-target", _TARGETS[_MACHINE.value], "-nostdlib", "-O1", "-s"]
        build_launcher.zig(["cc", *options, "-o", program, source, linked], directory)
        return _edited(program.read_bytes(), "python3.11", macho.Edits(sign="always"))


if __name__ == "__main__":
    cli.run(main)
