/* What a linker has work with: initialisers, thread-local storage, IFUNC, relocated data, .bss. */

static char space[BSS];
static const char *const names[] = {"zero", "one", "two"};
static int ready;
static __thread int count = 40;

__attribute__((constructor)) static void start(void) { ready = 7; }

static int twice(int number) { return 2 * number; }
static int (*choose(void))(int) { return twice; }
int doubled(int number) __attribute__((ifunc("choose")));

const char *name_of(int number) { return names[number]; }
int counted(void) { return ++count; }
int is_ready(void) { return ready; }
int filled(void) {
  space[sizeof space - 1] = 1;
  return space[0] + space[sizeof space - 1];
}
