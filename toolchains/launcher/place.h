// Where the launcher is, as far as that is the same on each system.

#pragma once

#include "text.h"

struct place {
    const char *root;       // the dist's directory, without a slash at its end: "" is "/"
    const char *colonless;  // the same without ':', once it is asked for
    const char *file;       // a path of this file, for looking at it; null if there is none
    const char *started;    // by which path the system was asked to start it, maybe a script's
};

// The length of `path` without its last part and the slash before it.
static size_t parent(const char *path, size_t n) {
    while (n && path[--n] != '/') {}
    return n;
}
