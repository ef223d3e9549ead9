"""Numbers of the Mach-O format.

Source: mach-o/loader.h, mach-o/fat.h, mach-o/nlist.h and mach/machine.h of Apple's cctools and XNU.
"""

from typing import Final

MH_MAGIC: Final = 0xFEEDFACE
MH_MAGIC_64: Final = 0xFEEDFACF
FAT_MAGIC: Final = 0xCAFEBABE
FAT_MAGIC_64: Final = 0xCAFEBABF

MH_OBJECT: Final = 1
MH_EXECUTE: Final = 2
MH_DYLIB: Final = 6
MH_DYLINKER: Final = 7
MH_BUNDLE: Final = 8
MH_DYLIB_STUB: Final = 9
MH_DSYM: Final = 10
FILE_TYPES: Final = {
    MH_OBJECT: "OBJECT",
    MH_EXECUTE: "EXECUTE",
    3: "FVMLIB",
    4: "CORE",
    5: "PRELOAD",
    MH_DYLIB: "DYLIB",
    MH_DYLINKER: "DYLINKER",
    MH_BUNDLE: "BUNDLE",
    MH_DYLIB_STUB: "DYLIB_STUB",
    MH_DSYM: "DSYM",
    11: "KEXT_BUNDLE",
    12: "FILESET",
}

CPU_X86: Final = 7
CPU_X86_64: Final = 0x0100_0007
CPU_ARM: Final = 12
CPU_ARM64: Final = 0x0100_000C
CPU_ARM64_32: Final = 0x0200_000C
CPU_PPC: Final = 18
CPU_PPC64: Final = 0x0100_0012
CPU_SUBTYPE_MASK: Final = 0x00FF_FFFF
"""The upper byte has capabilities, such as the ABI version of pointer authentication."""
SUBTYPE_ARM64E: Final = 2

ARCHITECTURES: Final = {
    (CPU_X86, 3): "i386",
    (CPU_X86_64, 3): "x86_64",
    (CPU_X86_64, 8): "x86_64h",
    (CPU_ARM, 6): "armv6",
    (CPU_ARM, 9): "armv7",
    (CPU_ARM, 11): "armv7s",
    (CPU_ARM, 12): "armv7k",
    (CPU_ARM64, 0): "arm64",
    (CPU_ARM64, 1): "arm64v8",
    (CPU_ARM64, SUBTYPE_ARM64E): "arm64e",
    (CPU_ARM64_32, 1): "arm64_32",
    (CPU_PPC, 0): "ppc",
    (CPU_PPC, 10): "ppc7400",
    (CPU_PPC64, 0): "ppc64",
}

LC_REQ_DYLD: Final = 0x8000_0000
LC_SEGMENT: Final = 0x1
LC_SYMTAB: Final = 0x2
LC_DYSYMTAB: Final = 0xB
LC_LOAD_DYLIB: Final = 0xC
LC_ID_DYLIB: Final = 0xD
LC_LOAD_DYLINKER: Final = 0xE
LC_ID_DYLINKER: Final = 0xF
LC_TWOLEVEL_HINTS: Final = 0x16
LC_LOAD_WEAK_DYLIB: Final = 0x18 | LC_REQ_DYLD
LC_SEGMENT_64: Final = 0x19
LC_UUID: Final = 0x1B
LC_RPATH: Final = 0x1C | LC_REQ_DYLD
LC_CODE_SIGNATURE: Final = 0x1D
LC_SEGMENT_SPLIT_INFO: Final = 0x1E
LC_REEXPORT_DYLIB: Final = 0x1F | LC_REQ_DYLD
LC_LAZY_LOAD_DYLIB: Final = 0x20
LC_ENCRYPTION_INFO: Final = 0x21
LC_DYLD_INFO: Final = 0x22
LC_DYLD_INFO_ONLY: Final = 0x22 | LC_REQ_DYLD
LC_LOAD_UPWARD_DYLIB: Final = 0x23 | LC_REQ_DYLD
LC_VERSION_MIN_MACOSX: Final = 0x24
LC_VERSION_MIN_IPHONEOS: Final = 0x25
LC_FUNCTION_STARTS: Final = 0x26
LC_DYLD_ENVIRONMENT: Final = 0x27
LC_DATA_IN_CODE: Final = 0x29
LC_SOURCE_VERSION: Final = 0x2A
LC_DYLIB_CODE_SIGN_DRS: Final = 0x2B
LC_ENCRYPTION_INFO_64: Final = 0x2C
LC_LINKER_OPTIMIZATION_HINT: Final = 0x2E
LC_VERSION_MIN_TVOS: Final = 0x2F
LC_VERSION_MIN_WATCHOS: Final = 0x30
LC_BUILD_VERSION: Final = 0x32
LC_DYLD_EXPORTS_TRIE: Final = 0x33 | LC_REQ_DYLD
LC_DYLD_CHAINED_FIXUPS: Final = 0x34 | LC_REQ_DYLD
LC_ATOM_INFO: Final = 0x36
LC_FUNCTION_VARIANTS: Final = 0x37
LC_FUNCTION_VARIANT_FIXUPS: Final = 0x38

DYLIB_LOADS: Final = {
    LC_LOAD_DYLIB: "load",
    LC_LOAD_WEAK_DYLIB: "weak",
    LC_REEXPORT_DYLIB: "reexport",
    LC_LAZY_LOAD_DYLIB: "lazy",
    LC_LOAD_UPWARD_DYLIB: "upward",
}
"""The commands that make dyld load a library, and what each is called here."""

LINKEDIT_DATA: Final = frozenset(
    {
        *(LC_CODE_SIGNATURE, LC_SEGMENT_SPLIT_INFO, LC_FUNCTION_STARTS, LC_DATA_IN_CODE),
        *(LC_DYLIB_CODE_SIGN_DRS, LC_LINKER_OPTIMIZATION_HINT, LC_DYLD_EXPORTS_TRIE),
        *(LC_DYLD_CHAINED_FIXUPS, LC_ATOM_INFO, LC_FUNCTION_VARIANTS, LC_FUNCTION_VARIANT_FIXUPS),
    }
)
"""Commands of one form: offset and size of something in `__LINKEDIT`."""

PLATFORMS: Final = {
    1: "macos",
    2: "ios",
    3: "tvos",
    4: "watchos",
    5: "bridgeos",
    6: "maccatalyst",
    7: "iossimulator",
    8: "tvossimulator",
    9: "watchossimulator",
    10: "driverkit",
    11: "visionos",
    12: "visionossimulator",
}
VERSION_MINIMUM: Final = {
    LC_VERSION_MIN_MACOSX: "macos",
    LC_VERSION_MIN_IPHONEOS: "ios",
    LC_VERSION_MIN_TVOS: "tvos",
    LC_VERSION_MIN_WATCHOS: "watchos",
}

SECTION_TYPE: Final = 0xFF
S_ZEROFILL: Final = 0x1
S_GB_ZEROFILL: Final = 0xC
S_THREAD_LOCAL_ZEROFILL: Final = 0x12
ZEROFILL: Final = frozenset({S_ZEROFILL, S_GB_ZEROFILL, S_THREAD_LOCAL_ZEROFILL})
"""Kinds of sections that have no bytes in the file."""

N_STAB: Final = 0xE0
N_SO: Final = 0x64
N_OSO: Final = 0x66
INDIRECT_SYMBOL_LOCAL: Final = 0x8000_0000
INDIRECT_SYMBOL_ABS: Final = 0x4000_0000
