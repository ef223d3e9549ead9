"""Shows and edits ELF files, with patchelf's options: `elf_edit [OPTION]… FILE…`.

    bazel run @rules_relocatable//tools:elf_edit -- --print lib/libfoo.so
    bazel run @rules_relocatable//tools:elf_edit -- --set-rpath '$ORIGIN/../lib' bin/foo

See docs/elf_edit.md.
"""

import sys

from relocatable import elf_edit
from relocatable.rewrite import command

if __name__ == "__main__":
    sys.exit(command(elf_edit.run))
