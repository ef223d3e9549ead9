// A calculator whose functions are written in Python: calculator 'hypotenuse(3, 4)'

#include <stdio.h>
#include <string.h>

#include "relocatable_py.h"

// What Python this is, and whether the parts of it work that need libraries beyond libpython.
static const char SMOKE[] =
    "import os, platform, sys\n"
    "print('Python', platform.python_version(), 'in', sys.prefix)\n"
    "import ssl, sqlite3, ctypes, zlib\n"
    "print(ssl.OPENSSL_VERSION, 'SQLite', sqlite3.sqlite_version, 'zlib', zlib.ZLIB_VERSION)\n"
    "print('ssl sqlite3 ctypes zlib: imported')\n"
    "print(f\"PYTHONHOME={os.environ.get('PYTHONHOME')} for child processes\")\n";

static const char CALCULATE[] =
    "import sys, functions\n"
    "print(eval(sys.argv[1], vars(functions)))\n";

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s EXPRESSION | --smoke-python\n", argv[0]);
        return 2;
    }
    PyStatus status = relocatable_py_init(argc, argv);
    if (PyStatus_Exception(status)) Py_ExitStatusException(status);
    int failed = PyRun_SimpleString(strcmp(argv[1], "--smoke-python") ? CALCULATE : SMOKE);
    if (Py_FinalizeEx() < 0) return 120;
    return failed ? 1 : 0;
}
