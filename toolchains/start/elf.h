// What the start reads and writes of ELF files and of the auxiliary vector, for 64 bits: see elf(5).

#pragma once

enum { PT_NULL = 0, PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

enum {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_EXECFN = 31,
};

struct elf_header {
    unsigned char ident[16];
    unsigned short type, machine;
    unsigned version;
    size_t entry, phoff, shoff;
    unsigned flags;
    unsigned short ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
    unsigned type, flags;
    size_t offset, vaddr, paddr, filesz, memsz, align;
};

struct auxiliary {
    size_t type, value;
};
