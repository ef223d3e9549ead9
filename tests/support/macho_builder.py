"""Builds tiny Mach-O files, as linkers lay them out."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

X86_64: Final = (0x0100_0007, 3)
ARM64: Final = (0x0100_000C, 0)
ARM64E: Final = (0x0100_000C, 0x8000_0002)
I386: Final = (7, 3)
EXECUTE, DYLIB, BUNDLE, OBJECT = 2, 6, 8, 1

LOAD, WEAK, REEXPORT, LAZY, UPWARD = 0xC, 0x8000_0018, 0x8000_001F, 0x20, 0x8000_0023

_PAGES: Final = {X86_64: 0x1000, I386: 0x1000}
_HAS_64: Final = 0x0100_0000


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """An entry of the symbol table: `kind` is `n_type`."""

    name: bytes
    kind: int = 0x0F
    description: int = 0
    value: int = 0

    @property
    def section(self) -> int:
        """The first section for what is defined."""
        return 1 if self.kind & 0xEE == 0x0E else 0


STABS: Final = (
    Symbol(name=b"/build/secret/", kind=0x64),
    Symbol(name=b"a.c", kind=0x64),
    Symbol(name=b"/build/secret/a.o", kind=0x66),
    Symbol(name=b"", kind=0x64),
)
LOCALS: Final = (Symbol(name=b"_local", kind=0x0E), Symbol(name=b"_stubbed", kind=0x0E))
EXTERNALS: Final = (Symbol(name=b"_entry"), Symbol(name=b"_exported"))
UNDEFINED: Final = (Symbol(name=b"_malloc", kind=0x01), Symbol(name=b"_printf", kind=0x01))


@dataclass(frozen=True, slots=True, kw_only=True)
class MachOBuilder:
    """A file that is linked: `__TEXT` with one section, `__DATA`, `__LINKEDIT`."""

    cpu: tuple[int, int] = ARM64
    type: int = DYLIB
    order: str = "<"
    install_name: str | None = "/install/lib/libtiny.dylib"
    dylibs: Sequence[tuple[int, str]] = ((LOAD, "/usr/lib/libSystem.B.dylib"),)
    rpaths: Sequence[str] = ()
    pad: int = 512
    text: bytes = b"\x90" * 100
    data: bytes = b"data" * 10
    symbols: Sequence[Sequence[Symbol]] = ((*STABS, *LOCALS), EXTERNALS, UNDEFINED)
    indirect: Sequence[int] = (8, 5, 0x8000_0000)
    info_plist: bytes = b""
    source_version: bool = True
    environment: Sequence[str] = ()
    encrypted: int | None = None
    dylinker: str | None = None

    @property
    def wide(self) -> bool:
        """Whether pointers have 64 bits."""
        return bool(self.cpu[0] & _HAS_64)

    def build(self) -> bytes:
        """The file."""
        text_at, _ = self._build(0)
        return self._build(text_at)[1]

    def _build(self, text_at: int) -> tuple[int, bytes]:
        page = _PAGES.get(self.cpu, 0x4000)
        info_at = text_at + len(self.text)
        text_end = -(-max(info_at + len(self.info_plist), 1) // page) * page
        data_end = text_end + page
        tables, linkedit = self._linkedit(data_end)
        info = [("__info_plist", info_at, self.info_plist)] if self.info_plist else []
        commands = [
            self._segment("__TEXT", 0, text_end, [("__text", text_at, self.text), *info]),
            self._segment("__DATA", text_end, page, [("__data", text_end, self.data)]),
            self._segment("__LINKEDIT", data_end, len(linkedit), []),
            *tables,
            *self._named(),
        ]
        words = 8 if self.wide else 7
        magic = 0xFEEDFACF if self.wide else 0xFEEDFACE
        size = sum(map(len, commands))
        fields = (magic, *self.cpu, self.type, len(commands), size, 0x85, 0)
        head = struct.pack(f"{self.order}{words}I", *fields[:words]) + b"".join(commands)
        wanted = -(-(len(head) + self.pad) // 4) * 4
        text = head.ljust(text_at, b"\0") + self.text + self.info_plist
        whole = text.ljust(text_end, b"\0") + self.data.ljust(page, b"\0") + linkedit
        return wanted, whole

    def _named(self) -> list[bytes]:
        commands = [self._words(0x1B, *range(4)), self._words(0x32, 1, 0xB0000, 0xE0500, 0)]
        if self.source_version:
            commands.append(self._words(0x2A, 0, 0))
        if self.install_name is not None and self.type == DYLIB:
            commands.append(self._text(0xD, (1, 0x10203, 0x10000), self.install_name))
        if self.dylinker is not None:
            commands.append(self._text(0xE, (), self.dylinker))
        commands += [self._text(kind, (2, 0x50100, 0x10000), name) for kind, name in self.dylibs]
        commands += [self._text(0x8000_001C, (), path) for path in self.rpaths]
        commands += [self._text(0x27, (), path) for path in self.environment]
        if self.encrypted is not None:
            commands.append(self._words(0x2C, 0x4000, 0x4000, self.encrypted, 0))
        return commands

    def _linkedit(self, start: int) -> tuple[list[bytes], bytes]:
        strings = bytearray(b" \0")
        symbols = b""
        nlist = struct.Struct(self.order + ("IBBHQ" if self.wide else "IBBHI"))
        for symbol in (symbol for group in self.symbols for symbol in group):
            place = len(strings) if symbol.name else 1
            strings += symbol.name + b"\0" if symbol.name else b""
            symbols += nlist.pack(
                *(place, symbol.kind, symbol.section, symbol.description, symbol.value)
            )
        strings += bytes(-len(strings) % 8)
        starts = b"\x80\x20\0\0\0\0\0\0"
        indirect = struct.pack(f"{self.order}{len(self.indirect)}I", *self.indirect)
        indirect_padded = indirect + bytes(-len(indirect) % 8)
        parts = [starts, symbols, indirect_padded, bytes(strings)]
        places = [start + sum(map(len, parts[:index])) for index in range(len(parts))]
        counts = [len(group) for group in self.symbols]
        groups = [
            number for index, count in enumerate(counts) for number in (sum(counts[:index]), count)
        ]
        commands = [
            self._words(0x26, places[0], len(starts)),
            self._words(0x29, places[1], 0),
            self._words(0x2, places[1], sum(counts), places[3], len(strings)),
            self._words(0xB, *groups, *(0,) * 6, places[2], len(self.indirect), *(0,) * 4),
        ]
        return commands, b"".join(parts)

    def _segment(
        self, name: str, start: int, size: int, sections: Sequence[tuple[str, int, bytes]]
    ) -> bytes:
        page = _PAGES.get(self.cpu, 0x4000)
        address = "Q" if self.wide else "I"
        vmsize = -(-size // page) * page
        body = struct.pack(
            f"{self.order}16s4{address}4I",
            *(name.encode(), start, vmsize, start, size, 7, 5, len(sections), 0),
        )
        for title, at, found in sections:
            rest = (at, 2, 0, 0, 0, 0, 0, 0)[: 8 if self.wide else 7]
            body += struct.pack(
                f"{self.order}16s16s2{address}{len(rest)}I",
                *(title.encode(), name.encode(), at, len(found), *rest),
            )
        kind = 0x19 if self.wide else 0x1
        return struct.pack(self.order + "2I", kind, 8 + len(body)) + body

    def _words(self, kind: int, *values: int) -> bytes:
        return struct.pack(f"{self.order}{2 + len(values)}I", kind, 8 + 4 * len(values), *values)

    def _text(self, kind: int, values: Sequence[int], text: str) -> bytes:
        start = 12 + 4 * len(values)
        raw = text.encode("utf-8", "surrogateescape") + b"\0"
        size = -(-(start + len(raw)) // 8) * 8
        head = struct.pack(f"{self.order}{3 + len(values)}I", kind, size, start, *values)
        return (head + raw).ljust(size, b"\0")


def universal(files: Sequence[tuple[tuple[int, int], bytes]], *, wide: bool = False) -> bytes:
    """A file for several machines, each at a multiple of 16 KiB."""
    magic, entry = (0xCAFEBABF, ">2I2Q2I") if wide else (0xCAFEBABE, ">5I")
    head = struct.pack(">2I", magic, len(files))
    at = 0x4000
    body = b""
    for (cpu, subtype), data in files:
        rest = (0,) if wide else ()
        head += struct.pack(entry, cpu, subtype, at, len(data), 14, *rest)
        body += data + bytes(-len(data) % 0x4000)
        at = 0x4000 + len(body)
    return head.ljust(0x4000, b"\0") + body.rstrip(b"\0").ljust(_end(files), b"\0")


def _end(files: Sequence[tuple[tuple[int, int], bytes]]) -> int:
    padded = sum(-(-len(data) // 0x4000) * 0x4000 for _, data in files[:-1])
    return padded + len(files[-1][1])
