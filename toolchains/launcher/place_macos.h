// Where the launcher is on macOS: the loader knows.

#pragma once

#include "place.h"

// What is here has a number of a volume as its name, and in that, a number of a file on it.
#define VOLUMES "/.vol/"

static struct place find_place(unsigned depth, const char *started) {
    static char name[PATH_MAX], path[PATH_MAX], root[PATH_MAX];
    uint32_t size = sizeof name;
    if (_NSGetExecutablePath(name, &size)) fail("find itself at ", started, ENAMETOOLONG);
    // The name may be relative, and have links and dots.
    if (!realpath(name, path)) fail("find itself at ", name, errno);
    size_t n = length(path);
    for (unsigned up = 0; up <= depth; up++) {
        if (!n) fail("find the directory of ", path, 0);
        n = parent(path, n);
    }
    for (size_t i = 0; i < n; i++) root[i] = path[i];
    return (struct place){.root = root, .file = path, .started = started};
}

// A name of the root without ':': its number on its volume. Not each file system has that.
static const char *other_name(const struct place *place) {
    static char name[sizeof VOLUMES + 48];
    struct status root;
    if (status_of(place->root, &root)) return place->root;
    char *begin = decimal(name + sizeof name - 1, (long)root.inode);
    begin = prepend(decimal(prepend(begin, "/"), (long)root.device), VOLUMES);
    return access_path(begin) ? place->root : begin;
}

// This file's path without links.
static const char *real_path(const struct place *place) {
    return place->file;
}
