// What a launcher asks of macOS, by its functions there, with numbers and structures of macOS.

#pragma once

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAC_PATH_MAX = 1024, MAC_ELOOP = 62, MAC_ENAMETOOLONG = 63 };

// Of struct stat, what the launcher looks at.
struct mac_status {
    int32_t device;
    uint16_t mode, links;
    uint64_t inode;
    char others[128];
};

struct symbol {
    const char *name;
    void *address;
};

// The path that was executed, links and dots included; of a script, its interpreter's, where Linux
// tells the script's.
static const char *executed(void) {
    static char line[1 << 12];
    const char *path = (const char *)getauxval(AT_EXECFN);
    FILE *file = fopen(path, "r");
    int script = file && fgets(line, sizeof line, file) && !strncmp(line, "#!", 2);
    if (file) fclose(file);
    if (!script) return path;
    line[strcspn(line, "\n")] = 0;
    return line + 2;
}

static int executable_path(char *path, uint32_t *size) {
    const char *found = executed();
    size_t needed = strlen(found) + 1;
    if (needed > *size) {
        *size = (uint32_t)needed;
        return -1;
    }
    memcpy(path, found, needed);
    return 0;
}

static int *error(void) {
    static int number;
    number = errno == ENAMETOOLONG ? MAC_ENAMETOOLONG : errno == ELOOP ? MAC_ELOOP : errno;
    return &number;
}

// Volumes and files by number are where the test says.
static const char *by_number(const char *path) {
    static char there[1 << 12];
    const char *volumes = getenv("VOLUMES");
    if (!volumes || strncmp(path, "/.vol/", 6)) return path;
    snprintf(there, sizeof there, "%s/%s", volumes, path + 6);
    return there;
}

static char *real_path(const char *path, char *found) {
    char buffer[1 << 12];
    if (strlen(path) >= MAC_PATH_MAX) errno = ENAMETOOLONG;
    else if (realpath(path, buffer)) {
        if (strlen(buffer) < MAC_PATH_MAX) return strcpy(found, buffer);
        errno = ENAMETOOLONG;
    }
    return 0;
}

static int status(const char *path, struct mac_status *status) {
    struct stat found;
    if (stat(path, &found)) return -1;
    memset(status, 0, sizeof *status);
    status->device = (int32_t)found.st_dev;
    status->inode = found.st_ino;
    return 0;
}

static int can_access(const char *path, int mode) {
    return access(by_number(path), mode);
}

static int execute(const char *path, char *const *argv, char *const *environ) {
    if (strlen(path) < MAC_PATH_MAX) return execve(path, argv, environ);
    errno = ENAMETOOLONG;
    return -1;
}

static const struct symbol symbols[] = {
    {"__NSGetExecutablePath", executable_path},
    {"___error", error},
    {"__exit", _exit},
    {"_access", can_access},
    {"_execve", execute},
    {"_getegid", getegid},
    {"_geteuid", geteuid},
    {"_getgid", getgid},
    {"_getuid", getuid},
    {"_realpath$DARWIN_EXTSN", real_path},
    {"_stat", status},
    {"_stat$INODE64", status},
    {"_writev", writev},
    // For pointers that are bound when they are first used; here they are before.
    {"dyld_stub_binder", abort},
    {0, 0},
};
