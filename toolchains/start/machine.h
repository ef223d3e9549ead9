// What the start needs to know of a machine: where it is entered, and nine system calls of Linux.
//
// Numbers and registers: syscall(2). Registers at a process's entry: the psABI of each machine.

#pragma once

typedef unsigned long size_t;

// Where the kernel enters, with argc, argv, envp and the auxiliary vector on the stack.
//
// A loader that was asked to start the program (`ld.so PROGRAM`, ldd) enters here too, when all is
// loaded. It hands over its exit function in a register that the kernel leaves zero: then the
// program's own entry point is next. Otherwise `start` says where to go and with which stack, and
// the registers are as the kernel leaves them.
//
// The first instruction is where indirect branches may land (IBT, BTI). The last jump on arm64 goes
// by x16, so that it may land where calls do.

#if defined(__x86_64__)

enum {
    SYS_CLOSE = 3,
    SYS_MMAP = 9,
    SYS_PREAD = 17,
    SYS_WRITEV = 20,
    SYS_GETCWD = 79,
    SYS_EXIT_GROUP = 231,
    SYS_OPENAT = 257,
    SYS_READLINKAT = 267,
};

__asm__(".pushsection .text.entry, \"ax\"\n"
        ".globl entry\n"
        "entry: endbr64\n"
        "test %rdx, %rdx\n"
        "jnz by_loader\n"
        "xor %ebp, %ebp\n"
        "mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call start\n"
        "mov %rdx, %rsp\n"
        "xor %edx, %edx\n"
        "xor %edi, %edi\n"
        "xor %esi, %esi\n"
        "jmp *%rax\n"
        "by_loader: lea entry(%rip), %rax\n"
        "add settings+16(%rip), %rax\n"
        "jmp *%rax\n"
        ".popsection\n");

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

enum {
    SYS_GETCWD = 17,
    SYS_OPENAT = 56,
    SYS_CLOSE = 57,
    SYS_WRITEV = 66,
    SYS_PREAD = 67,
    SYS_READLINKAT = 78,
    SYS_EXIT_GROUP = 94,
    SYS_MMAP = 222,
};

__asm__(".pushsection .text.entry, \"ax\"\n"
        ".globl entry\n"
        "entry: hint #34\n"  // bti c
        "cbnz x0, by_loader\n"
        "mov x29, xzr\n"
        "mov x30, xzr\n"
        "mov x0, sp\n"
        "bl start\n"
        "mov x16, x0\n"
        "mov sp, x1\n"
        "mov x0, xzr\n"
        "mov x1, xzr\n"
        "mov x30, xzr\n"
        "br x16\n"
        "by_loader: adr x16, entry\n"
        "adr x17, settings\n"
        "ldr x17, [x17, #16]\n"
        "add x16, x16, x17\n"
        "br x16\n"
        ".popsection\n");

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
}

#else
#error "no start for this machine: add its entry and its system calls here"
#endif

enum { AT_FDCWD = -100, O_CLOEXEC = 02000000, STDERR = 2 };
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum { MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };
enum { ENOENT = 2, ENOEXEC = 8, ENOTDIR = 20, EINVAL = 22, ENAMETOOLONG = 36, ELOOP = 40 };

struct piece {
    const char *text;
    size_t length;
};

// Each gives a result >= 0, or minus the errno.

__attribute__((noinline)) static long read_link(const char *path, char *target, size_t size) {
    return call6(SYS_READLINKAT, AT_FDCWD, (long)path, (long)target, (long)size, 0, 0);
}

static inline long current_directory(char *path, size_t size) {
    return call6(SYS_GETCWD, (long)path, (long)size, 0, 0, 0, 0);
}

static inline long open_file(const char *path) {
    return call6(SYS_OPENAT, AT_FDCWD, (long)path, O_CLOEXEC, 0, 0, 0);
}

static inline long read_at(long file, void *to, size_t size, size_t offset) {
    return call6(SYS_PREAD, file, (long)to, (long)size, (long)offset, 0, 0);
}

static inline void close_file(long file) {
    call6(SYS_CLOSE, file, 0, 0, 0, 0, 0);
}

// A file of -1 maps nothing but zeros.
__attribute__((noinline)) static long map(size_t at, size_t size, long protection, long flags, long file, size_t offset) {
    flags |= file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE;
    return call6(SYS_MMAP, (long)at, (long)size, protection, flags, file, (long)offset);
}

static inline void write_pieces(const struct piece *pieces, size_t count) {
    call6(SYS_WRITEV, STDERR, (long)pieces, (long)count, 0, 0, 0);
}

_Noreturn static inline void leave(long status) {
    for (;;) call6(SYS_EXIT_GROUP, status, 0, 0, 0, 0, 0);
}
