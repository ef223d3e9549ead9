// Counts the words of its arguments, and says how many bits it takes to number them.
#include <ctype.h>
#include <math.h>
#include <stdio.h>

static unsigned words(const char *text) {
  unsigned found = 0;
  for (int inside = 0; *text; text++) {
    int letter = !isspace((unsigned char)*text);
    found += letter && !inside;
    inside = letter;
  }
  return found;
}

int main(int count, char **arguments) {
  unsigned found = 0;
  for (int each = 1; each < count; each++) found += words(arguments[each]);
  printf("%u words, %.0f bits\n", found, ceil(log2(found + 1.0)));
  return 0;
}
