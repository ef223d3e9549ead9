"""Greets whom it is told to."""

import sys

print(f"Hello, {sys.argv[1]}, from {sys.executable}")
