"""Reads the command line of `elf_edit`, which is that of patchelf, and more.

Source: patchelf(1) and `patchelf --help` of 0.19.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from relocatable.elf_edit.os_abi import number_of
from relocatable.errors import RelocatableError
from relocatable.rewrite import Parser
from relocatable.version import VERSION

PATCHELF: Final = "0.19.0"
"""The version of patchelf whose options these are."""

PRINTS: Final = ("interpreter", "os_abi", "soname", "rpath", "execstack", "needed")
"""What `--print-…` can name, in the order in which it is written: patchelf's."""

VERSION_LINE: Final = f"patchelf {PATCHELF} compatible (elf_edit {VERSION}, rules_relocatable)"
"""What `--version` prints: scripts look for patchelf's name and version at its start."""

_REFUSED: Final = {
    "--rename-dynamic-symbols": "it takes new hash tables in each file with the symbol",
    "--build-resolution-cache": "no loader but that of NixOS reads such a cache",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A command line. What isn't given is None, empty or false.

    Attributes:
        files: the files, directories and trees to work on, at least one.
        output: where to write instead.
        prints: which of `PRINTS` to print.
        summary: whether to print everything at a glance.
        debug: whether to tell what changes.
        page_size: distance that segments should keep, in bytes.
        interpreter: new interpreter.
        os_abi: new number of the operating system's ABI.
        soname: new soname.
        set_rpath: new search path, maybe the empty one.
        add_rpath: what to append to the search path.
        remove_rpath: whether to remove the search path.
        shrink_rpath: whether to remove what isn't needed of it.
        allowed_rpath_prefixes: what the directories that stay may begin with; empty allows all.
        force_rpath: whether a search path that changes becomes a DT_RPATH.
        add_needed: libraries to add.
        remove_needed: libraries to remove.
        replace_needed: new names by old ones.
        clear_symbol_versions: symbols that any version will do for.
        executable_stack: whether the stack is to be executable.
        no_default_libraries: whether the loader shall leave out its default directories.
        add_debug_tag: whether to add DT_DEBUG.
        drop_build_id: whether to remove the build ID.
        start: path from a program's directory of the loader that it is to start by.
        keep_payload: whether what is appended to a program moves along if that grows or shrinks.
        strip: "debug" or "all": which sections to remove first.
    """

    files: tuple[Path, ...]
    output: Path | None = None
    prints: tuple[str, ...] = ()
    summary: bool = False
    debug: bool = False
    page_size: int | None = None
    interpreter: str | None = None
    os_abi: int | None = None
    soname: str | None = None
    set_rpath: str | None = None
    add_rpath: str | None = None
    remove_rpath: bool = False
    shrink_rpath: bool = False
    allowed_rpath_prefixes: tuple[str, ...] = ()
    force_rpath: bool = False
    add_needed: tuple[str, ...] = ()
    remove_needed: tuple[str, ...] = ()
    replace_needed: tuple[tuple[str, str], ...] = ()
    clear_symbol_versions: tuple[str, ...] = ()
    executable_stack: bool | None = None
    no_default_libraries: bool = False
    add_debug_tag: bool = False
    drop_build_id: bool = False
    start: str | None = None
    keep_payload: bool = False
    strip: str | None = None


def parse(arguments: Sequence[str]) -> Options:
    """Reads a command line; `--help` and `--version` print and exit.

    Raises:
        RelocatableError: if it is wrong, contradicts itself, or asks for what isn't supported.
    """
    found = vars(_parser().parse_intermixed_args(arguments))
    found["prints"] = tuple(what for what in PRINTS if found.pop(f"print_{what}"))
    for many in ("files", "add_needed", "remove_needed", "replace_needed", "clear_symbol_versions"):
        found[many] = tuple(found[many])
    found["replace_needed"] = tuple((old, new) for old, new in found["replace_needed"])
    options = Options(**found)
    _check(options)
    return options


def help_text() -> str:
    """What `--help` prints."""
    return _parser().format_help()


def _check(options: Options) -> None:
    if not options.files:
        raise RelocatableError("no file: name at least one ELF file, directory or tree (.tar)")
    if options.output and len(options.files) > 1:
        raise RelocatableError(f"--output takes one file, found {len(options.files)}")
    for contradiction in (
        {
            "--set-rpath": options.set_rpath is not None,
            "--add-rpath": options.add_rpath is not None,
            "--remove-rpath": options.remove_rpath,
            "--shrink-rpath": options.shrink_rpath,
        },
    ):
        given = [option for option, is_given in contradiction.items() if is_given]
        if len(given) > 1:
            raise RelocatableError(f"{' and '.join(given)} contradict each other: give one of them")
    if options.start is not None and options.interpreter is not None:
        raise RelocatableError(
            "--set-start and --set-interpreter contradict each other: give one of them"
        )
    both = {old for old, _ in options.replace_needed} & set(options.remove_needed)
    if both:
        raise RelocatableError(
            f"--replace-needed and --remove-needed both name {', '.join(sorted(both))}"
        )


class _Refuse(argparse.Action):
    """An option of patchelf's that there is a reason not to have."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"dest": argparse.SUPPRESS, "default": argparse.SUPPRESS})

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        option = self.option_strings[0]
        raise RelocatableError(f"{option} is not supported: {_REFUSED[option]}")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "elf_edit",
        "Shows and edits what the loader reads of ELF files. A FILE is an ELF file, a "
        "directory (every ELF file in it) or a tree (.tar). New bytes replace a file at once or "
        "not at all. Where a TEXT is wanted, @NAME stands for what file NAME holds.",
    )
    _add_patchelf_options(parser.add_argument_group("as patchelf has them"))
    _add_own_options(parser.add_argument_group("more"))
    return parser


def _add_patchelf_options(group: argparse._ArgumentGroup) -> None:
    def text(*names: str, description: str, **more: Any) -> None:
        group.add_argument(*names, type=_text, metavar="TEXT", help=description, **more)

    def texts(name: str, description: str, **more: Any) -> None:
        group.add_argument(
            name, action="append", default=[], type=_text, metavar="TEXT", help=description, **more
        )

    def flag(name: str, description: str, **more: Any) -> None:
        group.add_argument(name, action="store_true", help=description, **more)

    flag("--print-interpreter", "the program that the kernel starts")
    text(
        *("--set-interpreter", "--interpreter"), dest="interpreter", description="start another one"
    )
    flag("--print-os-abi", "the operating system's ABI")
    group.add_argument(
        "--set-os-abi", dest="os_abi", type=_os_abi, metavar="TEXT", help="claim another one"
    )
    flag("--print-soname", "DT_SONAME; nothing if there is none")
    text("--set-soname", dest="soname", description="set DT_SONAME of a shared object")
    flag("--print-rpath", "DT_RUNPATH, or else DT_RPATH")
    text("--set-rpath", description="set DT_RUNPATH; an empty one is removed")
    text("--add-rpath", description="append to the search path, which stays of its kind")
    flag("--remove-rpath", "remove it")
    flag("--shrink-rpath", "remove absolute directories that no needed library is in")
    group.add_argument(
        "--allowed-rpath-prefixes",
        type=_prefixes,
        default=(),
        metavar="TEXT:TEXT…",
        help="with --shrink-rpath, remove absolute directories that begin with none of these too",
    )
    flag("--force-rpath", "a path that changes becomes a DT_RPATH")
    flag("--print-needed", "DT_NEEDED, in order")
    texts("--add-needed", "need a library, before the others")
    texts("--remove-needed", "need it no longer")
    group.add_argument(
        "--replace-needed",
        nargs=2,
        action="append",
        default=[],
        metavar=("OLD", "NEW"),
        help="need NEW instead of OLD",
    )
    flag(
        "--no-default-lib",
        "make the loader ignore its own directories",
        dest="no_default_libraries",
    )
    texts("--clear-symbol-version", "let any version of a symbol do", dest="clear_symbol_versions")
    flag("--print-execstack", "whether the stack is executable: X, - or ?")
    group.add_argument(
        "--clear-execstack",
        "--set-execstack",
        dest="executable_stack",
        nargs=0,
        action=_Stack,
        help="say that it isn't, or is",
    )
    flag("--add-debug-tag", "add DT_DEBUG")
    group.add_argument(
        "--page-size", type=_page_size, metavar="BYTES", help="distance that segments keep"
    )
    group.add_argument("--output", type=_path, metavar="FILE", help="write there instead")
    flag("--debug", "tell on stderr what changes")
    group.add_argument("--version", action="version", version=VERSION_LINE)
    for name in ("--no-sort", "--no-clobber-old-sections"):
        # Headers keep their order, and bytes that nobody uses any more stay.
        group.add_argument(name, nargs=0, action=_Ignore, help="is so anyway")
    for name in _REFUSED:
        group.add_argument(
            name, nargs="?", action=_Refuse, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def _add_own_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--print", dest="summary", action="store_true", help="everything at a glance"
    )
    group.add_argument(
        "--strip-debug",
        dest="strip",
        action="store_const",
        const="debug",
        help="remove debug sections, before any other edit",
    )
    group.add_argument(
        "--strip-all",
        dest="strip",
        action="store_const",
        const="all",
        help="remove the symbol table too",
    )
    group.add_argument(
        "--set-start",
        dest="start",
        type=_text,
        metavar="TEXT",
        help="start a program by the loader at this path from its own directory, wherever that is",
    )
    group.add_argument("--drop-build-id", action="store_true", help="remove the build ID")
    group.add_argument(
        "--keep-payload",
        action="store_true",
        help="move what is appended to a program (an archive, say) if that grows or shrinks",
    )


class _Ignore(argparse.Action):
    """An option of patchelf's that changes nothing here."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"dest": argparse.SUPPRESS, "default": argparse.SUPPRESS})

    def __call__(self, *_: Any) -> None:
        pass


class _Stack(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del parser, values
        wanted = option_string == "--set-execstack"
        if getattr(namespace, self.dest) not in {None, wanted}:
            raise RelocatableError("--clear-execstack and --set-execstack contradict each other")
        setattr(namespace, self.dest, wanted)


def _text(word: str) -> str:
    """A word, or with `@` before it what is in the file of that name."""
    return os.fsdecode(Path(word[1:]).read_bytes()) if word.startswith("@") else word


def _path(word: str) -> Path:
    return Path(_text(word))


def _os_abi(word: str) -> int:
    return number_of(_text(word))


def _prefixes(word: str) -> tuple[str, ...]:
    return tuple(prefix for prefix in word.split(":") if prefix)


def _page_size(word: str) -> int:
    if not word.isascii() or not word.isdigit() or not int(word) or int(word) & (int(word) - 1):
        raise RelocatableError(f"--page-size should be a power of two, found {word!r}")
    return int(word)
