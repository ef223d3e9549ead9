"""Wheels for tests: sound ones, and ones that are wrong in one way."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

PURE = "py3-none-any"
METADATA = b"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: {tag}\n"


def wheel(
    directory: Path,
    files: Mapping[str, bytes],
    *,
    name: str = "demo",
    version: str = "1.0",
    tag: str = PURE,
    executable: frozenset[str] = frozenset(),
    record: Mapping[str, str | None] | None = None,
) -> Path:
    """Writes a wheel with a RECORD; returns its path.

    Args:
        directory: Where.
        files: By path. Its own METADATA and WHEEL are made, unless they are here.
        name: Of the distribution.
        version: Of the distribution.
        tag: What it is for.
        executable: Paths of files that may be executed.
        record: Lines that RECORD is to have instead of the true ones; None for no line at all.
    """
    path = directory / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    contents = {
        f"{info}/METADATA": _filled(METADATA, name=name, version=version),
        f"{info}/WHEEL": _filled(WHEEL, tag=tag),
        **files,
    }
    lines = {path: line(path, data) for path, data in contents.items()}
    lines[f"{info}/RECORD"] = f"{info}/RECORD,,"
    wanted = [text for text in {**lines, **(record or {})}.values() if text is not None]
    contents[f"{info}/RECORD"] = "".join(text + "\n" for text in wanted).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, data in contents.items():
            entry = zipfile.ZipInfo(inside)
            entry.external_attr = (0o100755 if inside in executable else 0o100644) << 16
            archive.writestr(entry, data)
    return path


def line(path: str, data: bytes) -> str:
    """The line of RECORD for a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}"


def _filled(template: bytes, **values: str) -> bytes:
    return template.decode().format(**values).encode()
