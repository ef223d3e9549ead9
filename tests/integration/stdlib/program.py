"""A program whose imports are the roots of a library."""

import argparse
from http.server import BaseHTTPRequestHandler


def main() -> None:
    """Imports late, which counts as well."""
    import sqlite3  # noqa: PLC0415

    print(argparse, BaseHTTPRequestHandler, sqlite3)


if __name__ == "__main__":
    main()
