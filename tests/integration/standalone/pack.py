"""Packs Debian's Python in the way of python-build-standalone, whose archives have other hosts.

Binaries and library are real; the layout, the prefix and the oddities are those of such archives.
"""

import io
import json
import re
import tarfile
from pathlib import Path

import zstandard
from absl import flags

from relocatable import cli

_TREE = flags.DEFINE_string(
    "tree", None, "The files of the tree of Debian's Python.", required=True
)
_OUT = flags.DEFINE_string("out", None, "The archive; its ending tells the layout.", required=True)

_PLACES = (
    (re.compile(r"usr/(bin|lib)/(python3\.11(?:/.*)?)"), r"\1/\2"),
    (re.compile(r"usr/lib/[^/]+-linux-gnu/(libpython3\.11\.so[.0-9]*)"), r"lib/\1"),
)
_DESCRIPTION = {
    "version": "8",
    "python_version": "3.11.2",
    "target_triple": "x86_64-unknown-linux-gnu",
    "licenses": ["Python-2.0"],
    "license_path": "licenses/LICENSE.cpython.txt",
    "build_info": {
        "extensions": {
            "zlib": [{"licenses": ["Zlib"], "license_paths": ["licenses/LICENSE.zlib.txt"]}],
            "_sqlite3": [{"license_public_domain": True}],
            "math": [{}],
        }
    },
}
_LINKS = {
    "bin/python3": "python3.11",
    "share/terminfo/loop/here": "there",
    "share/terminfo/loop/there": "here",
    "share/terminfo/self": "../terminfo",
    "lib/terminfo": "/usr/share/terminfo",
}


def main() -> None:
    """Reads the flags and packs."""
    tree = next(path for path in _TREE.value.split() if path.endswith(".tar"))
    full = _OUT.value.endswith(".zst")
    root = "python/install" if full else "python"
    raw = io.BytesIO()
    with tarfile.open(tree) as source, tarfile.open(fileobj=raw, mode="w") as target:
        for info in source:
            for pattern, place in _PLACES:
                if match := pattern.fullmatch(info.name):
                    _copy(source, info, target, f"{root}/{match.expand(place)}")
        for name, destination in _LINKS.items():
            link = tarfile.TarInfo(f"{root}/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, destination
            target.addfile(link)
        if full:
            _text(target, "python/PYTHON.json", json.dumps(_DESCRIPTION))
            _text(target, "python/licenses/LICENSE.cpython.txt", "PSF")
            _text(target, "python/licenses/LICENSE.zlib.txt", "zlib")
            _text(target, "python/build/core/config.c", "int main;")
    data = raw.getvalue()
    if full:
        data = zstandard.compress(data, 3)
    Path(_OUT.value).write_bytes(data)


def _copy(source: tarfile.TarFile, info: tarfile.TarInfo, target: tarfile.TarFile, to: str) -> None:
    file = source.extractfile(info) if info.isreg() else None
    data = file.read() if file else b""
    if "/_sysconfigdata" in to and data:
        data = data.replace(b"/usr", b"/install")
        data = data.replace(b"'x86_64-linux-gnu-gcc", b"'/tools/clang-linux64/bin/clang")
        data = data.replace(b"'-Wl,-z", b"'-L/tools/deps/lib -Wl,-z")
    info.name, info.size = to, len(data)
    target.addfile(info, io.BytesIO(data))


def _text(target: tarfile.TarFile, name: str, text: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(text)
    target.addfile(info, io.BytesIO(text.encode()))


if __name__ == "__main__":
    cli.run(main)
