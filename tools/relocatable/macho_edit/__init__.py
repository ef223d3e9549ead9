"""The command `macho_edit`: install_name_tool's options on files, directories and trees.

options     the words of a command line become `Options`
wanted      what they mean for one architecture: `macho.Edits`
change      what happens to one file
show        what `--print` writes
command     all of it, in order; `rewrite` finds the files and writes them
"""

from relocatable.macho_edit.command import run

__all__ = ["run"]
