"""Names of the numbers in ELF files that this package looks at.

Source: System V gABI chapters 4 and 5, the GNU extensions in glibc's elf.h, and gnu-gabi.
"""

from typing import Final

ET_REL: Final = 1
ET_EXEC: Final = 2
ET_DYN: Final = 3

EM_386: Final = 3
EM_MIPS: Final = 8
EM_S390: Final = 22
EM_ARM: Final = 40
EM_X86_64: Final = 62
EM_AARCH64: Final = 183
EM_RISCV: Final = 243

MACHINES: Final = {
    EM_386: "EM_386",
    EM_MIPS: "EM_MIPS",
    20: "EM_PPC",
    21: "EM_PPC64",
    EM_S390: "EM_S390",
    EM_ARM: "EM_ARM",
    EM_X86_64: "EM_X86_64",
    EM_AARCH64: "EM_AARCH64",
    EM_RISCV: "EM_RISCV",
    258: "EM_LOONGARCH",
}

PT_NULL: Final = 0
PT_LOAD: Final = 1
PT_DYNAMIC: Final = 2
PT_INTERP: Final = 3
PT_NOTE: Final = 4
PT_PHDR: Final = 6
PT_GNU_STACK: Final = 0x6474E551
PT_GNU_RELRO: Final = 0x6474E552
PT_GNU_PROPERTY: Final = 0x6474E553

# Kernels and loaders find what these hold by the program header only.
MOVABLE_SEGMENTS: Final = frozenset({PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_GNU_PROPERTY})

PF_X: Final = 1
PF_W: Final = 2
PF_R: Final = 4

PN_XNUM: Final = 0xFFFF
SHN_UNDEF: Final = 0
SHN_LORESERVE: Final = 0xFF00
SHN_XINDEX: Final = 0xFFFF

SHT_NULL: Final = 0
SHT_PROGBITS: Final = 1
SHT_SYMTAB: Final = 2
SHT_STRTAB: Final = 3
SHT_RELA: Final = 4
SHT_HASH: Final = 5
SHT_DYNAMIC: Final = 6
SHT_NOTE: Final = 7
SHT_NOBITS: Final = 8
SHT_REL: Final = 9
SHT_DYNSYM: Final = 11
SHT_GROUP: Final = 17
SHT_SYMTAB_SHNDX: Final = 18
SHT_RELR: Final = 19
SHT_GNU_HASH: Final = 0x6FFFFFF6
SHT_GNU_VERDEF: Final = 0x6FFFFFFD
SHT_GNU_VERNEED: Final = 0x6FFFFFFE
SHT_GNU_VERSYM: Final = 0x6FFFFFFF

SHF_ALLOC: Final = 0x2
SHF_EXECINSTR: Final = 0x4
SHF_INFO_LINK: Final = 0x40
SHF_GROUP: Final = 0x200

STT_SECTION: Final = 3
STT_FILE: Final = 4

DT_NULL: Final = 0
DT_NEEDED: Final = 1
DT_PLTGOT: Final = 3
DT_HASH: Final = 4
DT_STRTAB: Final = 5
DT_SYMTAB: Final = 6
DT_RELA: Final = 7
DT_STRSZ: Final = 10
DT_SYMENT: Final = 11
DT_INIT: Final = 12
DT_FINI: Final = 13
DT_SONAME: Final = 14
DT_RPATH: Final = 15
DT_REL: Final = 17
DT_DEBUG: Final = 21
DT_JMPREL: Final = 23
DT_INIT_ARRAY: Final = 25
DT_FINI_ARRAY: Final = 26
DT_RUNPATH: Final = 29
DT_FLAGS: Final = 30
DT_PREINIT_ARRAY: Final = 32
DT_SYMTAB_SHNDX: Final = 34
DT_RELR: Final = 36
DT_RELRENT: Final = 37
DT_VALRNGLO: Final = 0x6FFFFD00
DT_VALRNGHI: Final = 0x6FFFFDFF
DT_GNU_HASH: Final = 0x6FFFFEF5
DT_TLSDESC_PLT: Final = 0x6FFFFEF6
DT_TLSDESC_GOT: Final = 0x6FFFFEF7
DT_CONFIG: Final = 0x6FFFFEFA
DT_DEPAUDIT: Final = 0x6FFFFEFB
DT_AUDIT: Final = 0x6FFFFEFC
DT_VERSYM: Final = 0x6FFFFFF0
DT_RELACOUNT: Final = 0x6FFFFFF9
DT_RELCOUNT: Final = 0x6FFFFFFA
DT_FLAGS_1: Final = 0x6FFFFFFB
DT_VERDEF: Final = 0x6FFFFFFC
DT_VERDEFNUM: Final = 0x6FFFFFFD
DT_VERNEED: Final = 0x6FFFFFFE
DT_VERNEEDNUM: Final = 0x6FFFFFFF
DT_MIPS_RLD_MAP_REL: Final = 0x70000035
DT_AUXILIARY: Final = 0x7FFFFFFD
DT_FILTER: Final = 0x7FFFFFFF

# Entries whose value is an address in the loaded file.
ADDRESS_TAGS: Final = frozenset(
    {
        *(DT_PLTGOT, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_INIT, DT_FINI, DT_REL, DT_JMPREL),
        *(DT_INIT_ARRAY, DT_FINI_ARRAY, DT_PREINIT_ARRAY, DT_SYMTAB_SHNDX, DT_RELR, DT_GNU_HASH),
        *(DT_TLSDESC_PLT, DT_TLSDESC_GOT, DT_VERSYM, DT_VERDEF, DT_VERNEED),
    }
)

# Entries whose value is known not to be an offset into the string table. An entry that is in
# neither table is taken for a string: then nothing that it may point at is overwritten.
NUMBER_TAGS: Final = ADDRESS_TAGS | frozenset(
    {
        *(2, 8, 9, DT_STRSZ, DT_SYMENT, 16, 18, 19, 20, DT_DEBUG, 22, 24, 27, 28, DT_FLAGS, 33, 35),
        *(DT_RELRENT, *range(DT_VALRNGLO, DT_VALRNGHI + 1)),
        *(DT_RELACOUNT, DT_RELCOUNT, DT_FLAGS_1, DT_VERDEFNUM, DT_VERNEEDNUM),
    }
)

NT_GNU_BUILD_ID: Final = 3

DF_1_NODEFLIB: Final = 0x800
DF_1_PIE: Final = 0x08000000
