"""The normal form: a tree as one uncompressed tar file with no freedom left.

Entries are sorted by path, every directory is present once, owners are 0 without names, modes are
0755 or 0644 (links 0777), the time is `MTIME`. Names over 100 bytes use a pax header. So equal
trees are equal files, on any host, and what is not in normal form is refused when read.

Source: POSIX.1-2017, pax Interchange Format and ustar Interchange Format.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from relocatable import content as contents
from relocatable import provenance
from relocatable.content import Content, Extent, Store, Writer
from relocatable.errors import RelocatableError
from relocatable.output import whole
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Node, Tree, check_path, sort_key

BLOCK = 512
NAME_BYTES = 100
MTIME = 315532800
"""1980-01-01T00:00:00Z: the earliest time that every archive format (zip too) can hold."""

_ENCODING = ("utf-8", "surrogateescape")
_FILE, _LINK, _DIRECTORY, _PAX = b"0", b"2", b"5", b"x"
_MODES = {_FILE: 0o644, _LINK: 0o777, _DIRECTORY: 0o755, _PAX: 0o644}


def write(tree: Tree, tar: Path, provenance_file: Path) -> None:
    """Writes `tree` in normal form to `tar`, and where its paths came from to `provenance_file`."""
    with whole(tar) as file, whole(provenance_file) as lines:
        write_to(tree, Writer(file.fileno()))
        lines.writelines(
            provenance.lines((path, n.record) for path, n in tree if isinstance(n, File | Link))
        )


class Sink(Protocol):
    """What a tree can be written to."""

    def write(self, content: Content) -> None:
        """Appends `content`."""

    def flush(self) -> None:
        """Passes on what was held back."""


def write_to(tree: Tree, out: Sink, prefix: str = "") -> None:
    """Writes `tree` in normal form, with all paths below the directory `prefix` if one is given."""
    if prefix:
        out.write(_headers(prefix + "/", _DIRECTORY, 0))
    for path, node in tree:
        name = f"{prefix}/{path}" if prefix else path
        match node:
            case Directory():
                out.write(_headers(name + "/", _DIRECTORY, 0))
            case Link():
                out.write(_headers(name, _LINK, 0, link=node.target))
            case File():
                size = contents.size(node.content)
                out.write(_headers(name, _FILE, size, executable=node.executable))
                out.write(node.content)
                out.write(_padding(size))
    out.write(bytes(2 * BLOCK))
    out.flush()


def read(tar: Path, provenance_file: Path) -> Tree:
    """Reads a tree that `write` wrote; the contents of its files stay in `tar`.

    Raises:
        RelocatableError: if the files are not a tree in normal form and its provenance.
    """
    try:
        return _read(tar, provenance.read(provenance_file).__getitem__)
    except KeyError as error:
        raise RelocatableError(f"{provenance_file} has no line for {error} of {tar}") from error


def read_paths(tar: Path) -> Tree:
    """Reads a tree without its provenance: the origin of each path is the file that it is in."""
    return _read(tar, lambda path: Record(Origin(str(tar), path)))


def _read(tar: Path, record_of: Callable[[str], Record]) -> Tree:
    tree = Tree()
    try:
        for path, kind, value in _entries(Store(tar)):
            node: Node
            if kind == _DIRECTORY:
                node = Directory()
            elif isinstance(value, str):
                node = Link(value, record_of(path))
            else:
                content, executable = value
                node = File(content, record_of(path), executable)
            tree.nodes[path] = node
    except (ValueError, RelocatableError) as error:
        raise RelocatableError(f"{tar} is not a tree in normal form: {error}") from error
    return tree


def read_all(pairs: Sequence[str]) -> list[Tree]:
    """Reads trees that flags name as `TAR=PROVENANCE`; errors as for `read`."""
    return [_read_pair(pair) for pair in pairs]


def _read_pair(pair: str) -> Tree:
    tar, equals, provenance_file = pair.partition("=")
    if not equals:
        raise RelocatableError(f"TAR=PROVENANCE is wanted for a tree, found {pair!r}")
    return read(Path(tar), Path(provenance_file))


def _entries(store: Store) -> Iterator[tuple[str, bytes, str | tuple[Content, bool]]]:
    offset = 0
    last = b""
    directories = {""}
    while (header := store.read(offset, BLOCK)) != bytes(BLOCK):
        start = offset
        name, link = _text(header[:NAME_BYTES]), _text(header[157:257])
        if header[156:157] == _PAX:
            size = _number(header)
            fields = _pax_fields(store.read(offset + BLOCK, size))
            offset += BLOCK + size + len(_padding(size))
            header = store.read(offset, BLOCK)
            name = fields.get(b"path", _text(header[:NAME_BYTES]))
            link = fields.get(b"linkpath", _text(header[157:257]))
        kind, size = header[156:157], _number(header)
        path = name.rstrip("/")
        executable = header[100:107] == b"0000755"
        check_path(path)
        if kind not in _MODES or kind == _PAX:
            raise RelocatableError(f"{path} has the type {kind!r}")
        expected = _headers(name, kind, size, link=link, executable=kind == _FILE and executable)
        if store.read(start, offset + BLOCK - start) != expected:
            raise RelocatableError(f"the header of {path} has other fields than it should")
        if path.rpartition("/")[0] not in directories or sort_key(path) <= last:
            raise RelocatableError(f"{path} is out of order, or its directory is missing")
        last = sort_key(path)
        offset += BLOCK
        if kind == _DIRECTORY:
            directories.add(path)
        if offset + size > store.size:
            raise RelocatableError(f"{path} is truncated")
        yield path, kind, link if kind == _LINK else (Extent(store, offset, size), executable)
        offset += size + len(_padding(size))
    if store.size != offset + 2 * BLOCK:
        raise RelocatableError("it is truncated, or goes on, behind its last entry")


def _headers(
    name: str, kind: bytes, size: int, *, link: str = "", executable: bool = False
) -> bytes:
    """Returns the header of an entry, behind a pax header if a field doesn't fit in it."""
    raw_name, raw_link = _bytes(name), _bytes(link)
    fields = [
        (key, value)
        for key, value in ((b"linkpath", raw_link), (b"path", raw_name))
        if len(value) > NAME_BYTES
    ]
    if size >= 8**11:
        fields.append((b"size", str(size).encode()))
    before = b""
    if fields:
        data = b"".join(_pax_field(key, value) for key, value in fields)
        before = (
            _header(b"././@PaxHeader", _PAX, len(data), b"", False) + data + _padding(len(data))
        )
    return before + _header(raw_name, kind, size, raw_link, executable)


def _header(name: bytes, kind: bytes, size: int, link: bytes, executable: bool) -> bytes:
    mode = 0o755 if executable else _MODES[kind]
    octal_size = b"%011o" % size if size < 8**11 else b"0" * 11
    before = b"%-100b%07o\0%07o\0%07o\0%b\0%011o\0" % (
        name[:NAME_BYTES].ljust(NAME_BYTES, b"\0"),
        mode,
        0,
        0,
        octal_size,
        MTIME,
    )
    after = kind + link[:NAME_BYTES].ljust(NAME_BYTES, b"\0") + b"ustar\x0000"
    after = after.ljust(BLOCK - len(before) - 8, b"\0")
    checksum = sum(before) + sum(after) + 8 * ord(" ")
    return before + b"%06o\0 " % checksum + after


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def _pax_field(key: bytes, value: bytes) -> bytes:
    """A record `LENGTH KEY=VALUE` and a newline, in which the length counts its own digits too."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)


def _pax_fields(data: bytes) -> dict[bytes, str]:
    fields = {}
    while data:
        length = int(data.split(b" ", 1)[0])
        key, value = data[:length].split(b" ", 1)[1][:-1].split(b"=", 1)
        fields[key] = value.decode(*_ENCODING)
        data = data[length:] if length > 0 else b""
    return fields


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode(*_ENCODING)


def _bytes(text: str) -> bytes:
    return text.encode(*_ENCODING)


def _number(header: bytes) -> int:
    return int(header[124:135], 8)
