// Starts an embedded Python whose home lies beside the program or library that embeds it.
//
// Two layouts, and the directory that holds them may be anywhere, and have any name:
//
//     bin/PROGRAM                    PROGRAM
//     lib/libpythonX.Y.so.1.0        Frameworks/ or lib/   with libpythonX.Y and the like
//     lib/pythonX.Y/                 python/lib/pythonX.Y/
//
// It reads no environment variable and leaves none behind. See docs/py_embed_library.md.

#pragma once

#include <Python.h>

#ifdef __cplusplus
extern "C" {
#endif

// Initialises Python: isolated from the user's settings, in UTF-8 mode, with `argv` as sys.argv
// (0 and NULL for none). To be followed by Py_FinalizeEx, as any initialisation.
//
// On failure, PyStatus_Exception(status) is true and status.err_msg is one line: what was looked
// for, and where. Py_ExitStatusException(status) prints it and ends the process.
PyStatus relocatable_py_init(int argc, char **argv);

// For programs that want another configuration: makes `config` use the home, and nothing else.
// The caller has preinitialised Python, and calls Py_InitializeFromConfig afterwards.
PyStatus relocatable_py_config(PyConfig *config);

// Writes the absolute path of the home to `home`, a buffer of `size` bytes, as the file system has
// it. For programs that don't use PyConfig at all.
PyStatus relocatable_py_home(char *home, size_t size);

#ifdef __cplusplus
}
#endif
