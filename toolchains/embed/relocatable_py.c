// Finds Python's home from where this code lies: in a program, or in a shared library.
//
// Each source that tells a path is weak somewhere, so several are asked, the surest first:
//
//   /proc/self/maps  names the file that this code was mapped from, by its real path. Right for
//                    libraries, and for programs that were started through a loader
//                    (`ld.so program`), of which /proc/self/exe names the loader. Linux, with /proc.
//   dladdr(3)        names the same file as the loader does: for a library a path, for a program
//                    its argv[0], which may be a made-up name or a link. macOS has no other, and
//                    there it is good.
//   dladdr of Py_*   the same of libpython, a library with a sure path, if Python is in one.
//
// What is found counts only if a standard library is beside it, so a wrong answer does no harm.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE  // dladdr
#endif
#define PY_SSIZE_T_CLEAN

#include "relocatable_py.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
#define VERSION NUMBER(PY_MAJOR_VERSION) "." NUMBER(PY_MINOR_VERSION)
#define LIBRARY "lib/python" VERSION
#define INTERPRETER "/bin/python" VERSION
#define ZIP "lib/python" NUMBER(PY_MAJOR_VERSION) NUMBER(PY_MINOR_VERSION) ".zip"

// From the directory of a program or library to the home. "python" comes first, since ".." may be
// /usr, with a Python of the machine's own.
static const char *const HOMES[] = {
    "python",     // PROGRAM, python/
    "../python",  // Frameworks/LIBRARY, python/
    "..",         // bin/PROGRAM, lib/LIBRARY; lib/pythonX.Y
    ".",          // PROGRAM, lib/pythonX.Y
};

// By which CPython itself recognises a standard library, in each of the forms that it may have.
static const char *const LANDMARKS[] = {LIBRARY "/os.py", LIBRARY "/os.pyc", ZIP};

// PyStatus keeps a pointer only. Python is initialised once, by one thread.
static char message[PATH_MAX + 128];

#define COUNT(array) (sizeof(array) / sizeof *(array))

// Whether the directory of `file` leads to a home; if so, writes its real path to `home`.
static int home_beside(const char *file, char home[PATH_MAX]) {
    char path[PATH_MAX];
    const char *slash = strrchr(file, '/');
    if (!slash) return 0;
    int length = (int)(slash - file);
    for (size_t i = 0; i < COUNT(HOMES); i++) {
        for (size_t j = 0; j < COUNT(LANDMARKS); j++) {
            int n = snprintf(path, sizeof path, "%.*s/%s/%s", length, file, HOMES[i], LANDMARKS[j]);
            if (n >= (int)sizeof path || access(path, F_OK) != 0) continue;
            path[n - (int)strlen(LANDMARKS[j])] = 0;
            if (realpath(path, home)) return 1;
        }
    }
    return 0;
}

#ifdef __linux__
// Not strtoul: a new C library's headers make that a symbol that older ones don't have.
static uintptr_t hexadecimal(const char **text) {
    uintptr_t number = 0;
    for (;; ++*text) {
        char c = **text;
        if (c >= '0' && c <= '9') number = number << 4 | (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f') number = number << 4 | (uintptr_t)(c - 'a' + 10);
        else return number;
    }
}

// Writes the path of the file that `address` was mapped from; see proc_pid_maps(5).
static int mapped_from(const void *address, char path[PATH_MAX]) {
    static const char DELETED[] = " (deleted)";
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps) return 0;
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    int found = 0;
    while (!found && (n = getline(&line, &size, maps)) > 0) {
        const char *rest = line;
        uintptr_t first = hexadecimal(&rest);
        rest++;  // the dash
        uintptr_t last = hexadecimal(&rest);
        const char *name = strchr(rest, '/');
        if ((uintptr_t)address < first || (uintptr_t)address >= last || !name) continue;
        line[n - 1] = 0;  // the newline
        size_t length = strlen(name);
        // An update replaced the file just now; its directory is still the right one.
        if (length > strlen(DELETED) && !strcmp(name + length - strlen(DELETED), DELETED))
            length -= strlen(DELETED);
        if (length < PATH_MAX) {
            // A newline in a name is written as \012; a backslash stays one.
            char *to = path;
            for (const char *from = name; from < name + length; from++) {
                int newline = !strncmp(from, "\\012", 4);
                *to++ = newline ? '\n' : *from;
                if (newline) from += 3;
            }
            *to = 0;
            found = 1;
        }
    }
    free(line);
    fclose(maps);
    return found;
}
#else
static int mapped_from(const void *address, char path[PATH_MAX]) {
    (void)address, (void)path;
    return 0;
}
#endif

// Writes the path that the loader has for the file that holds `address`, links followed.
static int loaded_from(const void *address, char path[PATH_MAX]) {
    Dl_info info;
    return dladdr(address, &info) && info.dli_fname && strchr(info.dli_fname, '/') &&
           realpath(info.dli_fname, path);
}

static PyStatus fail(const char *problem, const char *path) {
    snprintf(message, sizeof message, "relocatable_py: %s%s", problem, path);
    return PyStatus_Error(message);
}

PyStatus relocatable_py_home(char *home, size_t size) {
    // ISO C converts no function pointer to void *; POSIX, which has dladdr, does.
    union {
        PyStatus (*function)(char *, size_t);
        void *address;
    } own = {relocatable_py_home};
    union {
        PyStatus (*function)(const PyConfig *);
        void *address;
    } python = {Py_InitializeFromConfig};
    struct {
        int (*find)(const void *, char *);
        void *address;
    } sources[] = {
        {mapped_from, own.address},
        {loaded_from, own.address},
        {loaded_from, python.address},
    };

    char file[PATH_MAX], found[PATH_MAX], seen[PATH_MAX] = "";
    for (size_t i = 0; i < COUNT(sources); i++) {
        if (!sources[i].find(sources[i].address, file)) continue;
        if (home_beside(file, found)) {
            if (strlen(found) >= size) return fail("the path of Python's home is too long", found);
            strcpy(home, found);
            return PyStatus_Ok();
        }
        if (!*seen) strcpy(seen, file);
    }
    if (!*seen) return fail("neither /proc nor the loader tells where this program is", "");
    return fail("no " LIBRARY "/os.py in python, ../python, .. or . from where this is: ", seen);
}

// Sets a field that the caller has not set.
static PyStatus set(PyConfig *config, wchar_t **field, const char *value) {
    return *field ? PyStatus_Ok() : PyConfig_SetBytesString(config, field, value);
}

PyStatus relocatable_py_config(PyConfig *config) {
    char home[PATH_MAX], python[PATH_MAX + sizeof INTERPRETER];
    PyStatus status = relocatable_py_home(home, sizeof home);
    if (PyStatus_Exception(status)) return status;
    snprintf(python, sizeof python, "%s" INTERPRETER, home);

    struct {
        wchar_t **field;
        const char *value;
    } values[] = {
        // sys.executable. Unset, Python searches PATH, and what it finds is the machine's. That of
        // this home may have been left out; then starting it fails, which is better than another.
        {&config->executable, python},
        // Python splits `home` at ':'. What it works out from `home` can be said without it.
        {strchr(home, ':') ? &config->prefix : &config->home, home},
        {strchr(home, ':') ? &config->exec_prefix : &config->home, home},
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        status = set(config, values[i].field, values[i].value);
        if (PyStatus_Exception(status)) return status;
    }
    return status;
}

PyStatus relocatable_py_init(int argc, char **argv) {
    PyPreConfig preconfig;
    PyPreConfig_InitIsolatedConfig(&preconfig);
    // The path of the home need not be what the locale (none is set: "C") can say.
    preconfig.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&preconfig);
    if (PyStatus_Exception(status)) return status;

    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    status = relocatable_py_config(&config);
    if (!PyStatus_Exception(status) && argc)
        status = PyConfig_SetBytesArgv(&config, argc, argv);
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    return status;
}
