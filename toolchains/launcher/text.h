// Strings and the error line, the same on each system.

#pragma once

#ifdef __APPLE__
#include "libsystem.h"
#else
#include "kernel.h"
#endif

static const char *own_name = "launcher";  // argv[0], for messages

static size_t length(const char *text) {
    size_t n = 0;
    while (text[n]) n++;
    return n;
}

static int contains(const char *text, char wanted) {
    while (*text && *text != wanted) text++;
    return *text == wanted;
}

// What follows `prefix` in `text`, or a null pointer.
static const char *after(const char *text, const char *prefix) {
    while (*prefix)
        if (*text++ != *prefix++) return 0;
    return text;
}

// Writes `number` in decimal so that it ends at `end`, where there is a NUL; gives its first digit.
static char *decimal(char *end, long number) {
    do *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

// Writes `text` so that it ends just before `begin`; gives its own beginning.
static char *prepend(char *begin, const char *text) {
    for (size_t n = length(text); n--;) *--begin = text[n];
    return begin;
}

// What an errno means to a user; the others are told by their number. Of those that Linux and macOS
// number differently, the other's number is none that can happen here. No text: as the next.
static const char *in_words(long error) {
    static const char words[] =
        "\1not permitted\0"
        "\2not found\0"
        "\7arguments and environment are too long\0"
        "\126\0\130\0"  // EBADARCH, EBADMACHO
        "\10not a program for this machine\0"
        "\14not enough memory\0"
        "\15permission denied\0"
        "\24a part of its path is not a directory\0"
        "\77\0\44the path is too long\0"
        "\76\0\50too many symbolic links\0";
    static char number[32];
    int found = 0;
    for (const char *each = words; *each; each += length(each) + 1) {
        found |= *each == error;
        if (found && each[1]) return each + 1;
    }
    return prepend(decimal(number + sizeof number - 1, error), "error ");
}

// One line on stderr, in one write so that it stays whole, and a shell's status for "can't run".
_Noreturn static void fail(const char *what, const char *path, long error) {
    enum { COUNT = 7 };
    const char *texts[COUNT] = {
        own_name, ": cannot ", what, path, error ? ": " : "", error ? in_words(error) : "", "\n",
    };
    struct piece pieces[COUNT];
    for (size_t i = 0; i < COUNT; i++) pieces[i] = (struct piece){texts[i], length(texts[i])};
    write_pieces(STDERR, pieces, COUNT);
    leave(error == ENOENT || error == ENOTDIR ? 127 : 126);
}

// New strings lie one after the other in one buffer and are never freed. It is twice as large as
// the longest string that execve takes (MAX_ARG_STRLEN); pages that aren't touched cost nothing.
static char buffer[256 * 1024];
static char *end = buffer;

static void append_byte(char byte) {
    if (end == buffer + sizeof buffer) fail("start", "", E2BIG);
    *end++ = byte;
}

static void append_part(const char *text, size_t n) {
    while (n--) append_byte(*text++);
}

static void append(const char *text) {
    append_part(text, length(text));
}

// Ends the string that began at `begin`, which is what `end` was then.
static char *finish(char *begin) {
    append_byte(0);
    return begin;
}
