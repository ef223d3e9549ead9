// The settings inside the launcher's own file; tools/relocatable/launcher/native.py writes them.
//
// Records follow one another in `records`, each a kind, a template and a NUL; `size` bytes in all.
// A template is text in which single bytes stand for what is known only when it runs.

#pragma once

enum { VERSION = 1, CAPACITY = 744 };

enum kind {
    EXECUTE = 'X',   // the file to execute; exactly one, the first record
    ARGUMENT = 'A',  // an argument that comes before the user's own
    SET = 'S',       // NAME=value in the environment
    SET_INHERITED = 'I',  // the same, without a note: the program's children see it as well
    SET_IN_C = 'C',  // NAME=value in the environment, if the locale is C
    SET_LOST = 'L',  // NAME=value in the environment, if the C library lacks the locale
    SET_FILE = 'F',  // NAME=path in the environment, if the user has none, and the path is there
    UNSET = 'U',     // NAME that must not be in the environment; NAME* for all that begin so
};

enum token {
    ROOT = 1,        // the dist's directory, absolute
    COLONLESS = 2,   // the same directory under a name without ':'
    NAME = 3,        // argv[0], as the user gave it
    SELF = 4,        // a path that leads to the launcher: argv[0], if it is one
};

struct settings {
    char magic[16];
    unsigned short version;
    unsigned short capacity;
    unsigned short size;
    unsigned short depth;  // directories between the root and the launcher: 1 for bin/lldb
    char records[CAPACITY];
};

#ifdef __APPLE__
#define SETTINGS "__TEXT,__settings"
#else
#define SETTINGS ".settings"
#endif

__attribute__((section(SETTINGS), used, aligned(8)))
static const struct settings unpatched = {
    .magic = "relocatable/exe",
    .version = VERSION,
    .capacity = CAPACITY,
};

// The compiler must not look: the file's bytes change after it has run.
static inline const struct settings *read_settings(void) {
    const struct settings *settings = &unpatched;
    __asm__("" : "+r"(settings));
    return settings;
}
