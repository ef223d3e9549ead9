"""What a py_library brings: a module, and data beside it."""

from pathlib import Path


def greet() -> str:
    """Reads the data by its place beside the module."""
    return Path(__file__).with_name("greeting.txt").read_text("utf-8")
