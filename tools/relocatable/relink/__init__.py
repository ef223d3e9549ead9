"""Makes the programs and libraries of a tree find each other, whatever their object format."""

from relocatable.relink.elf_files import ElfRelinker
from relocatable.relink.macho_files import MachoRelinker
from relocatable.relink.relinker import Relinker
from relocatable.request import Request
from relocatable.tree import Tree

__all__ = ["Relinker", "relinker"]


def relinker(tree: Tree, pool: Tree, request: Request) -> Relinker:
    """What does it for the object format of a target.

    Args:
        tree: what is made to find itself.
        pool: what it may be completed from.
        request: for which target, and how.
    """
    made = ElfRelinker if request.target.is_elf else MachoRelinker
    return made(tree, pool, request)
