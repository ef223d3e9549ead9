"""Shows and edits Mach-O files, with install_name_tool's options: `macho_edit [OPTION]… FILE…`.

    bazel run @rules_relocatable//tools:macho_edit -- --print lib/libfoo.dylib
    bazel run @rules_relocatable//tools:macho_edit -- -add_rpath @loader_path/../lib bin/foo

See docs/macho_edit.md.
"""

import os
import sys

from relocatable import cli, macho_edit


def main() -> int:
    """Runs the command where its user is."""
    # Names of files may have any bytes, and go out as they came in.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    # `bazel run` starts in the runfiles and says here where its user is.
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    status = 0

    def edit() -> None:
        nonlocal status
        status = macho_edit.run(sys.argv[1:], sys.stdout, sys.stderr)

    return cli.status_of(edit) or status


if __name__ == "__main__":
    sys.exit(main())
