"""What is done to the files of one object format to make them a dist's."""

from typing import Protocol

from relocatable.tree import File


class Relinker(Protocol):
    """Completes a tree, and says what each of its files is to be like.

    Attributes:
        missing: a line for each library that is nowhere, and each file of another machine.
        loader: where the dist's own loader is, once it is closed; None for that of the machine.
    """

    missing: list[str]
    loader: str | None

    def take_programs(self) -> dict[str, str]:
        """Moves programs to where launchers find them; returns where each was and is."""

    def close(self) -> None:
        """Takes from the pool what the files of the tree need and don't have."""

    def loaded(self, path: str) -> set[str]:
        """The file names of all libraries that starting the program at `path` loads."""

    def edited(self, path: str, file: File) -> File:
        """The file at `path` as it is to be in the dist."""
