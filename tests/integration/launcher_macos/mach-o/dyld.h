// What the launcher takes of macOS's header of this name, for its tests on Linux.

#pragma once

#include <stdint.h>

int _NSGetExecutablePath(char *path, uint32_t *size);
