"""Tells its Python and its wheels: what `bin/versions` prints, and what actions run on."""

import platform

import packaging


def main() -> None:
    """Prints both."""
    major, minor, _ = platform.python_version_tuple()
    print(f"Python {major}.{minor}, packaging {packaging.__version__}")


if __name__ == "__main__":
    main()
