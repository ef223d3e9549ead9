"""What dyld, the loader of macOS, would make of a tree of Mach-O files."""

from relocatable.closure.dyld.loader import CPUS, Dyld, most_common_cpu

__all__ = ["CPUS", "Dyld", "most_common_cpu"]
