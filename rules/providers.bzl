"""What the rules hand to one another."""

TreeInfo = provider(
    doc = """A tree: files, links and directories with where each came from.

It is one tar file rather than a directory artifact, because Bazel keeps neither dangling links
nor modes nor empty directories in those; see docs/architecture.md.""",
    fields = {
        "provenance": "File: JSON lines, one for each file and link of the tree: its origin and edits.",
        "tar": "File: the tree as an uncompressed tar in normal form.",
    },
)

LicenseTextsInfo = provider(
    doc = "What the packages or the archive that a rule has unpacked say about their licences, whatever it " +
          "has taken of them.",
    fields = {
        "texts": "TreeInfo: a directory for each Debian package, with what it has of usr/share/doc/PACKAGE " +
                 "and usr/share/common-licenses; texts of anything else, whose origin is a label, lie " +
                 "beside these.",
    },
)

PyStdlibInfo = provider(
    doc = "The standard library of a Python version; comes with a TreeInfo that holds lib/pythonX.Y.",
    fields = {
        "compiler": "TreeInfo or None: the interpreter that compiled the library, for the machine that " +
                    "builds; None if it has no bytecode.",
        "optimize": "int: the level of its bytecode, 0 to 2.",
        "python_version": "string: MAJOR.MINOR.",
        "report": "File: JSON, what trimming left out and how large it was.",
    },
)

PyRuntimeBundleInfo = provider(
    doc = "A Python home that works from anywhere; comes with a TreeInfo in a prefix layout.",
    fields = {
        "abi_tag": "string: of its own ABI, as in names of wheels, for example cp311.",
        "compiler": "TreeInfo or None: the interpreter that compiles its packages, for the machine that " +
                    "builds; None if they have no bytecode.",
        "environment": "dict of string to string or None: what programs that embed this Python have to be " +
                       "started with, None for a variable that they must not see; " +
                       "tools/relocatable/launcher/settings.py tells what `{root}` stands for in a value, and " +
                       "`*` at the end of a name. Interpreters find their home themselves: for them " +
                       "PYTHONHOME is not set, but not to be seen.",
        "home": "string: path of the home in the tree; what PYTHONHOME names. \".\" is the tree's root.",
        "interpreter": "string: path of the interpreter in the tree, if the bundle has one.",
        "optimize": "int: the level of that bytecode, 0 to 2.",
        "platform": "string: name of the target platform's facts, for example linux_x86_64; empty if " +
                    "dists can't be made for the target platform.",
        "python_version": "string: MAJOR.MINOR.",
        "soname": "string: file name of the shared library, which is in `lib` if the bundle has it; on Linux " +
                  "its soname.",
    },
)

DebControlInfo = provider(
    doc = "What a Debian package of a dist is.",
    fields = {
        "control": "File: JSON, as tools/relocatable/deb_package/package.py reads it.",
        "files": "list of TreeInfo: what is installed besides the dist, from the root of the machine on.",
        "scripts": "dict of string to File: maintainer scripts and the like, by name.",
    },
)

RelocatableDistInfo = provider(
    doc = "A directory that runs from wherever it is unpacked; comes with a TreeInfo.",
    fields = {
        "archive": "File: the .tar.zst, which unpacks to one directory of the target's name.",
        "facts": "File: JSON, of the platform.",
        "host_libraries": "list of string: sonames that are left to the machine.",
        "metadata": "File: JSON, what the dist is and what it was made of.",
        "object_format": "string: of its programs and libraries, `elf` or `mach-o`.",
        "platform": "string: name of the target platform's facts, for example linux_arm64.",
        "sha256": "File: checksum of `archive`, as `sha256sum --check` reads it.",
    },
)

TargetFactsInfo = provider(
    doc = "Facts about a platform that dists are made for; rules read these and never its name.",
    fields = {
        "facts": "File: JSON, as tools/relocatable/target.py reads it.",
        "launcher": "File or None: the native launcher for it.",
        "name": "string: how people call it.",
        "object_format": "string: of programs and libraries, `elf` or `mach-o`.",
        "system_libraries": "list of string: sonames that each machine of the platform has; none for Mach-O, " +
                            "whose system libraries are known by their place.",
    },
)
