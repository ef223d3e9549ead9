"""The parts of the standard library that can be left out, each by one name.

A part is named by what it holds: modules (with everything below them), extension modules, and data
files. What came or went between CPython 3.11 and 3.14 says so; a test compares this with the
sources of these versions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from relocatable.errors import RelocatableError
from relocatable.globs import translate


@dataclass(frozen=True, slots=True)
class Since:
    """A name that only some versions have.

    Attributes:
        name: Of a module.
        first: The first minor version that has it.
        last: The last one.
    """

    name: str
    first: int = 0
    last: int = 99


_NOTHING = r"(?!)"

Name = str | Since
"""A module, in all versions or some; `**.x` is a module x in any package, or in none."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One part of the library.

    Attributes:
        about: What it is, for people.
        modules: Modules and packages in Python.
        extensions: Modules in C, which are files in `lib-dynload` or built into the interpreter.
        data: Patterns (`relocatable.globs`) of further paths, relative to the library.
    """

    about: str
    modules: tuple[Name, ...] = ()
    extensions: tuple[Name, ...] = ()
    data: tuple[str, ...] = ()
    _compiled: dict[int, re.Pattern[str]] = field(
        default_factory=dict, repr=False, compare=False, init=False
    )

    def names(self, minor: int) -> list[str]:
        """The modules of a minor version, those in C too."""
        return _names(self.modules, minor) + _names(self.extensions, minor)

    def patterns(self, minor: int) -> Iterator[str]:
        """Patterns (`relocatable.globs`) of all its paths in a minor version."""
        for name in _names(self.modules, minor):
            path = f"**/{name[3:]}" if name.startswith("**.") else name.replace(".", "/")
            yield path
            yield f"{path}.py"
        for name in _names(self.extensions, minor):
            yield f"lib-dynload/{name}.*"
        yield from self.data

    def match(self, path: str, minor: int) -> bool:
        """Says whether a path below the library's directory belongs to it."""
        if minor not in self._compiled:
            whole = "|".join(map(translate, self.patterns(minor)))
            self._compiled[minor] = re.compile(whole or _NOTHING)
        return self._compiled[minor].match(path) is not None


def _names(names: Iterable[Name], minor: int) -> list[str]:
    return [
        name if isinstance(name, str) else name.name
        for name in names
        if isinstance(name, str) or name.first <= minor <= name.last
    ]


FEATURES: Mapping[str, Feature] = {
    "asyncio": Feature("event loops and coroutines", ("asyncio",), ("_asyncio",)),
    "audio": Feature(
        "sound files and devices",
        (
            "wave",
            *(Since(name, last=12) for name in ("aifc", "chunk", "sndhdr", "sunau")),
        ),
        (Since("audioop", last=12), Since("ossaudiodev", last=12)),
    ),
    "bz2": Feature(
        "bzip2", ("bz2", "encodings.bz2_codec", Since("compression.bz2", 14)), ("_bz2",)
    ),
    "cgi": Feature("CGI scripts", (Since("cgi", last=12), Since("cgitb", last=12))),
    "cjkcodecs": Feature(
        "Chinese, Japanese and Korean encodings",
        tuple(
            f"encodings.{name}"
            for name in (
                *("big5", "big5hkscs", "cp932", "cp949", "cp950", "euc_jis_2004", "euc_jisx0213"),
                *("euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "hz", "iso2022_jp"),
                *("iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3"),
                *("iso2022_jp_ext", "iso2022_kr", "johab", "shift_jis", "shift_jis_2004"),
                "shift_jisx0213",
            )
        ),
        (
            *("_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr"),
            *("_codecs_tw", "_multibytecodec"),
        ),
    ),
    "config": Feature(
        "Makefile, static library and linker scripts, for building extension modules",
        data=("config-*",),
    ),
    "ctypes": Feature(
        "calling C functions",
        ("ctypes", "multiprocessing.sharedctypes", Since("_pyrepl.windows_console", 13)),
        ("_ctypes",),
    ),
    "curses": Feature(
        "programs that draw on a terminal", ("curses",), ("_curses", "_curses_panel")
    ),
    "dbm": Feature("key-value files, shelve", ("dbm", "shelve"), ("_dbm", "_gdbm")),
    "distutils": Feature(
        "distutils, and Debian's shim for its successor",
        (Since("distutils", last=11), "_distutils_system_mod"),
    ),
    "doctest": Feature("tests in docstrings", ("doctest",)),
    "ensurepip": Feature(
        "pip's wheels and their installer", ("ensurepip",), data=("EXTERNALLY-MANAGED",)
    ),
    "headers": Feature("C headers that lie in the library", data=("**/*.h",)),
    "hello": Feature("examples and jokes", ("__hello__", "__phello__", "antigravity", "this")),
    "idlelib": Feature("IDLE", ("idlelib",)),
    "lib2to3": Feature("2to3", (Since("lib2to3", last=12),)),
    "lzma": Feature("xz", ("lzma", Since("compression.lzma", 14)), ("_lzma",)),
    "mail": Feature(
        "mail folders and servers, network news",
        (
            *("imaplib", "mailbox", "poplib", "smtplib"),
            Since("mailcap", last=12),
            Since("nntplib", last=12),
            *(Since(name, last=11) for name in ("asynchat", "asyncore", "smtpd")),
        ),
    ),
    "multiprocessing": Feature(
        "worker processes",
        ("multiprocessing", "concurrent.futures.process"),
        ("_multiprocessing", "_posixshmem"),
    ),
    "profile": Feature("profilers", ("cProfile", "profile", "pstats"), ("_lsprof",)),
    "pydoc_data": Feature('the texts behind help("topic")', ("pydoc_data",)),
    "pyrepl": Feature("the interactive prompt", (Since("_pyrepl", 13),)),
    "readline": Feature("line editing and completion", ("rlcompleter",), ("readline",)),
    "sqlite3": Feature("SQLite", ("sqlite3", Since("dbm.sqlite3", 13)), ("_sqlite3",)),
    "ssl": Feature("TLS", ("ssl",), ("_ssl",)),
    "test": Feature(
        "the interpreter's own tests, and modules only for them",
        ("**.test", "**.tests", "idlelib.idle_test"),
        (
            *("_ctypes_test", "_testbuffer", "_testcapi", "_testclinic", "_testimportmultiple"),
            *("_testinternalcapi", "_testmultiphase", "_xxtestfuzz", "xxlimited", "xxlimited_35"),
            Since("_xxsubinterpreters", last=12),
            Since("_xxinterpchannels", 12, 12),
            Since("_testsinglephase", 12),
            *(Since(name, 13) for name in ("_testclinic_limited", "_testlimitedcapi")),
            Since("_testexternalinspection", 13, 13),
            "xxsubtype",
        ),
    ),
    "tkinter": Feature("Tk", ("tkinter", "turtle"), ("_tkinter",)),
    "turtledemo": Feature("examples of turtle", ("turtledemo",)),
    "unittest": Feature("unit tests", ("unittest",)),
    "venv": Feature("virtual environments", ("venv",)),
    "windows": Feature(
        "what only Windows has",
        (
            *("asyncio.proactor_events", "asyncio.windows_events", "asyncio.windows_utils"),
            *("ctypes.wintypes", "encodings.mbcs", "encodings.oem"),
            "multiprocessing.popen_spawn_win32",
            Since("msilib", last=12),
            Since("_pyrepl.windows_console", 13),
            Since("_pyrepl.windows_eventqueue", 13),
        ),
    ),
    "wsgiref": Feature("the reference WSGI server", ("wsgiref",)),
    "xml": Feature(
        "XML, XML-RPC and property lists",
        ("plistlib", "xml", "xmlrpc"),
        ("_elementtree", "pyexpat"),
    ),
    "zoneinfo": Feature("time zones", ("zoneinfo",), ("_zoneinfo",)),
    "zstd": Feature("Zstandard", (Since("compression.zstd", 14),), (Since("_zstd", 14),)),
}


def check(names: Iterable[str]) -> None:
    """Checks that all names are those of features.

    Raises:
        RelocatableError: if a name is unknown; it lists those that exist.
    """
    unknown = sorted(set(names) - set(FEATURES))
    if unknown:
        raise RelocatableError(
            f"unknown feature of the standard library: {', '.join(unknown)}; there are "
            f"{', '.join(sorted(FEATURES))}"
        )
