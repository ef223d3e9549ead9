"""Builds tiny dynamic ELF files by hand, in the way that linkers lay them out.

    ELF header, program headers, [.lead], [.interp], [.note.gnu.build-id], .gnu.hash, .dynsym,
    .dynstr, .gnu.version, .gnu.version_r, .rela.dyn, [.text] | padding | .dynamic |
    [.symtab, .strtab], .shstrtab, section headers | [payload]

The section headers may also stand behind the program headers or .dynstr.

The first segment is read-only, the second (with .dynamic, and .bss if wanted) is writable.
"""

import struct
from dataclasses import dataclass, field

ET_EXEC, ET_DYN = 2, 3
EM_386, EM_MIPS, EM_X86_64, EM_AARCH64 = 3, 8, 62, 183

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR = 1, 2, 3, 4, 6
PT_GNU_STACK = 0x6474E551

DT_NEEDED, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_SONAME, DT_RPATH = 1, 5, 6, 10, 11, 14, 15
DT_RELA, DT_RELASZ, DT_RELAENT = 7, 8, 9
DT_RUNPATH, DT_FLAGS_1, DT_GNU_HASH = 29, 0x6FFFFFFB, 0x6FFFFEF5
DT_VERSYM, DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF

SHT_PROGBITS, SHT_STRTAB, SHT_RELA, SHT_DYNAMIC, SHT_NOBITS, SHT_DYNSYM = 1, 3, 4, 6, 8, 11
SHT_SYMTAB, SHT_NOTE = 2, 7
SHT_GNU_HASH, SHT_GNU_VERNEED, SHT_GNU_VERSYM = 0x6FFFFFF6, 0x6FFFFFFE, 0x6FFFFFFF

DF_1_PIE = 0x08000000


@dataclass
class ElfBuilder:
    """What the file is to be; `build` makes it.

    Attributes:
        bits: 32 or 64.
        little: byte order.
        machine: `e_machine`.
        type: `ET_DYN` or `ET_EXEC`.
        interpreter: of a program; None for a library.
        needed: DT_NEEDED.
        soname: DT_SONAME.
        rpath: DT_RPATH.
        runpath: DT_RUNPATH.
        symbols: names of dynamic symbols. One that ends with the RUNPATH shares its bytes.
        versions: required versions by library.
        shared_tail: names the RUNPATH as the tail of this symbol, as linkers do.
        sections: whether there are section headers.
        spare: how many DT_NULL follow the one that ends the dynamic section.
        padding: whether the second segment begins at its own page of the file (GNU ld), or
            right after the first one (lld).
        code: bytes that follow the tables and can't move.
        bss: bytes of memory after the second segment.
        page: alignment of the segments.
        flags_1: DT_FLAGS_1, left out if 0.
        lead: bytes right after the program headers that can't move.
        build_id: of a note; None for no note.
        stack: flags of PT_GNU_STACK; None for no such header.
        symtab: whether there is a symbol table, which has `_DYNAMIC`.
        more: further dynamic entries.
        headers: where the section headers stand: at the end ("end"), right behind the program
            headers ("front"; Go's linker), or behind the string table ("strings").
        payload: bytes after the end of the ELF file.
    """

    bits: int = 64
    little: bool = True
    machine: int = EM_X86_64
    type: int = ET_DYN
    interpreter: str | None = None
    needed: tuple[str, ...] = ("libc.so.6",)
    soname: str | None = "libtiny.so.1"
    rpath: str | None = None
    runpath: str | None = None
    symbols: tuple[str, ...] = ("malloc", "tiny")
    versions: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.14")}
    )
    shared_tail: str | None = None
    sections: bool = True
    spare: int = 5
    padding: bool = True
    code: bytes = b""
    bss: int = 0
    page: int = 0x1000
    flags_1: int = 0
    lead: bytes = b""
    build_id: bytes | None = None
    stack: int | None = 4
    symtab: bool = False
    more: tuple[tuple[int, int], ...] = ()
    headers: str = "end"
    payload: bytes = b""

    def build(self) -> bytes:
        """The bytes of the file."""
        made = _Build(self)
        if self.headers != "end":  # Now it is known how many there are.
            made = _Build(self, reserved=made.headers_size)
        return bytes(made.file) + self.payload


class _Build:
    """The file under construction; every table notes its section header."""

    def __init__(self, spec: ElfBuilder, reserved: int = 0) -> None:
        self.spec = spec
        self.reserved = reserved
        self.headers_at = 0
        self.headers_size = 0
        self.order = "<" if spec.little else ">"
        self.word = "Q" if spec.bits == 64 else "I"
        self.base = 0x400000 if spec.type == ET_EXEC else 0
        self.strings = bytearray(b"\0")
        self.headers: list[tuple[str, int, int, int, int, int, int, int]] = []
        self.file = bytearray()
        self._write()

    def pack(self, layout: str, *values: int) -> bytes:
        """Packs with the file's byte order; `W` is a word of its class."""
        return struct.pack(self.order + layout.replace("W", self.word), *values)

    def name(self, text: str) -> int:
        """Offset of a string in .dynstr, which gets it."""
        offset = len(self.strings)
        self.strings += text.encode() + b"\0"
        return offset

    def add(self, name: str, kind: int, content: bytes, link: int = 0, align: int = 8) -> int:
        """Appends a table and notes its header; its file offset."""
        self.file += bytes(-len(self.file) % align)
        offset = len(self.file)
        self.headers.append((name, kind, 2, offset, offset, len(content), link, align))
        self.file += content
        return offset

    def _reserve(self, place: str) -> None:
        """Leaves room for the section headers, if this is their place."""
        if self.spec.headers == place:
            self.file += bytes(-len(self.file) % (self.spec.bits // 8))
            self.headers_at = len(self.file)
            self.file += bytes(self.reserved)

    def _write(self) -> None:
        spec = self.spec
        ehdr_size, phdr_size = (64, 56) if spec.bits == 64 else (52, 32)
        kinds = [PT_LOAD, PT_LOAD, PT_DYNAMIC]
        kinds += [PT_GNU_STACK] if spec.stack is not None else []
        kinds += [PT_NOTE] if spec.build_id is not None else []
        if spec.interpreter is not None:
            kinds = [PT_PHDR, PT_INTERP, *kinds]
        self.file += bytes(ehdr_size + len(kinds) * phdr_size)
        self._reserve("front")

        symbols = [self.name(text) for text in spec.symbols]
        entries = [(DT_NEEDED, self.name(text)) for text in spec.needed]
        if spec.soname is not None:
            entries.append((DT_SONAME, self.name(spec.soname)))
        for tag, path in ((DT_RPATH, spec.rpath), (DT_RUNPATH, spec.runpath)):
            if path is not None and spec.shared_tail is not None:
                symbols.append(self.name(spec.shared_tail))
                entries.append((tag, symbols[-1] + len(spec.shared_tail) - len(path)))
            elif path is not None:
                entries.append((tag, self.name(path)))
        versions = self._versions()

        if spec.lead:
            self.add(".lead", SHT_PROGBITS, spec.lead, align=1)
        interp = note = (0, 0)
        if spec.interpreter is not None:
            content = spec.interpreter.encode() + b"\0"
            interp = (self.add(".interp", SHT_PROGBITS, content, align=1), len(content))
        if spec.build_id is not None:
            content = self.pack("III", 4, len(spec.build_id), 3) + b"GNU\0" + spec.build_id
            at = self.add(".note.gnu.build-id", SHT_NOTE, content, align=4)
            note = (at, len(content))
        first = len(self.headers) + 1  # Section number of .gnu.hash.
        dynsym, dynstr = first + 1, first + 2
        gnu_hash = self.pack("IIII", 1, len(symbols) + 1, 1, 0) + self.pack("WI", 0, 0)
        tables = [(DT_GNU_HASH, self.add(".gnu.hash", SHT_GNU_HASH, gnu_hash, dynsym))]
        layout = "IBBHWW" if spec.bits == 64 else "IIIBBH"
        table = self.pack(layout, 0, 0, 0, 0, 0, 0)
        for name in symbols:  # Global and undefined.
            table += self.pack(
                layout, name, *((0x10, 0, 0, 0, 0) if spec.bits == 64 else (0, 0, 0x10, 0, 0))
            )
        tables.append((DT_SYMTAB, self.add(".dynsym", SHT_DYNSYM, table, dynstr)))
        strtab = self.add(".dynstr", SHT_STRTAB, bytes(self.strings), align=1)
        tables += [(DT_STRTAB, strtab), (DT_STRSZ, len(self.strings))]
        self._reserve("strings")
        if versions:
            versym = self.pack(f"{len(symbols) + 1}H", *[1] * (len(symbols) + 1))
            tables += [
                (DT_VERSYM, self.add(".gnu.version", SHT_GNU_VERSYM, versym, dynsym, align=2)),
                (DT_VERNEED, self.add(".gnu.version_r", SHT_GNU_VERNEED, versions, dynstr)),
                (DT_VERNEEDNUM, len(spec.versions)),
            ]
        rela = self.pack("WWW", 0, 0, 0)
        tables.append((DT_RELA, self.add(".rela.dyn", SHT_RELA, rela, dynsym)))
        tables += [(DT_RELASZ, len(rela)), (DT_RELAENT, len(rela))]
        if spec.code:
            self.add(".text", SHT_PROGBITS, spec.code, align=16)
        first_end = len(self.file)

        if spec.padding:
            self.file += bytes(-len(self.file) % spec.page)
        else:
            self.file += bytes(-len(self.file) % 8)
        # Without padding, the page of the file that both segments share is mapped twice.
        shift = self.base + (0 if spec.padding else spec.page)
        numbers = {DT_STRSZ, DT_VERNEEDNUM, DT_RELASZ, DT_RELAENT}
        entries += [(tag, value if tag in numbers else self.base + value) for tag, value in tables]
        entries.append((DT_SYMENT, 24 if spec.bits == 64 else 16))
        if spec.flags_1:
            entries.append((DT_FLAGS_1, spec.flags_1))
        entries += spec.more
        entries += [(0, 0)] * (1 + spec.spare)
        content = b"".join(self.pack("WW", *entry) for entry in entries)
        dynamic = self.add(".dynamic", SHT_DYNAMIC, content, dynstr)
        end = len(self.file)

        ranges = {
            PT_PHDR: (ehdr_size, len(kinds) * phdr_size, self.base),
            PT_INTERP: (*interp, self.base),
            PT_DYNAMIC: (dynamic, len(content), shift),
            PT_NOTE: (*note, self.base),
            PT_GNU_STACK: (0, 0, 0),
        }
        loads = iter([(0, first_end, self.base, 0), (dynamic, end - dynamic, shift, spec.bss)])
        phdrs = b""
        for kind in kinds:
            extra = 0
            if kind == PT_LOAD:
                start, size, distance, extra = next(loads)
            else:
                start, size, distance = ranges[kind]
            flags = 4 if kind != PT_LOAD or start == 0 else 6
            align = {PT_LOAD: spec.page, PT_NOTE: 4, PT_INTERP: 1}.get(kind, 8)
            if kind == PT_GNU_STACK:
                flags = spec.stack or 0
            address = start + distance
            if spec.bits == 64:
                values = (kind, flags, start, address, address, size, size + extra, align)
            else:
                values = (kind, start, address, address, size, size + extra, flags, align)
            phdrs += self.pack("IIWWWWWW" if spec.bits == 64 else "IIIIIIII", *values)
        self.file[ehdr_size : ehdr_size + len(phdrs)] = phdrs
        shoff, shnum = self._section_headers(shift) if spec.sections else (0, 0)
        ident = bytes([127, 69, 76, 70, spec.bits // 32, 2 - spec.little, 1]).ljust(16, b"\0")
        self.file[:ehdr_size] = ident + self.pack(
            "HHIWWWIHHHHHH",
            *(spec.type, spec.machine, 1, 0, ehdr_size, shoff, 0, ehdr_size, phdr_size),
            *(len(kinds), 64 if spec.bits == 64 else 40, shnum, shnum - 1 if shnum else 0),
        )

    def _versions(self) -> bytes:
        """The version requirements."""
        content = b""
        for last, (library, names) in enumerate(self.spec.versions.items(), 1):
            step = 0 if last == len(self.spec.versions) else 16 + 16 * len(names)
            content += self.pack("HHIII", 1, len(names), self.name(library), 16, step)
            for index, name in enumerate(names, 1):
                following = 16 if index < len(names) else 0
                content += self.pack("IHHII", 0, 0, index + 1, self.name(name), following)
        return content

    def _symbols(self, shift: int) -> None:
        """Adds .symtab and .strtab; the first symbol is the address of the dynamic section."""
        number = next(i for i, row in enumerate(self.headers, 1) if row[0] == ".dynamic")
        address = self.headers[number - 1][3] + shift
        wide = self.spec.bits == 64
        table = self.pack("IBBHWW", 0, 0, 0, 0, 0, 0) if wide else bytes(16)
        if wide:
            table += self.pack("IBBHWW", 1, 1, 2, number, address, 0)
        else:
            table += self.pack("IIIBBH", 1, address, 0, 1, 2, number)
        for name, kind, content, link in (
            (".symtab", SHT_SYMTAB, table, len(self.headers) + 2),
            (".strtab", SHT_STRTAB, b"\0_DYNAMIC\0", 0),
        ):
            self.file += bytes(-len(self.file) % 8)
            at = len(self.file)
            self.headers.append((name, kind, 0, 0, at, len(content), link, 8))
            self.file += content

    def _section_headers(self, shift: int) -> tuple[int, int]:
        """Appends .shstrtab and the section headers; their offset and number."""
        names = bytearray(b"\0")
        rows = [(0, 0, 0, 0, 0, 0, 0, 0)]
        if self.spec.bss:
            end = len(self.file)
            self.headers.append((".bss", SHT_NOBITS, 3, end, end, self.spec.bss, 0, 1))
        if self.spec.symtab:
            self._symbols(shift)
        at = len(self.file)
        self.headers.append((".shstrtab", SHT_STRTAB, 0, 0, at, 0, 0, 1))
        for name, kind, flags, start, offset, size, link, align in self.headers:
            where = len(names)
            names += name.encode() + b"\0"
            distance = shift if name in (".dynamic", ".bss") else self.base
            address = start + distance if flags else 0
            rows.append((where, kind, flags, address, offset, size, link, align))
        rows[-1] = (*rows[-1][:5], len(names), *rows[-1][6:])
        self.file += names
        word = self.spec.bits // 8
        symbol_size = 3 * word if word == 8 else 16
        entry_sizes = {
            SHT_SYMTAB: symbol_size,
            SHT_DYNSYM: symbol_size,
            SHT_GNU_VERSYM: 2,
            SHT_RELA: 3 * word,
            SHT_DYNAMIC: 2 * word,
        }
        table = b""
        for where, kind, flags, address, offset, size, link, align in rows:
            info = {SHT_SYMTAB: 2, SHT_DYNSYM: 1, SHT_GNU_VERNEED: len(self.spec.versions)}.get(
                kind, 0
            )
            entry = entry_sizes.get(kind, 0)
            row = (where, kind, flags, address, offset, size, link, info, align, entry)
            table += self.pack("IIWWWWIIWW", *row)
        self.headers_size = len(table)
        shoff = self.headers_at
        if self.reserved:
            self.file[shoff : shoff + len(table)] = table
        else:
            self.file += bytes(-len(self.file) % 8)
            shoff = len(self.file)
            self.file += table
        return shoff, len(rows)
