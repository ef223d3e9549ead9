"""Builds tiny shared objects with symbols, hash tables and versions, which real loaders load.

    ELF header, program headers, [interpreter], hash tables, symbols, strings, versions, dynamic

Everything is in one writable segment, and there are no section headers unless asked for. For the
layouts that linkers make, see `support.elf_builder`.
"""

import struct
from dataclasses import dataclass, field

from support.elf_builder import DF_1_PIE, EM_X86_64, ET_DYN

DF_1_NODEFLIB = 0x800
DT_AUXILIARY, DT_FILTER = 0x7FFFFFFD, 0x7FFFFFFF
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_HASH, _STRTAB, _SYMTAB, _STRSZ, _SYMENT = 4, 5, 6, 10, 11
_NEEDED, _SONAME, _RPATH, _RUNPATH = 1, 14, 15, 29
_GNU_HASH, _VERSYM, _FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFB
_VERDEF, _VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
_BUCKETS = 3


@dataclass
class SharedObject:
    """What the file is to be; `build` makes it.

    Attributes:
        bits: 32 or 64.
        little: byte order.
        machine: `e_machine`.
        type: `e_type`.
        interpreter: of a program, None for a library.
        soname: DT_SONAME.
        needed: DT_NEEDED.
        filters: DT_AUXILIARY and DT_FILTER, as (tag, name), before the needed ones.
        rpath: DT_RPATH.
        runpath: DT_RUNPATH.
        flags_1: DT_FLAGS_1.
        defines: symbols that it has, with their version or "".
        wants: symbols that it wants, with (library, version) or None; a leading `?` means weak.
        provides: versions that it defines, besides those of `defines`.
        requires: versions that it requires, besides those of `wants`; a leading `?` means weak.
        sysv_hash: whether it has DT_HASH.
        gnu_hash: whether it has DT_GNU_HASH.
        sections: whether a section header tells the number of symbols.
    """

    bits: int = 64
    little: bool = True
    machine: int = EM_X86_64
    type: int = ET_DYN
    interpreter: str | None = None
    soname: str | None = None
    needed: tuple[str, ...] = ()
    filters: tuple[tuple[int, str], ...] = ()
    rpath: str | None = None
    runpath: str | None = None
    flags_1: int = 0
    defines: dict[str, str] = field(default_factory=dict)
    wants: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    provides: tuple[str, ...] = ()
    requires: tuple[tuple[str, str], ...] = ()
    sysv_hash: bool = False
    gnu_hash: bool = True
    sections: bool = False

    def build(self) -> bytes:
        """The bytes of the file."""
        return bytes(_Build(self).file)


def program(**more: object) -> SharedObject:
    """A program that a kernel would start."""
    given = {"interpreter": "/lib64/ld-linux-x86-64.so.2", "flags_1": DF_1_PIE} | more
    return SharedObject(**given)  # type: ignore[arg-type]


def gnu_hash(name: str) -> int:
    """The hash of DT_GNU_HASH."""
    value = 5381
    for byte in name.encode():
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def sysv_hash(name: str) -> int:
    """The hash of DT_HASH and of versions."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        value = (value ^ (value >> 24 & 0xF0)) & 0x0FFFFFFF
    return value


class _Build:
    """The file under construction."""

    def __init__(self, spec: SharedObject) -> None:
        self.spec = spec
        self.strings = bytearray(b"\0")
        self.dynamic: list[tuple[int, int]] = []
        self.file = bytearray()
        self.defined = sorted(spec.defines, key=lambda name: gnu_hash(name) % _BUCKETS)
        self.provided = list(dict.fromkeys([*filter(None, spec.defines.values()), *spec.provides]))
        wanted = [version for version in spec.wants.values() if version is not None]
        self.required = list(dict.fromkeys([*wanted, *spec.requires]))
        self._write()

    def pack(self, layout: str, *values: int) -> bytes:
        """Packs with the file's byte order; `W` is a word of its class."""
        word = "Q" if self.spec.bits == 64 else "I"
        return struct.pack(("<" if self.spec.little else ">") + layout.replace("W", word), *values)

    def name(self, text: str) -> int:
        """Offset of a string that the table gets."""
        self.strings += text.encode("utf-8", "surrogateescape") + b"\0"
        return len(self.strings) - len(text.encode("utf-8", "surrogateescape")) - 1

    def add(self, content: bytes, tag: int | None = None) -> int:
        """Appends a table, which a dynamic entry may name; where it is."""
        self.file += bytes(-len(self.file) % 8)
        at = len(self.file)
        self.file += content
        if tag is not None:
            self.dynamic.append((tag, at))
        return at

    def _write(self) -> None:
        spec = self.spec
        header, phdr = (64, 56) if spec.bits == 64 else (52, 32)
        kinds = [_PT_LOAD, _PT_DYNAMIC] + [_PT_INTERP] * (spec.interpreter is not None)
        self.file += bytes(header + len(kinds) * phdr)
        places = {}
        if spec.interpreter is not None:
            content = spec.interpreter.encode() + b"\0"
            places[_PT_INTERP] = self.add(content), len(content)
        self.dynamic += [(tag, self.name(text)) for tag, text in spec.filters]
        self.dynamic += [(_NEEDED, self.name(text)) for text in spec.needed]
        for tag, path in ((_SONAME, spec.soname), (_RPATH, spec.rpath), (_RUNPATH, spec.runpath)):
            if path is not None:
                self.dynamic.append((tag, self.name(path)))
        if spec.flags_1:
            self.dynamic.append((_FLAGS_1, spec.flags_1))
        symtab, size = self._symbols()
        self.add(bytes(self.strings), _STRTAB)
        self.dynamic.append((_STRSZ, len(self.strings)))
        content = b"".join(self.pack("WW", *entry) for entry in [*self.dynamic, (0, 0)])
        places[_PT_DYNAMIC] = self.add(content), len(content)
        shoff = 0
        if spec.sections:
            entry = (0, 11, 2, symtab, symtab, size, 0, 1, 8, spec.bits * 3 // 8)
            shoff = self.add(self.pack("IIWWWWIIWW", *entry))
        places[_PT_LOAD] = 0, len(self.file)
        phdrs = b""
        for kind in kinds:
            at, length = places[kind]
            align = 0x1000 if kind == _PT_LOAD else 8
            if spec.bits == 64:
                phdrs += self.pack("IIWWWWWW", kind, 6, at, at, at, length, length, align)
            else:
                phdrs += self.pack("IIIIIIII", kind, at, at, at, length, length, 6, align)
        ident = bytes([127, 69, 76, 70, spec.bits // 32, 2 - spec.little, 1]).ljust(16, b"\0")
        ehdr = (spec.type, spec.machine, 1, 0, header, shoff, 0, header, phdr, len(kinds))
        section = 64 if spec.bits == 64 else 40
        self.file[: header + len(phdrs)] = (
            ident + self.pack("HHIWWWIHHHHHH", *ehdr, section, bool(shoff), 0) + phdrs
        )

    def _symbols(self) -> tuple[int, int]:
        """Adds symbols, hash tables and versions; where the symbols are, and their size."""
        spec = self.spec
        number = {version: index for index, version in enumerate(self.provided, 2)}
        first = 2 + len(self.provided)
        required = {version: index for index, version in enumerate(self.required, first)}
        table, versions = self._symbol(0, 0, 0), [0]
        for name, version in spec.wants.items():
            plain = name.removeprefix("?")
            table += self._symbol(self.name(plain), 0x20 if plain != name else 0x10, 0)
            versions.append(1 if version is None else required[version])
        for name in self.defined:
            table += self._symbol(self.name(name), 0x10, 0xFFF1)
            versions.append(number.get(spec.defines[name], 1))
        symtab = self.add(table, _SYMTAB)
        self.dynamic.append((_SYMENT, 24 if spec.bits == 64 else 16))
        if spec.gnu_hash:
            self.add(self._gnu_hash(), _GNU_HASH)
        if spec.sysv_hash:
            self.add(self._sysv_hash(), _HASH)
        if self.required or self.provided:
            self.add(self.pack(f"{len(versions)}H", *versions), _VERSYM)
        if self.required:
            self._requirements(required)
        if self.provided:
            self._definitions()
        return symtab, len(table)

    def _symbol(self, name: int, info: int, section: int) -> bytes:
        if self.spec.bits == 64:
            return self.pack("IBBHWW", name, info, 0, section, 0, 0)
        return self.pack("IIIBBH", name, 0, 0, info, 0, section)

    def _gnu_hash(self) -> bytes:
        first = 1 + len(self.spec.wants)
        hashes = [gnu_hash(name) for name in self.defined]
        buckets = [0] * _BUCKETS
        for index, value in reversed(list(enumerate(hashes))):
            buckets[value % _BUCKETS] = first + index
        last = {value % _BUCKETS: index for index, value in enumerate(hashes)}
        chain = [
            value & ~1 | (last[value % _BUCKETS] == index) for index, value in enumerate(hashes)
        ]
        bloom = self.pack("W", (1 << self.spec.bits) - 1)
        head = self.pack("IIII", _BUCKETS, first, 1, 0)
        return head + bloom + self.pack(f"{_BUCKETS + len(chain)}I", *buckets, *chain)

    def _sysv_hash(self) -> bytes:
        names = ["", *(name.removeprefix("?") for name in self.spec.wants), *self.defined]
        buckets, chain = [0] * _BUCKETS, [0] * len(names)
        for index, name in enumerate(names[1:], 1):
            at = sysv_hash(name) % _BUCKETS
            chain[index], buckets[at] = buckets[at], index
        return self.pack(f"{2 + _BUCKETS + len(names)}I", _BUCKETS, len(names), *buckets, *chain)

    def _requirements(self, numbers: dict[tuple[str, str], int]) -> None:
        libraries: dict[str, list[tuple[str, int]]] = {}
        for (library, version), number in numbers.items():
            libraries.setdefault(library, []).append((version, number))
        content = b""
        for left, (library, versions) in zip(
            reversed(range(len(libraries))), libraries.items(), strict=True
        ):
            step = 16 + 16 * len(versions) if left else 0
            content += self.pack("HHIII", 1, len(versions), self.name(library), 16, step)
            for index, (version, number) in enumerate(versions, 1):
                plain = version.removeprefix("?")
                flags = 2 if plain != version else 0
                following = 16 if index < len(versions) else 0
                content += self.pack(
                    "IHHII", sysv_hash(plain), flags, number, self.name(plain), following
                )
        self.add(content, _VERNEED)
        self.dynamic.append((_VERNEED + 1, len(libraries)))

    def _definitions(self) -> None:
        names = [self.spec.soname or "base", *self.provided]
        content = b""
        for number, name in enumerate(names, 1):
            following = 28 if number < len(names) else 0
            base = number == 1
            content += self.pack("HHHHIII", 1, base, number, 1, sysv_hash(name), 20, following)
            content += self.pack("II", self.name(name), 0)
        self.add(content, _VERDEF)
        self.dynamic.append((_VERDEF + 1, len(names)))
