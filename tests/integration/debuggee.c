// What the LLDB of the dist debugs: prints the environment that it was given, then a square.

#include <stdio.h>

extern char **environ;

static int square(int number) {
    int result = number * number;
    return result;
}

int main(void) {
    for (char **entry = environ; *entry; entry++) {
        printf("env %s\n", *entry);
    }
    printf("square %d\n", square(7));
    return 3;
}
