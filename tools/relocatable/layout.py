"""Where things are in a dist."""

LIBRARIES = "lib"
"""Shared libraries, and the loader."""
PROGRAMS = "libexec"
"""Programs whose place a launcher takes."""
