// The few things of macOS that Linux doesn't have, for the launcher's tests there.

#define _GNU_SOURCE
#include <mach-o/dyld.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

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

int _NSGetExecutablePath(char *path, uint32_t *size) {
    const char *started = executed();
    size_t needed = strlen(started) + 1;
    if (needed > *size) {
        *size = (uint32_t)needed;
        return -1;
    }
    memcpy(path, started, needed);
    return 0;
}

int launcher_main(int argc, char **argv, char **environ, char **apple);

// As the kernel of macOS calls it, with a fourth argument.
int main(int argc, char **argv, char **environ) {
    static char path[1 << 16];
    snprintf(path, sizeof path, "executable_path=%s", executed());
    char *apple[] = {path, 0};
    return launcher_main(argc, argv, environ, apple);
}
