/* A library with a path of the machine that builds it, a pointer, and a private function. */
extern int helper(int);
const char *greeting = "moved";
static int twice(int x) { return helper(x) * 2; }
int (*chosen)(int) = twice;
int exported(int x) { return chosen(x); }
