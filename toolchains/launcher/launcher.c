// Starts a program of a dist from wherever the dist lies: finds itself, and from that the dist's
// directory, makes the arguments and the environment that its settings ask for, and execs.
//
// It exists because a program's ELF header and many variables can hold absolute paths only. On Linux
// it is static and free of any C library, so that it runs on each Linux of its machine and costs
// nothing next to what it starts; on macOS it goes through the system's library, as all programs have
// to. What it does is told in docs/launcher.md, and modelled in Python by
// `relocatable.launcher.command`.

#include "settings.h"
#include "text.h"

#ifdef __APPLE__
#include "place_macos.h"
#else
#include "locale_linux.h"
#include "place_linux.h"
#endif

#define RESTORE "RELOCATABLE_RESTORE_"

// Python and others split some variables at ':', with no way to quote it. A root that has one is
// then called by another name, if the system has one for it.
static const char *without_colon(struct place *place) {
    if (!place->colonless) {
        place->colonless = contains(place->root, ':') ? other_name(place) : place->root;
    }
    return place->colonless;
}

// Whether `path` leads to this very file. A bare name is no path: others look for it on PATH.
static int leads_here(const struct place *place, const char *path) {
    struct status own, found;
    return path && contains(path, '/') && !status_of(place->file, &own) &&
           !status_of(path, &found) && found.inode == own.inode && found.device == own.device;
}

// A path that leads to this file, for a program that looks around there. The user's own is the
// first choice: a link may mean something by its place (Python's virtual environments do). But
// argv[0] can be made up, or a bare name; and what started a script is the script's path.
static const char *self(const struct place *place) {
    if (leads_here(place, own_name)) return own_name;
    if (leads_here(place, place->started)) return place->started;
    return real_path(place);
}

static char *expand(const char *template, struct place *place) {
    char *begin = end;
    for (; *template; template++) {
        const char *text;
        switch (*template) {
            case ROOT: text = place->root; break;
            case COLONLESS: text = without_colon(place); break;
            case NAME: append(own_name); continue;
            case SELF: append(self(place)); continue;
            default: append_byte(*template); continue;
        }
        append(text);
        if (!*text && template[1] != '/') append_byte('/');
    }
    return finish(begin);
}

// The length of the NAME in NAME=value.
static size_t name_length(const char *entry) {
    size_t n = 0;
    while (entry[n] && entry[n] != '=') n++;
    return n;
}

static int same_name(const char *a, const char *b) {
    size_t n = name_length(a);
    if (n != name_length(b)) return 0;
    while (n--)
        if (a[n] != b[n]) return 0;
    return 1;
}

struct environment {
    char **entries;
    size_t count;
};

static void add(struct environment *environment, char *entry) {
    environment->entries[environment->count++] = entry;
}

// Removes all entries of a name (there may be several); gives the first one's "=value", or null.
static const char *remove(struct environment *environment, const char *name) {
    const char *value = 0;
    size_t kept = 0;
    for (size_t i = 0; i < environment->count; i++) {
        char *entry = environment->entries[i];
        if (!same_name(entry, name)) environment->entries[kept++] = entry;
        else if (!value) value = entry + name_length(entry);
    }
    environment->count = kept;
    return value;
}

// Copies `from` and undoes what an outer launcher did whose program has not cleaned up: this
// program is a child of that one, and has its own settings.
static void restore(struct environment *environment, char **from) {
    for (char **entry = from; *entry; entry++)
        if (!after(*entry, RESTORE)) add(environment, *entry);
    for (; *from; from++) {
        char *name = (char *)after(*from, RESTORE);
        if (!name) continue;
        remove(environment, name);
        size_t n = name_length(name);
        if (name[n] != '=' || name[n + 1] != '=') continue;  // was not set
        // NAME==value becomes NAME=value by moving NAME; the bytes are this process's own.
        for (size_t i = n; i--;) name[i + 1] = name[i];
        add(environment, name + 1);
    }
}

// Sets or, without a new entry, removes a name; notes for the program's start-up what was there.
static void change(struct environment *environment, const char *name, char *entry) {
    const char *old = remove(environment, name);
    if (entry) add(environment, entry);
    else if (!old) return;
    char *note = end;
    append(RESTORE);
    append_part(name, name_length(name));
    append_byte('=');
    if (old) append(*old ? old : "=");
    finish(note);
    // Of what was changed before, the first note says what the user had.
    for (size_t i = 0; i < environment->count; i++)
        if (same_name(environment->entries[i], note)) return;
    add(environment, note);
}

// Removes a name or, if it ends with '*', all names that begin so.
static void unset(struct environment *environment, const char *name) {
    size_t n = length(name) - 1;
    if (name[n] != '*') return change(environment, name, 0);
    for (size_t i = 0; i < environment->count;) {
        char *entry = environment->entries[i];
        size_t same = 0;
        while (same < n && entry[same] == name[same]) same++;
        if (same == n) change(environment, entry, 0);  // another takes its place in the list
        else i++;
    }
}

// The value of a name in the environment, empty if there is none.
static const char *value_of(const struct environment *environment, const char *name) {
    for (size_t i = 0; i < environment->count; i++) {
        const char *entry = environment->entries[i];
        const char *value = entry + name_length(entry);
        if (same_name(entry, name)) return *value ? value + 1 : value;
    }
    return "";
}

// Whether nobody has chosen a locale but one that each machine ought to have: see locale(7). Who has
// set LC_ALL to C wants just that.
static int in_c_locale(const struct environment *environment) {
    const char *value = value_of(environment, "LC_ALL");
    if (*value) return after(value, "C.") != 0;
    value = value_of(environment, "LC_CTYPE");
    if (!*value) value = value_of(environment, "LANG");
    const char *rest = after(value, "POSIX");
    return !*value || (rest && !*rest) || (value[0] == 'C' && (!value[1] || value[1] == '.'));
}

// Whether a locale is chosen, and the C library won't find it. On macOS, each one is the system's.
static int in_lost_locale(const struct environment *environment) {
#ifdef __APPLE__
    (void)environment;
    return 0;
#else
    const char *value = value_of(environment, "LC_ALL");
    if (!*value) value = value_of(environment, "LC_CTYPE");
    if (!*value) value = value_of(environment, "LANG");
    const char *rest = after(value, "POSIX");
    if (!*value || (rest && !*rest) || (value[0] == 'C' && !value[1])) return 0;
    return !is_locale(value, value_of(environment, "LOCPATH"));
#endif
}

// Sets a name for the program's children as well: there is no note.
static void set_for_all(struct environment *environment, char *entry) {
    remove(environment, entry);
    add(environment, entry);
}

// Names a file for a program to look at, unless the user has.
static void set_file(struct environment *environment, char *entry) {
    if (*value_of(environment, entry) || access_path(entry + name_length(entry) + 1)) return;
    change(environment, entry, entry);
}

// What the system hands to a new process; each has its own way.
struct process {
    size_t argc;
    char **argv;
    char **environ;
    const char *started;  // by which path it was asked to start this, maybe a script's; or null
    int other_user;       // whether it was given the privileges of another
};

_Noreturn static void run(const struct process *process) {
    size_t argc = process->argc;
    char **argv = process->argv;
    size_t variables = 0;
    while (process->environ[variables]) variables++;

    // Linux makes one empty argument of none; both are no name.
    if (argc && *argv[0]) own_name = argv[0];
    else if (process->started) own_name = process->started;

    const struct settings *settings = read_settings();
    if (!settings->size) fail("start: its settings are empty", "", 0);
    // With raised privileges whoever starts it could choose what runs, by a link or by the
    // environment.
    if (process->other_user)
        fail("start with the privileges of another user (setuid, setgid)", "", 0);
    struct place place = find_place(settings->depth, process->started);

    size_t records = 0;
    for (size_t i = 0; i < settings->size; i++) records += !settings->records[i];
    char *arguments[records + argc + 1];
    char *entries[variables + 2 * records + 1];
    struct environment environment = {entries, 0};
    restore(&environment, process->environ);

    const char *program = 0;
    size_t n = 0;
    const char *record = settings->records;
    for (; records--; record += length(record) + 1) {
        const char *template = record + 1;
        switch (*record) {
            case EXECUTE: program = expand(template, &place); break;
            case ARGUMENT: arguments[n++] = expand(template, &place); break;
            case SET: change(&environment, template, expand(template, &place)); break;
            case SET_IN_C:
                if (!in_c_locale(&environment)) break;
                change(&environment, template, expand(template, &place));
                break;
            case SET_LOST:
                if (!in_lost_locale(&environment)) break;
                change(&environment, template, expand(template, &place));
                break;
            case SET_INHERITED: set_for_all(&environment, expand(template, &place)); break;
            case SET_FILE: set_file(&environment, expand(template, &place)); break;
            case UNSET: unset(&environment, template); break;
        }
    }
    for (size_t i = 1; i < argc; i++) arguments[n++] = argv[i];
    arguments[n] = 0;
    entries[environment.count] = 0;

    long error = -execute(program, arguments, entries);
    // Not found though it is there: the loader that it asks for isn't.
    if (error == ENOENT && access_path(program) == 0) error = ENOEXEC;
    fail("run ", program, error);
}

#ifdef __APPLE__

// The system's path of what it started is the first of what it tells besides.
int main(int argc, char **argv, char **environ, char **apple) {
    const struct process process = {
        .argc = (size_t)argc,
        .argv = argv,
        .environ = environ,
        .started = apple[0] ? after(apple[0], "executable_path=") : 0,
        .other_user = raised_privileges(),
    };
    run(&process);
}

#else

// A value that the kernel hands over, or 0. See getauxval(3).
static size_t auxiliary(const size_t *pairs, size_t type) {
    while (pairs[0] != AT_NULL && pairs[0] != type) pairs += 2;
    return pairs[0] == type ? pairs[1] : 0;
}

_Noreturn void start(size_t *stack) {
    char **argv = (char **)(stack + 1);
    char **environ = argv + *stack + 1;
    char **end_of_environ = environ;
    while (*end_of_environ) end_of_environ++;
    const size_t *kernel = (size_t *)(end_of_environ + 1);
    const struct process process = {
        .argc = *stack,
        .argv = argv,
        .environ = environ,
        .started = (const char *)auxiliary(kernel, AT_EXECFN),
        // Not AT_SECURE: a change of SELinux domain sets that too, and is harmless.
        .other_user = auxiliary(kernel, AT_UID) != auxiliary(kernel, AT_EUID) ||
                      auxiliary(kernel, AT_GID) != auxiliary(kernel, AT_EGID),
    };
    run(&process);
}

#endif
