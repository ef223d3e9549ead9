// What the launcher asks of Linux: where a process starts, and eleven system calls.
//
// Numbers and registers: syscall(2). What lies on the first stack: the psABI of each machine and
// getauxval(3). Only calls that both machines have (the *at forms), all older than Linux 3.

#pragma once

typedef unsigned long size_t;

enum { AT_NULL = 0, AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_EXECFN = 31 };
enum {
    ENOENT = 2,
    E2BIG = 7,
    ENOEXEC = 8,
    ENOTDIR = 20,
    EINVAL = 22,
    ENAMETOOLONG = 36,
    ELOOP = 40,
};
enum { AT_FDCWD = -100, F_OK = 0, O_CLOEXEC = 02000000, O_PATH = 010000000, PATH_MAX = 4096, STDERR = 2 };

struct piece {
    const char *text;
    size_t length;
};

// The kernel enters at _start with argc, argv, envp and the auxiliary vector on the stack and no
// return address. `start` gets a pointer to them.
_Noreturn void start(size_t *stack);

#if defined(__x86_64__)

enum {
    SYS_CLOSE = 3,
    SYS_PREAD64 = 17,
    SYS_WRITEV = 20,
    SYS_EXECVE = 59,
    SYS_GETCWD = 79,
    SYS_EXIT_GROUP = 231,
    SYS_OPENAT = 257,
    SYS_NEWFSTATAT = 262,
    SYS_READLINKAT = 267,
    SYS_FACCESSAT = 269,
    O_DIRECTORY = 0200000,
};

__asm__(".globl _start\n"
        "_start: xor %ebp, %ebp\n"
        "mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call start\n");

static inline long system_call(long number, long a, long b, long c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

enum {
    SYS_GETCWD = 17,
    SYS_FACCESSAT = 48,
    SYS_OPENAT = 56,
    SYS_CLOSE = 57,
    SYS_WRITEV = 66,
    SYS_PREAD64 = 67,
    SYS_READLINKAT = 78,
    SYS_NEWFSTATAT = 79,
    SYS_EXIT_GROUP = 94,
    SYS_EXECVE = 221,
    O_DIRECTORY = 040000,
};

__asm__(".globl _start\n"
        "_start: mov x29, xzr\n"
        "mov x30, xzr\n"
        "mov x0, sp\n"
        "b start\n");

static inline long system_call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory", "cc");
    return x0;
}

#else
#error "no system calls for this machine: add its numbers and registers here"
#endif

// Each gives a result >= 0, or minus the errno.

static inline long read_link(const char *path, char *target, size_t size) {
    return system_call(SYS_READLINKAT, AT_FDCWD, (long)path, (long)target, (long)size);
}

static inline long current_directory(char *path, size_t size) {
    return system_call(SYS_GETCWD, (long)path, (long)size, 0, 0);
}

static inline long open_directory(const char *path) {
    return system_call(SYS_OPENAT, AT_FDCWD, (long)path, O_PATH | O_DIRECTORY, 0);
}

static inline long open_file(const char *path) {
    return system_call(SYS_OPENAT, AT_FDCWD, (long)path, O_CLOEXEC, 0);
}

static inline long read_at(long file, void *bytes, size_t size, size_t place) {
    return system_call(SYS_PREAD64, file, (long)bytes, (long)size, (long)place);
}

static inline void close_file(long file) {
    system_call(SYS_CLOSE, file, 0, 0, 0);
}

// Of struct stat(2), all that this needs is at its beginning on both machines.
struct status {
    size_t device;
    size_t inode;
    char others[240];
};

static inline long status_of(const char *path, struct status *status) {
    return system_call(SYS_NEWFSTATAT, AT_FDCWD, (long)path, (long)status, 0);
}

static inline long access_path(const char *path) {
    return system_call(SYS_FACCESSAT, AT_FDCWD, (long)path, F_OK, 0);
}

static inline long execute(const char *path, char **argv, char **environ) {
    return system_call(SYS_EXECVE, (long)path, (long)argv, (long)environ, 0);
}

static inline long write_pieces(int file, const struct piece *pieces, size_t count) {
    return system_call(SYS_WRITEV, file, (long)pieces, (long)count, 0);
}

_Noreturn static inline void leave(int status) {
    for (;;) system_call(SYS_EXIT_GROUP, status, 0, 0, 0);
}
