"""The command line of commands that stand in for others: argparse, with errors told in our way."""

import argparse
from pathlib import Path
from typing import NoReturn

from relocatable.errors import RelocatableError


class Parser(argparse.ArgumentParser):
    """Takes files after its options; raises RelocatableError."""

    def __init__(self, name: str, description: str) -> None:
        """Begins the parser of the command `name`."""
        super().__init__(
            prog=name,
            usage="%(prog)s [OPTION]… FILE…",
            description=description,
            allow_abbrev=False,
        )
        self.add_argument("files", nargs="*", type=Path, metavar="FILE", help=argparse.SUPPRESS)

    def error(self, message: str) -> NoReturn:
        """Raises what is wrong."""
        raise RelocatableError(f"{message}; --help lists the options")
