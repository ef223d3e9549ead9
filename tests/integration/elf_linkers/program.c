/* Uses all of the library, and has each of its features itself. */

extern int printf(const char *format, ...);
extern unsigned long getauxval(unsigned long type);

const char *name_of(int);
int doubled(int), counted(void), is_ready(void), filled(void);

static char space[BSS];
static const char *volatile own_name = "own";
static int ready;
static __thread int count = 4;

__attribute__((constructor)) static void start(void) { ready = 6; }

static int thrice(int number) { return 3 * number; }
static int (*choose(void))(int) { return thrice; }
int tripled(int number) __attribute__((ifunc("choose")));

int main(int argc, char **argv) {
  /* The kernel says where the program headers are; the first is PT_PHDR or PT_LOAD. */
  unsigned first = *(unsigned *)getauxval(3);
  space[sizeof space - 1] = 1;
  printf("library: %s %d %d %d %d\n", name_of(argc), doubled(21), counted() + counted(), is_ready(),
         filled());
  printf("program: %s %d %d %d %d %s\n", own_name, tripled(14), ++count, ready,
         space[0] + space[sizeof space - 1], first == 6 || first == 1 ? "headers" : "no headers");
  return argv[argc] ? 1 : 3;
}

#ifdef __x86_64__
__asm__(".globl _start\n"
        "_start: xor %ebp, %ebp\n"
        "mov %rdx, %r9\n"
        "pop %rsi\n"
        "mov %rsp, %rdx\n"
        "and $-16, %rsp\n"
        "push %rax\n"
        "push %rsp\n"
        "xor %r8d, %r8d\n"
        "xor %ecx, %ecx\n"
        "lea main(%rip), %rdi\n"
        "call *__libc_start_main@GOTPCREL(%rip)\n"
        "hlt\n");
#else
__asm__(".globl _start\n"
        "_start: mov x29, #0\n"
        "mov x30, #0\n"
        "mov x5, x0\n"
        "ldr x1, [sp]\n"
        "add x2, sp, #8\n"
        "mov x6, sp\n"
        "adrp x0, main\n"
        "add x0, x0, :lo12:main\n"
        "mov x3, #0\n"
        "mov x4, #0\n"
        "bl __libc_start_main\n"
        "brk #0\n");
#endif
