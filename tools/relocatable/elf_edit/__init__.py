"""The command `elf_edit`: patchelf's options and some more, on files, directories and trees.

options     the words of a command line become `Options`
wanted      what they mean for one file: `elf.Edits`
show        what `--print…` writes
command     all of it, in order; `rewrite` finds the files and writes them
"""

from relocatable.elf_edit.command import run

__all__ = ["run"]
