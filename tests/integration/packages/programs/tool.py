"""A program of the build: says what it finds of its own, its dependencies and its Python."""

import sys
from pathlib import Path

import beside
import elftools
import greeting

if __name__ == "__main__":
    data = Path(__file__).with_name("data.txt").read_text(encoding="utf-8").strip()
    print(sys.argv[1:], "in", sys.prefix)
    print(beside.NAME, data, greeting.greet().strip(), elftools.__name__, sep=", ")
