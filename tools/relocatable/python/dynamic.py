"""Imports that no text of a module shows: those of start-up, of C code, and by computed names.

Read in CPython's sources, 3.11 to 3.14: each call of PyImport_Import* in Modules, Objects, Parser
and Python, and each `__import__` and `import_module` of a variable in Lib. A name that a version
doesn't have is simply not there. `x.*` is all modules below x, `x*` all that begin so.
"""

from collections.abc import Mapping

START_UP = (
    # What the interpreter imports until it is at the first line of a program.
    *("abc", "codecs", "encodings", "io", "os", "site", "stat", "zipimport"),
    *("encodings.aliases", "encodings.ascii", "encodings.latin_1", "encodings.utf_8"),
    *("importlib._bootstrap", "importlib._bootstrap_external"),
    *("sitecustomize", "usercustomize"),
    # `python -m`, archives as programs, files that begin with a mark.
    *("runpy", "encodings.cp437", "encodings.utf_8_sig"),
    # When something warns, or fails.
    *("_py_warnings", "linecache", "traceback", "warnings"),
    # When an object is copied.
    "copyreg",
)

NEEDED: Mapping[str, tuple[str, ...]] = {
    "_asyncio": ("asyncio", "traceback"),
    "_codecs_cn": ("_multibytecodec",),
    "_codecs_hk": ("_multibytecodec", "_codecs_tw"),
    "_codecs_iso2022": ("_multibytecodec",),
    "_codecs_jp": ("_multibytecodec",),
    "_codecs_kr": ("_multibytecodec",),
    "_codecs_tw": ("_multibytecodec",),
    "_curses_panel": ("_curses",),
    "_decimal": ("collections", "collections.abc", "numbers"),
    "_elementtree": ("copy", "pyexpat", "xml.etree.ElementPath"),
    "_pickle": ("_compat_pickle", "codecs", "copyreg", "functools"),
    "_sqlite3": ("functools",),
    "_ssl": ("_socket",),
    "_testbuffer": ("struct",),
    "_zoneinfo": ("datetime", "io", "weakref", "zoneinfo._common", "zoneinfo._tzpath"),
    "array": ("collections.abc",),
    "pkgutil": ("types", "typing", "weakref"),
}
"""What modules import when they are imported: in C, or in functions that they call then."""

USED: Mapping[str, tuple[str, ...]] = {
    "_codecs_iso2022": ("_codecs_cn", "_codecs_jp", "_codecs_kr"),
    "_ctypes": ("ctypes",),
    "_curses": ("curses",),
    "_interpchannels": ("concurrent.interpreters",),
    "_interpqueues": ("concurrent.interpreters",),
    "_json": ("json.decoder",),
    "_operator": ("functools",),
    "_socket": ("encodings.idna",),  # Names are encoded for the resolver.
    "_sqlite3": ("sqlite3.dump",),
    "_sre": ("re",),
    "_zoneinfo": ("pickle",),
    "dbm": ("dbm.*",),
    "gettext": ("locale",),
    # Each is in C twice: OpenSSL's, and CPython's own.
    "hashlib": ("_blake2", "_md5", "_sha1", "_sha2", "_sha256", "_sha3", "_sha512"),
    "linecache": ("tokenize",),
    "sysconfig": ("_sysconfigdata*", "_sysconfig_vars*"),
    "unittest": ("unittest.async_case",),
    "xml.dom": ("xml.dom.domreg", "xml.dom.minidom"),
    "xml.sax": ("xml.sax.expatreader",),
}
"""What modules import in ordinary use: in C, by a computed name, or whatever one does with them."""

CALLED: Mapping[str, tuple[str, ...]] = {
    "_datetime": ("_strptime",),
    "_decimal": ("_pydecimal",),
    "builtins": ("_pylong", "annotationlib", "struct", "typing"),
    "time": ("_strptime",),
}
"""What single functions in C import, like imports in functions of Python."""

ACCELERATORS = frozenset(
    {
        *("_abc", "_bisect", "_codecs", "_collections", "_csv", "_datetime", "_decimal"),
        *("_elementtree", "_functools", "_heapq", "_io", "_json", "_operator", "_pickle"),
        *("_random", "_signal", "_sre", "_stat", "_struct", "_thread", "_warnings"),
        *("_weakref", "_zoneinfo", "itertools", "math", "posix", "time"),
    }
)
"""Modules in C that each build has: where they are no files, they are in the interpreter."""
