// What the launcher asks of macOS, under the names of kernel.h.
//
// Its system calls are no interface: numbers may change, and its library, which each process has
// anyway, is the way to them. Nothing here is younger than macOS 10.9.

#pragma once

#include <errno.h>
#include <limits.h>
#include <mach-o/dyld.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { STDERR = STDERR_FILENO };

struct piece {
    const char *text;
    size_t length;
};

// Each gives a result >= 0, or minus the errno.

struct status {
    size_t device;
    size_t inode;
};

static inline long status_of(const char *path, struct status *status) {
    struct stat found;
    if (stat(path, &found)) return -errno;
    *status = (struct status){(size_t)found.st_dev, (size_t)found.st_ino};
    return 0;
}

static inline long access_path(const char *path) {
    return access(path, F_OK) ? -errno : 0;
}

static inline long execute(const char *path, char **argv, char **environ) {
    execve(path, argv, environ);
    return -errno;
}

static inline long write_pieces(int file, const struct piece *pieces, size_t count) {
    struct iovec parts[8];
    if (count > sizeof parts / sizeof *parts) return -EINVAL;
    for (size_t i = 0; i < count; i++)
        parts[i] = (struct iovec){(void *)pieces[i].text, pieces[i].length};
    return writev(file, parts, (int)count);
}

static inline int raised_privileges(void) {
    return getuid() != geteuid() || getgid() != getegid();
}

_Noreturn static inline void leave(int status) {
    _exit(status);
}
