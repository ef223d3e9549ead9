// Starts the program that it is a part of by a loader beside the program.
//
// An ELF file can name its loader by an absolute path only, which can't be true for what moves. So
// the file names none, and the kernel starts this: it finds out where the program lies, maps the
// loader from there, and hands over to it as the kernel would have. Nothing is executed a second
// time, so the process is the program's: /proc/self/exe, its name, its arguments.
//
// It is put into a program by tools/relocatable/elf/start.py, which writes the settings behind it.
// It runs wherever it lies: no relocations, no data of its own that changes, no C library.

#include "machine.h"

#include "elf.h"

// tools/relocatable/elf/start.py writes them.
struct settings {
    char magic[16];
    long entry;     // the program's own entry point, counted from this code's
    size_t place;   // the address that the file says this code has
    char loader[];  // its path from the program's directory
};

extern const struct settings settings __attribute__((visibility("hidden")));
extern const char entry[] __attribute__((visibility("hidden")));

enum { PATH_MAX = 4096, SEGMENTS = 16 };

// Memory that the program keeps: the loader reads its program headers and its own name there.
struct memory {
    char path[2 * PATH_MAX];     // of the program, then of the loader
    char target[PATH_MAX];       // of a link
    char origin[PATH_MAX + 16];  // LD_ORIGIN_PATH=…
    struct segment segments[];
};

__attribute__((noinline)) static size_t length(const char *text) {
    size_t n = 0;
    while (text[n]) n++;
    return n;
}

__attribute__((noinline)) static char *copy(char *to, const char *from, size_t n) {
    while (n--) {
        __asm__ volatile("");  // else it becomes a call of memcpy
        *to++ = *from++;
    }
    return to;
}

__attribute__((noinline)) _Noreturn static void fail(const char *path, const char *what, long error) {
    char digits[24], *digit = digits + sizeof digits;
    long number = error;
    do *--digit = (char)('0' + number % 10);
    while (number /= 10);
    const struct piece pieces[] = {
        {path, length(path)},
        {": ", 2},
        {what, length(what)},
        {error ? " (error " : "", error ? 8 : 0},
        {digit, error ? (size_t)(digits + sizeof digits - digit) : 0},
        {error ? ")\n" : "\n", error ? 2 : 1},
    };
    write_pieces(pieces, sizeof pieces / sizeof *pieces);
    leave(error == ENOENT || error == ENOTDIR ? 127 : 126);
}

// The length of a path's directory, with the slash.
static size_t directory(const char *path, size_t n) {
    while (n && path[n - 1] != '/') n--;
    return n;
}

// Writes the program's path into memory, as the kernel tells it; whether it does.
static int find_by_proc(struct memory *memory) {
    long n = read_link("/proc/self/exe", memory->path, PATH_MAX);
    if (n <= 0 || n == PATH_MAX || memory->path[0] != '/') return 0;
    memory->path[n] = 0;
    return 1;
}

// Without /proc: by the path that was executed, which may be relative and a link.
static void find_by_name(struct memory *memory, const char *executed) {
    char *path = memory->path;
    size_t n = length(executed);
    if (executed[0] != '/') {
        long size = current_directory(path, PATH_MAX);
        if (size <= 0 || path[0] != '/') fail(executed, "can't find the current directory", -size);
        path += size - 1;
        *path++ = '/';
    }
    if (n >= PATH_MAX) fail(executed, "its path is too long", ENAMETOOLONG);
    copy(path, executed, n + 1);
    path = memory->path;
    for (int links = 0;; links++) {
        long size = read_link(path, memory->target, PATH_MAX);
        if (size == -EINVAL) return;  // no link
        if (size < 0) fail(path, "can't find itself", -size);
        n = memory->target[0] == '/' ? 0 : directory(path, length(path));
        if (n + (size_t)size >= PATH_MAX) fail(path, "its path is too long", ENAMETOOLONG);
        if (links == 40) fail(path, "too many links", ELOOP);
        copy(path + n, memory->target, (size_t)size);
        path[n + (size_t)size] = 0;
    }
}

// The loader in memory: where its addresses count from, and where it starts.
struct loader {
    size_t base, entry;
};

// Maps a loader as the kernel does: each segment from the file, zeros behind it.
static struct loader map_loader(const char *path, size_t page) {
    struct {
        struct elf_header elf;
        struct segment segments[SEGMENTS];
    } head;
    long file = open_file(path);
    if (file < 0) fail(path, "the program's loader can't be opened", -file);
    long size = read_at(file, &head, sizeof head, 0);
    size_t count = head.elf.phnum;
    // All loaders have their program headers right behind the ELF header.
    if (size < (long)sizeof head.elf || head.elf.ident[0] != 0x7f || head.elf.phoff != sizeof head.elf ||
        count > SEGMENTS || size < (long)(sizeof head.elf + count * sizeof *head.segments))
        fail(path, "is no loader for this program", ENOEXEC);

    size_t top = 0;
    const struct segment *end = head.segments + count;
    for (const struct segment *each = head.segments; each < end; each++)
        if (each->type == PT_LOAD) top = each->vaddr + each->memsz;
    // Room for all of it, which nobody else takes.
    long base = map(0, top, 0, 0, -1, 0);
    if (base < 0 && base > -4096) fail(path, "no memory for the loader", -base);

    for (const struct segment *each = head.segments; each < end; each++) {
        if (each->type != PT_LOAD) continue;
        long protection = (each->flags & PF_R ? PROT_READ : 0) | (each->flags & PF_W ? PROT_WRITE : 0) |
                          (each->flags & PF_X ? PROT_EXEC : 0);
        size_t begin = (size_t)base + each->vaddr, inside = begin & (page - 1);
        long result =
            map(begin - inside, each->filesz + inside, protection, MAP_FIXED, file, each->offset - inside);
        if (result < 0) fail(path, "the loader can't be mapped", -result);
        size_t zeros = begin + each->filesz, stop = begin + each->memsz;
        size_t next = (zeros + page - 1) & -page;
        if (stop == begin + each->filesz) continue;
        for (volatile char *at = (char *)zeros; (size_t)at < next && each->flags & PF_W;) *at++ = 0;
        if (stop > next) result = map(next, stop - next, protection, MAP_FIXED, -1, 0);
        if (result < 0) fail(path, "no memory for the loader", -result);
    }
    close_file(file);
    return (struct loader){(size_t)base, (size_t)base + head.elf.entry};
}

// Lists the program's headers as they would be with a loader's name among them: glibc wants one, and
// debuggers show it. PT_PHDR tells how far the program is from where its file says. Gives their number.
static size_t list_segments(struct segment *list, const struct segment *own, size_t count, const char *loader) {
    size_t bias = (size_t)entry - settings.place, n = 2;
    for (const struct segment *each = own; each < own + count; each++) {
        if (each->type == PT_PHDR || each->type == PT_NULL || each->type == PT_INTERP) continue;
        copy((char *)&list[n++], (const char *)each, sizeof *each);
    }
    for (int which = 0; which < 2; which++) {  // The memory is zero.
        struct segment *each = list + which;
        size_t address = which ? (size_t)loader : (size_t)list;
        each->type = which ? PT_INTERP : PT_PHDR;
        each->flags = PF_R;
        each->vaddr = each->paddr = address - bias;
        each->filesz = each->memsz = which ? length(loader) + 1 : n * sizeof *list;
        each->align = which ? 1 : 8;
    }
    return n;
}

// Without /proc, glibc learns what $ORIGIN is from a variable only. Gives a stack that has it, which
// lies below this frame: nothing else may be called before it is used.
__attribute__((noinline)) static size_t *with_variable(size_t *stack, size_t *end, const char *variable) {
    size_t *made = __builtin_alloca((size_t)(end - stack + 4) * sizeof *made);
    made = (size_t *)((size_t)made + 15 & -(size_t)16);
    size_t *to = made, *from = stack, *environment = stack + 1 + *stack + 1;
    while (from < environment) *to++ = *from++;
    for (*to++ = (size_t)variable; *from; from++) {
        const char *text = (const char *)*from, *name = variable;
        while (*text == *name && *name != '=') text++, name++;
        if (*text != *name) *to++ = *from;
    }
    while (from < end) *to++ = *from++;
    return made;
}

// What the assembly goes on with.
struct next {
    size_t entry;
    size_t *stack;
};

struct next start(size_t *stack) {
    size_t *environment = stack + 1 + *stack + 1;
    while (*environment++) {}
    struct auxiliary *each = (struct auxiliary *)environment;
    struct auxiliary *phdr = 0, *phnum = 0, *base = 0, *own_entry = 0;
    size_t page = 4096, user = 0, group = 0;
    const char *executed = "";
    for (; each->type != AT_NULL; each++) {
        switch (each->type) {
            case AT_PHDR: phdr = each; break;
            case AT_PHNUM: phnum = each; break;
            case AT_BASE: base = each; break;
            case AT_ENTRY: own_entry = each; break;
            case AT_PAGESZ: page = each->value; break;
            case AT_EXECFN: executed = (const char *)each->value; break;
            // Not AT_SECURE: a change of SELinux domain sets that too, and is harmless.
            case AT_UID:
            case AT_EUID: user ^= each->value; break;
            case AT_GID:
            case AT_EGID: group ^= each->value; break;
        }
    }
    size_t *end = (size_t *)(each + 1);
    // Whoever starts it could choose the loader, by a link.
    if (user || group) fail(executed, "can't start with the privileges of another user (setuid, setgid)", 0);
    if (!phdr || !phnum || !base || !own_entry) fail(executed, "the system doesn't say where it is", 0);

    size_t size = sizeof(struct memory) + (phnum->value + 2) * sizeof(struct segment);
    long result = map(0, size, PROT_READ | PROT_WRITE, 0, -1, 0);
    if (result < 0 && result > -4096) fail(executed, "no memory", -result);
    struct memory *memory = (struct memory *)result;
    int by_proc = find_by_proc(memory);
    if (!by_proc) find_by_name(memory, executed);
    char *path = memory->path;
    size_t n = directory(path, length(path)), more = length(settings.loader) + 1;
    // glibc gives up on a longer one.
    if (n + more > PATH_MAX) fail(path, "its path is too long", ENAMETOOLONG);
    copy(copy(memory->origin, "LD_ORIGIN_PATH=", 15), path, n > 1 ? n - 1 : n);
    copy(path + n, settings.loader, more);
    struct loader loader = map_loader(path, page);

    const struct segment *own = (const struct segment *)phdr->value;
    phnum->value = list_segments(memory->segments, own, phnum->value, path);
    phdr->value = (size_t)memory->segments;
    base->value = loader.base;
    own_entry->value = (size_t)entry + (size_t)settings.entry;
    return (struct next){loader.entry, by_proc ? stack : with_variable(stack, end, memory->origin)};
}
