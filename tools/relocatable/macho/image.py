"""A thin file while it is edited: load commands that may change, and what follows them.

What is mapped stays where it is, to the byte: addresses in code are relative to it, and those to
the file's own header can't be found. So all commands have to fit in front of the first section, and
only the end of the file, the part of `__LINKEDIT` that changes, is written anew.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.edits import Edit
from relocatable.macho.reader import MachO
from relocatable.macho.shape import Segment
from relocatable.macho.universal import Part

_STRINGS: Final = frozenset({*c.DYLIB_LOADS, c.LC_ID_DYLIB, c.LC_RPATH})
"""Commands that end in a string, and whose first number says where it begins."""


class NotEditableError(RelocatableError):
    """The file is sound, but can't be changed as wanted."""


class Image:
    """A thin file that changes.

    Attributes:
        file: as it was read.
        data: its bytes.
        commands: the load commands, each whole.
        tail: the parts of the file behind the header and its padding; at first one range, up to
            where the signature begins or the file ends.
        end: the size of the file with `tail`.
    """

    def __init__(self, file: MachO, data: memoryview) -> None:
        """Takes the commands apart.

        Raises:
            RelocatableError: if sections begin inside of them.
        """
        self.file, self.data = file, data
        self.commands = [bytes(data[x.offset : x.offset + x.size]) for x in file.commands]
        self._old = tuple(self.commands)
        self.room_end = _room_end(file, data)
        self.end = file.size
        self.tail: tuple[Part, ...] = ((self.room_end, file.size),)

    @property
    def changed(self) -> bool:
        """Whether the file is to be another one."""
        return tuple(self.commands) != self._old or self.tail != ((self.room_end, self.file.size),)

    def kind(self, command: bytes) -> int:
        """The kind of a load command (`LC_…`)."""
        return self.word(command, 0)

    def word(self, command: bytes, index: int) -> int:
        """A number of a load command; the first two are its kind and size."""
        return int(self.file.shape.words(1).unpack_from(command, 4 * index)[0])

    def find(self, kind: int) -> bytes | None:
        """The first command of a kind, or None."""
        return next((x for x in self.commands if self.kind(x) == kind), None)

    def set_words(self, command: bytes, values: dict[int, int]) -> bytes:
        """The command with other numbers."""
        changed = bytearray(command)
        for index, value in values.items():
            self.file.shape.words(1).pack_into(changed, 4 * index, value)
        return bytes(changed)

    def replace(self, old: bytes, new: bytes) -> None:
        """Puts a command in the place of another."""
        self.commands[self.commands.index(old)] = new

    def text(self, command: bytes) -> str:
        """The string that a command ends in."""
        start = self.word(command, 2)
        return command[start:].partition(b"\0")[0].decode("utf-8", "surrogateescape")

    def with_text(self, command: bytes, text: str) -> bytes:
        """The command with another string, which is where the old one is."""
        start = self.word(command, 2)
        new = _padded(command[:start] + encode(self.file.name, text), self.file.shape.alignment)
        return self.set_words(new, {1: len(new)})

    def set_linkedit_end(self, end: int) -> None:
        """Makes `__LINKEDIT` end where the file is going to.

        Raises:
            RelocatableError: if another segment is in the way.
        """
        segment = linkedit(self.file)
        command = next(x for x in self.commands if self._is_segment(x, segment.name))
        size = end - segment.fileoff
        page = self.file.page_size
        # LLVM's linker leaves it unrounded.
        vmsize = size if segment.vmsize % page else -(-size // page) * page
        above = [x.vmaddr for x in self.file.segments if x.vmaddr > segment.vmaddr and x.vmsize]
        if above and segment.vmaddr + vmsize > min(above):
            raise NotEditableError(
                f"{self.file.name}: __LINKEDIT should grow to {vmsize} bytes, but at"
                f" {min(above):#x} is another segment; link the file anew"
            )
        shape = self.file.shape
        fields = list(shape.segment.unpack_from(command))
        fields[4], fields[6] = vmsize, size
        self.replace(command, shape.segment.pack(*fields) + command[shape.segment.size :])

    def fit(self) -> Iterator[Edit]:
        """Makes the commands fit in front of the first section, which takes what is no use.

        Raises:
            NotEditableError: if there is no room even so.
        """
        room = self.room_end - self.file.shape.header.size
        if sum(map(len, self.commands)) > room:
            self.commands = [self._compact(command) for command in self.commands]
        size = sum(map(len, self.commands))
        kept: list[bytes] = []
        for command in self.commands:
            name = self._useless(command) if size > room else None
            if name is None:
                kept.append(command)
            else:
                size -= len(command)
                yield Edit("load-command", name, None)
        self.commands = kept
        if size > room:
            raise NotEditableError(
                f"{self.file.name}: the load commands should take {size} bytes, but the first"
                f" section leaves room for {room}: {size - room} too few; use shorter names, or"
                " link the file with -headerpad_max_install_names"
            )

    def header(self) -> bytes:
        """The header, all commands, and zeros up to the first section."""
        shape = self.file.shape
        fields = list(shape.header.unpack_from(self.data))
        fields[4], fields[5] = len(self.commands), sum(map(len, self.commands))
        return (shape.header.pack(*fields) + b"".join(self.commands)).ljust(self.room_end, b"\0")

    def _useless(self, command: bytes) -> str | None:
        """The name of a command that nobody misses, or None."""
        kind = self.kind(command)
        if kind in _USELESS_IF_EMPTY and len(command) >= 16 and self.word(command, 3) == 0:
            return _USELESS_IF_EMPTY[kind]
        return _USELESS.get(kind)

    def _is_segment(self, command: bytes, name: str) -> bool:
        title = command[8:24].partition(b"\0")[0].decode("utf-8", "surrogateescape")
        return self.kind(command) in (c.LC_SEGMENT, c.LC_SEGMENT_64) and title == name

    def _compact(self, command: bytes) -> bytes:
        return (
            self.with_text(command, self.text(command))
            if self.kind(command) in _STRINGS
            else command
        )


def linkedit(file: MachO) -> Segment:
    """The segment with what the loader and the linker read; it has to be the end of the file.

    Raises:
        NotEditableError: if there is none, or something follows it.
    """
    found = file.segment("__LINKEDIT")
    if found is None:
        raise NotEditableError(
            f"{file.name}: to be signed or stripped, a file should have a segment __LINKEDIT;"
            " found none"
        )
    end = found.fileoff + found.filesize
    last = max(segment.fileoff + segment.filesize for segment in file.segments)
    if not end == last == file.size:
        raise NotEditableError(
            f"{file.name}: to be signed or stripped, a file should end with __LINKEDIT, which ends"
            f" at {end}; found {file.size} bytes: something is appended to it"
        )
    return found


def encode(name: str, text: str) -> bytes:
    """A string as load commands have it.

    Raises:
        RelocatableError: if it is empty, or has a zero inside.
    """
    if not text or "\0" in text:
        raise RelocatableError(
            f"{name}: a name or path should have characters and no zero, found {text!r}"
        )
    return text.encode("utf-8", "surrogateescape") + b"\0"


def string_command(image: Image, kind: int, text: str) -> bytes:
    """A new command that has nothing but a string, such as LC_RPATH."""
    shape = image.file.shape
    new = _padded(bytes(12) + encode(image.file.name, text), shape.alignment)
    return image.set_words(new, {0: kind, 1: len(new), 2: 12})


def _padded(command: bytes, alignment: int) -> bytes:
    return command.ljust(-(-len(command) // alignment) * alignment, b"\0")


_USELESS: Final = {
    # The version of Apple's project that the source is of: nothing reads it.
    c.LC_SOURCE_VERSION: "LC_SOURCE_VERSION",
}
_USELESS_IF_EMPTY: Final = {
    # That a table is empty is what its absence says too.
    c.LC_DATA_IN_CODE: "LC_DATA_IN_CODE",
    c.LC_SEGMENT_SPLIT_INFO: "LC_SEGMENT_SPLIT_INFO",
    c.LC_DYLIB_CODE_SIGN_DRS: "LC_DYLIB_CODE_SIGN_DRS",
    c.LC_FUNCTION_STARTS: "LC_FUNCTION_STARTS",
}


def _room_end(file: MachO, data: memoryview) -> int:
    """Where the padding behind the load commands ends."""
    starts = [file.size]
    for segment in file.segments:
        if segment.filesize and segment.fileoff:
            starts.append(segment.fileoff)
        elif segment.filesize and not segment.sections:
            starts.append(file.commands_end)
        starts += [
            x.offset
            for x in segment.sections
            if x.size and x.flags & c.SECTION_TYPE not in c.ZEROFILL
        ]
    first = min(starts)
    if first < file.commands_end:
        raise RelocatableError(
            f"{file.name}: damaged Mach-O file: the load commands end at {file.commands_end}, but"
            f" what they describe begins at {first}"
        )
    return _zeros_end(data, file.commands_end, first)


def _zeros_end(data: memoryview, start: int, end: int) -> int:
    """How far nothing but zeros follows: somebody may keep something behind the commands."""
    step = 1 << 16
    for at in range(start, end, step):
        chunk = bytes(data[at : min(at + step, end)])
        if rest := chunk.lstrip(b"\0"):
            return at + len(chunk) - len(rest)
    return end


def parts_of(data: memoryview, parts: Sequence[Part]) -> Iterator[memoryview | bytes]:
    """The bytes of parts, without a copy."""
    for part in parts:
        yield part if isinstance(part, bytes) else data[part[0] : part[1]]
