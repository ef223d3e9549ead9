"""Compares what is in a dist with the listing that is committed, or writes that anew."""

import os
from pathlib import Path

from absl import flags

from relocatable import cli, listing
from relocatable.errors import RelocatableError
from relocatable.output import whole

_DIST = flags.DEFINE_string("dist", None, "The dist, for people.", required=True)
_LISTING = flags.DEFINE_string("listing", None, "What is in it.", required=True)
_GOLDEN = flags.DEFINE_string("golden", None, "The listing that is committed.", required=True)
_COMMAND = flags.DEFINE_string("command", None, "What writes it anew.", required=True)
_UPDATE = flags.DEFINE_bool("update", False, "Writes it, into the workspace.")


def main() -> None:
    """Reads the flags, and compares or writes."""
    found = listing.parse(Path(_LISTING.value).read_bytes(), _LISTING.value)
    if _UPDATE.value:
        _update(found)
        return
    committed = listing.parse(Path(_GOLDEN.value).read_bytes(), _GOLDEN.value)
    changes = listing.difference(committed, found)
    if changes:
        raise RelocatableError(
            "\n  ".join([f"{_DIST.value} is not as {_GOLDEN.value} has it:", *changes])
            + f"\nIf it is to be so: {_COMMAND.value}"
        )


def _update(found: list[str]) -> None:
    # `bazel run` says here where its user's files are.
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        raise RelocatableError(f"wanted to be run by Bazel: {_COMMAND.value}")
    path = Path(workspace) / _GOLDEN.value
    header = [f"What is in {_DIST.value}. Written by: {_COMMAND.value}"]
    new = listing.golden(found, header).encode()
    old = path.read_bytes() if path.exists() else b""
    if new == old:
        print(f"{_GOLDEN.value} is up to date")
        return
    with whole(path) as file:
        file.write(new)
    changes = listing.difference(listing.parse(old, str(path)), found)
    print(f"{_GOLDEN.value}: {changes[-1] if changes else 'another comment'}")


if __name__ == "__main__":
    cli.run(main)
