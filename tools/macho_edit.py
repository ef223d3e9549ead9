"""Shows and edits Mach-O files, with install_name_tool's options: `macho_edit [OPTION]… FILE…`.

    bazel run @rules_relocatable//tools:macho_edit -- --print lib/libfoo.dylib
    bazel run @rules_relocatable//tools:macho_edit -- -add_rpath @loader_path/../lib bin/foo

See docs/macho_edit.md.
"""

import sys

from relocatable import macho_edit
from relocatable.rewrite import command

if __name__ == "__main__":
    sys.exit(command(macho_edit.run))
