// Runs a launcher for macOS on Linux, where the machine is the same: a dyld for one small program.
//
// It lies behind this program in the same file, is mapped to where its segments say, and its pointers
// to the system's library are bound to the functions in system.h. Its instructions are those that
// a Mac runs.
//
// Source: mach-o/loader.h.

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "system.h"

enum { MAGIC = (int)0xFEEDFACF, ALIGNMENT = 0x4000, MOST_SEGMENTS = 8 };
enum { SEGMENT = 0x19, DYLD_INFO = (int)0x80000022, ENTRY = (int)0x80000028 };
enum { DONE = 0, SYMBOL = 4, PLACE = 7, BIND = 9 };

struct header { uint32_t magic, cpu, subtype, type, count, size, flags, reserved; };
struct command { uint32_t kind, size; };
struct segment {
    struct command command;
    char name[16];
    uint64_t address, size, offset, file_size;
    uint32_t most, first, count, flags;
};
struct dyld_info { struct command command; uint32_t rebase[2], bind[2], weak[2], lazy[2], export[2]; };
struct entry { struct command command; uint64_t offset, stack; };

typedef int program(int argc, char **argv, char **environ, char **apple);

static uint64_t number(const uint8_t **at) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        value |= (uint64_t)(**at & 0x7F) << shift;
        if (!(*(*at)++ & 0x80)) return value;
    }
}

static void *address_of(const char *name) {
    for (const struct symbol *each = symbols; each->name; each++)
        if (!strcmp(each->name, name)) return each->address;
    fprintf(stderr, "dyld.c: this system has no %s\n", name);
    exit(99);
}

// Those few instructions that linkers need for pointers to functions; any other ends the program.
static void bind(const uint8_t *at, const uint8_t *end, char *const *segments) {
    const char *name = "";
    char *place = 0;
    while (at < end) {
        int operation = *at >> 4, operand = *at & 15;
        at++;
        if (operation == SYMBOL) {
            name = (const char *)at;
            at += strlen(name) + 1;
        } else if (operation == PLACE) {
            place = segments[operand] + number(&at);
        } else if (operation == BIND) {
            void *address = address_of(name);
            memcpy(place, &address, sizeof address);
            place += sizeof address;
        } else if (operation != DONE && operation != 1 && operation != 5) {
            fprintf(stderr, "dyld.c: operation %d of binding is not known\n", operation);
            exit(99);
        }
    }
}

static program *load(const char *file) {
    const struct header *header = (const struct header *)file;
    char *segments[MOST_SEGMENTS] = {0};
    uint64_t sizes[MOST_SEGMENTS] = {0};
    int protections[MOST_SEGMENTS] = {0}, count = 0;
    uint64_t entry = 0;
    const char *text = 0;
    const struct dyld_info *info = 0;
    const struct command *command = (const struct command *)(header + 1);
    for (uint32_t i = 0; i < header->count; i++) {
        if (command->kind == SEGMENT && count < MOST_SEGMENTS) {
            const struct segment *segment = (const struct segment *)command;
            if (segment->first) {
                void *wanted = (void *)segment->address;
                int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
                void *found = mmap(wanted, segment->size, PROT_READ | PROT_WRITE, flags, -1, 0);
                if (found != wanted) exit(98);
                memcpy(found, file + segment->offset, segment->file_size);
                if (!segment->offset) text = found;
            }
            segments[count] = (char *)segment->address;
            sizes[count] = segment->size;
            protections[count++] = (int)segment->first;
        } else if (command->kind == (uint32_t)DYLD_INFO) {
            info = (const struct dyld_info *)command;
        } else if (command->kind == (uint32_t)ENTRY) {
            entry = ((const struct entry *)command)->offset;
        }
        command = (const struct command *)((const char *)command + command->size);
    }
    const uint8_t *data = (const uint8_t *)file;
    bind(data + info->bind[0], data + info->bind[0] + info->bind[1], segments);
    bind(data + info->lazy[0], data + info->lazy[0] + info->lazy[1], segments);
    for (int i = 0; i < count; i++) {
        int protection = protections[i];  // Numbered as Linux does.
        __builtin___clear_cache(segments[i], segments[i] + (protection ? sizes[i] : 0));
        if (protection) mprotect(segments[i], sizes[i], protection);
    }
    return (program *)(text + entry);
}

int main(int argc, char **argv, char **environ) {
    int descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat own;
    if (descriptor < 0 || fstat(descriptor, &own)) return 97;
    const char *file = mmap(0, (size_t)own.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const char *behind = file;
    while (((const struct header *)behind)->magic != (uint32_t)MAGIC) {
        behind += ALIGNMENT;
        if (behind >= file + own.st_size) return 96;
    }
    static char path[1 << 16];
    snprintf(path, sizeof path, "executable_path=%s", executed());
    char *apple[] = {path, 0};
    return load(behind)(argc, argv, environ, apple);
}
