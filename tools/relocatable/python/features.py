"""The parts of the standard library that can be left out, each by one name.

Patterns (`relocatable.globs`) are relative to the standard library's directory, and hold for
CPython 3.11 to 3.14: what a version or a distribution doesn't have is simply not there.
"""

from collections.abc import Iterable, Mapping

from relocatable.errors import RelocatableError

FEATURES: Mapping[str, tuple[str, ...]] = {
    # The interpreter's own tests, and the modules that exist only for them.
    "test": (
        "**/test",
        "**/tests",
        "lib-dynload/_ctypes_test.*",
        "lib-dynload/_test*",
        "lib-dynload/_xxtestfuzz.*",
        "lib-dynload/xxlimited*",
    ),
    "asyncio": ("asyncio", "lib-dynload/_asyncio.*"),
    # Makefile, static library and linker scripts: only for building extension modules.
    "config": ("config-*",),
    "curses": ("curses", "lib-dynload/_curses*"),
    "dbm": ("dbm", "lib-dynload/_dbm.*", "lib-dynload/_gdbm.*", "shelve.py"),
    "distutils": ("distutils", "_distutils_system_mod.py"),
    "ensurepip": ("ensurepip", "EXTERNALLY-MANAGED"),
    "idlelib": ("idlelib",),
    "lib2to3": ("lib2to3",),
    "multiprocessing": (
        "multiprocessing",
        "concurrent/futures/process.py",
        "lib-dynload/_multiprocessing.*",
        "lib-dynload/_posixshmem.*",
    ),
    # The texts behind help("topic").
    "pydoc_data": ("pydoc_data",),
    "sqlite3": ("sqlite3", "lib-dynload/_sqlite3.*"),
    "ssl": ("ssl.py", "lib-dynload/_ssl.*"),
    "tkinter": ("tkinter", "turtle.py", "lib-dynload/_tkinter.*"),
    "turtledemo": ("turtledemo",),
    "venv": ("venv",),
    "xml": ("xml", "xmlrpc", "plistlib.py", "lib-dynload/pyexpat.*", "lib-dynload/_elementtree.*"),
}


def patterns(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Returns the patterns of each named feature.

    Raises:
        RelocatableError: if a name is unknown; it lists those that exist.
    """
    unknown = sorted(set(names) - set(FEATURES))
    if unknown:
        raise RelocatableError(
            f"unknown feature of the standard library: {', '.join(unknown)}; there are "
            f"{', '.join(sorted(FEATURES))}"
        )
    return {name: FEATURES[name] for name in names}
