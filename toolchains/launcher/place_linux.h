// Where the launcher is on Linux: by /proc, or else by the path that it was started by.

#pragma once

#include "place.h"

#define OWN_FILE "/proc/self/exe"

// Where the kernel says this file is. It drops links, and the file's own name does not matter, so
// neither does the " (deleted)" that it adds when an update replaces the file just now.
static char *root_from_proc(unsigned depth) {
    static char path[PATH_MAX];
    long n = read_link(OWN_FILE, path, sizeof path);
    if (n <= 0 || n == sizeof path || path[0] != '/') return 0;
    for (unsigned up = 0; up <= depth; up++) {
        if (!n) fail("find the directory of ", path, 0);
        n = (long)parent(path, (size_t)n);
    }
    path[n] = 0;
    return path;
}

// Without /proc: from the path that this file was started by, which may be relative and a link.
static char *root_from_start(unsigned depth, const char *started) {
    static char target[PATH_MAX];
    char *path = end;
    if (started[0] != '/') {
        long n = current_directory(target, sizeof target);
        if (target[0] != '/') fail("find the current directory", "", n < 0 ? -n : ENOENT);
        append(target);
        append_byte('/');
    }
    append(started);
    finish(path);

    for (int links = 0;; links++) {
        long n = read_link(path, target, sizeof target);
        if (n == -EINVAL) break;  // no link
        if (n < 0) fail("find itself at ", path, -n);
        if (n == sizeof target) fail("follow ", path, ENAMETOOLONG);
        if (links == 40) fail("follow ", path, ELOOP);
        char *next = end;
        if (target[0] != '/') append_part(path, parent(path, length(path)) + 1);
        append_part(target, (size_t)n);
        path = finish(next);
    }

    // Links among the directories stay, so that only the kernel can say what lies above.
    char *root = end;
    append_part(path, parent(path, length(path)));
    while (depth--) append("/..");
    return finish(root);
}

static struct place find_place(unsigned depth, const char *started) {
    struct place place = {.root = root_from_proc(depth), .started = started};
    if (place.root) {
        place.file = OWN_FILE;
    } else {
        if (!started) fail("find itself: /proc is not mounted", "", 0);
        place.root = root_from_start(depth, started);
    }
    return place;
}

// A name of the root without ':': that of a descriptor, which the program inherits.
static const char *other_name(const struct place *place) {
    static char name[32];
    if (!place->file) return place->root;
    long descriptor = open_directory(place->root);
    if (descriptor < 0) fail("open ", place->root, -descriptor);
    return prepend(decimal(name + sizeof name - 1, descriptor), "/proc/self/fd/");
}

// This file's path without links, as far as that is known.
static const char *real_path(const struct place *place) {
    static char path[PATH_MAX];
    return read_link(OWN_FILE, path, sizeof path - 1) > 0 ? path : place->started;
}
