// Embeds Python, and asks it for the value of an expression: calculator '6 * 7'

#include <stdio.h>
#include <wchar.h>

// Of Python.h, whose limited API has these.
void Py_Initialize(void);
int Py_FinalizeEx(void);
int PyRun_SimpleStringFlags(const char *, void *);

static const char SHOW[] =
    "import ctypes, os, ssl, sys, zlib\n"
    "from PIL import Image\n"
    "print('prefix', sys.prefix)\n"
    "print('pixel', Image.new('L', (2, 2), 7).getpixel((1, 1)))\n"
    "print('home of children', os.environ.get('PYTHONHOME'))\n";

int main(int argc, char **argv) {
    char program[4096];
    Py_Initialize();
    if (argc > 1) snprintf(program, sizeof program, "print(%s)", argv[1]);
    int failed = PyRun_SimpleStringFlags(argc > 1 ? program : SHOW, 0);
    fflush(stdout);
    return Py_FinalizeEx() < 0 || failed;
}
