"""Reads the command line of `macho_edit`, which is that of install_name_tool, and more.

Source: install_name_tool(1), llvm-install-name-tool's manual.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relocatable.errors import RelocatableError
from relocatable.rewrite import Parser
from relocatable.version import VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A command line. What isn't given is None, empty or false.

    Attributes:
        files: the files, directories and trees to work on, at least one.
        output: where to write instead.
        summary: whether to print everything at a glance.
        verify: whether to check the signatures.
        debug: whether to tell what changes.
        install_name: new name of a library.
        change: old and new names of libraries to load.
        rpath: old and new run paths.
        add_rpath: run paths to add behind the others.
        prepend_rpath: run paths to add before the others.
        delete_rpath: run paths to delete.
        delete_all_rpaths: whether to delete all.
        strip: "debug" or "local": symbols to leave out.
        sign: "changed", "always" or "remove".
        identifier: what a new signature calls the file.
        extract: the architecture to keep, alone.
        merge: whether to make one universal file of all files.
    """

    files: tuple[Path, ...]
    output: Path | None = None
    summary: bool = False
    verify: bool = False
    debug: bool = False
    install_name: str | None = None
    change: tuple[tuple[str, str], ...] = ()
    rpath: tuple[tuple[str, str], ...] = ()
    add_rpath: tuple[str, ...] = ()
    prepend_rpath: tuple[str, ...] = ()
    delete_rpath: tuple[str, ...] = ()
    delete_all_rpaths: bool = False
    strip: Any = None
    sign: Any = "changed"
    identifier: str | None = None
    extract: str | None = None
    merge: bool = False

    @property
    def edits(self) -> bool:
        """Whether anything is to be edited inside of a file."""
        names = (self.install_name, self.change, self.rpath, self.add_rpath, self.prepend_rpath)
        rest = (self.delete_rpath, self.delete_all_rpaths, self.strip, self.sign != "changed")
        return any((*names, *rest))


def parse(arguments: Sequence[str]) -> Options:
    """Reads a command line; `--help` and `--version` print and exit.

    Raises:
        RelocatableError: if it is wrong or contradicts itself.
    """
    found = vars(_parser().parse_intermixed_args(arguments))
    for many in ("files", "add_rpath", "prepend_rpath", "delete_rpath"):
        found[many] = tuple(found[many])
    for pairs in ("change", "rpath"):
        found[pairs] = tuple((old, new) for old, new in found[pairs])
    options = Options(**found)
    _check(options)
    return options


def help_text() -> str:
    """What `--help` prints."""
    return _parser().format_help()


def _check(options: Options) -> None:
    if not options.files:
        raise RelocatableError("no file: name at least one Mach-O file, directory or tree (.tar)")
    if options.merge and (options.output is None or options.edits or options.extract):
        raise RelocatableError("--merge takes --output FILE and no edits: edit the files before")
    if options.output and len(options.files) > 1 and not options.merge:
        raise RelocatableError(f"--output takes one file, found {len(options.files)}")
    if options.delete_all_rpaths and (options.rpath or options.delete_rpath):
        raise RelocatableError(
            "-delete_all_rpaths and -rpath or -delete_rpath contradict each other: give one of them"
        )
    changed = [old for old, _ in options.rpath]
    touched = [*changed, *options.delete_rpath, *options.add_rpath, *options.prepend_rpath]
    twice = sorted({path for path in touched if touched.count(path) > 1})
    if twice:
        raise RelocatableError(f"run path {', '.join(twice)}: more than one option is about it")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "macho_edit",
        "Shows and edits what dyld reads of Mach-O files, and signs them. A FILE is a "
        "Mach-O file, thin or universal, a directory (every Mach-O file in it) or a tree (.tar). "
        "New bytes replace a file at once or not at all.",
    )
    _add_apples(parser.add_argument_group("as install_name_tool has them"))
    _add_ours(parser.add_argument_group("more"))
    return parser


def _add_apples(group: argparse._ArgumentGroup) -> None:
    def texts(name: str, description: str, **more: Any) -> None:
        group.add_argument(name, action="append", default=[], help=description, **more)

    group.add_argument(
        "-id", dest="install_name", metavar="NAME", help="set the name of a library (LC_ID_DYLIB)"
    )
    texts("-change", "load NEW instead of OLD", nargs=2, metavar=("OLD", "NEW"))
    texts("-rpath", "change a run path", nargs=2, metavar=("OLD", "NEW"))
    texts("-add_rpath", "add a run path behind the others", metavar="PATH")
    texts("-prepend_rpath", "add a run path before the others", metavar="PATH")
    texts("-delete_rpath", "delete a run path", metavar="PATH")
    group.add_argument("-delete_all_rpaths", action="store_true", help="delete all run paths")


def _add_ours(group: argparse._ArgumentGroup) -> None:
    def flag(name: str, description: str, **more: Any) -> None:
        group.add_argument(name, action="store_true", help=description, **more)

    flag("--print", "print everything at a glance", dest="summary")
    flag("--verify", "check the signatures, page by page")
    sign = group.add_mutually_exclusive_group()
    for name, value, description in (
        ("--sign", "always", "sign ad hoc, changed or not"),
        ("--remove-signature", "remove", "have no signature afterwards"),
    ):
        sign.add_argument(
            *(name,),
            dest="sign",
            action="store_const",
            const=value,
            default="changed",
            help=description,
        )
    group.add_argument(
        "--identifier", metavar="TEXT", help="what a new signature calls the file; else its name"
    )
    strip = group.add_mutually_exclusive_group()
    for name, value, description in (
        ("--strip-debug", "debug", "leave out notes for debuggers, as strip -S"),
        ("--strip-local", "local", "leave out symbols that aren't for others too, as strip -x"),
    ):
        strip.add_argument(name, dest="strip", action="store_const", const=value, help=description)
    group.add_argument("--extract", metavar="ARCH", help="keep one architecture, alone")
    flag("--merge", "make one universal file of all files")
    group.add_argument("--output", type=Path, metavar="FILE", help="write there instead")
    flag("--debug", "tell what changes")
    group.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
