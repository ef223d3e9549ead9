// Whether the C library finds a locale, which it looks for by name; modelled in Python by
// `relocatable.launcher.locales`, where the sources are told.

#pragma once

#include "text.h"

#define LOCALES "/usr/lib/locale"

// The letter in lower case, the digit as it is, or 0.
static char letter_or_digit(char byte) {
    char lower = byte | 0x20;
    if (lower >= 'a' && lower <= 'z') return lower;
    return byte >= '0' && byte <= '9' ? byte : 0;
}

// A name with its codeset as glibc has it in names of files: UTF-8 is utf8, 8859-1 iso88591.
static const char *normal_locale(const char *name) {
    char *begin = end;
    while (*name && *name != '.' && *name != '@') append_byte(*name++);
    if (*name == '.' && name[1] && name[1] != '@') {
        append_byte(*name++);
        int digits = 1;
        for (const char *each = name; *each && *each != '@'; each++)
            if (letter_or_digit(*each) > '9') digits = 0;
        if (digits) append("iso");
        for (; *name && *name != '@'; name++)
            if (letter_or_digit(*name)) append_byte(letter_or_digit(*name));
    }
    append(name);
    return finish(begin);
}

// Of struct locarhead, its beginning, and struct namehashent.
struct locale_archive {
    unsigned magic, serial, names, names_used, names_size, strings, strings_used, strings_size;
};
struct locale_name {
    unsigned hash, text, record;
};

static int same_at(long file, size_t place, const char *wanted) {
    char found[64];
    size_t n = length(wanted) + 1;
    if (n > sizeof found || read_at(file, found, n, place) != (long)n) return 0;
    while (n--)
        if (found[n] != wanted[n]) return 0;
    return 1;
}

static int in_archive(long file, const char *name) {
    struct locale_archive head;
    if (read_at(file, &head, sizeof head, 0) != sizeof head || head.magic != 0xde020109) return 0;
    if (head.names_size <= 2) return 0;
    unsigned hash = (unsigned)length(name);
    for (const char *each = name; *each; each++)
        hash = (hash << 9 | hash >> 23) + (unsigned char)*each;
    if (!hash) hash = ~0u;
    size_t at = hash % head.names_size, step = 1 + hash % (head.names_size - 2);
    for (size_t tries = head.names_size; tries--; at = (at + step) % head.names_size) {
        struct locale_name entry;
        size_t place = head.names + at * sizeof entry;
        if (read_at(file, &entry, sizeof entry, place) != sizeof entry || !entry.text) return 0;
        if (entry.hash == hash && same_at(file, entry.text, name)) return entry.record != 0;
    }
    return 0;
}

// Looks in one directory, with and without a modifier.
static int in_directory(const char *place, size_t n, const char *name) {
    for (int whole = 1; whole >= 0; whole--) {
        char *path = end;
        append_part(place, n);
        append_byte('/');
        for (const char *each = name; *each && (whole || *each != '@'); each++) append_byte(*each);
        append("/LC_CTYPE");
        if (!access_path(finish(path))) return 1;
        if (!contains(name, '@')) break;
    }
    return 0;
}

// `places` is LOCPATH: the archive counts without that only.
static int is_locale(const char *name, const char *places) {
    if (contains(name, '/')) return 0;
    const char *names[] = {normal_locale(name), name};
    long file = *places ? -1 : open_file(LOCALES "/locale-archive");
    if (file >= 0) {
        int found = in_archive(file, names[0]);
        close_file(file);
        if (found) return 1;
    }
    for (int which = 0; which < 2; which++) {
        if (in_directory(LOCALES, sizeof LOCALES - 1, names[which])) return 1;
        for (const char *place = places; *place;) {
            size_t n = 0;
            while (place[n] && place[n] != ':') n++;
            if (n && in_directory(place, n, names[which])) return 1;
            place += n + (place[n] == ':');
        }
    }
    return 0;
}
