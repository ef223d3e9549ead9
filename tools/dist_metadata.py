"""Writes the metadata of a dist."""

import json
from pathlib import Path
from typing import Any

from absl import flags

from relocatable import checksum, cli, metadata, target, tree_tar
from relocatable.errors import RelocatableError
from relocatable.metadata import Archive, Facts
from relocatable.output import whole

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the dist's tree.", required=True)
_VERIFIED = flags.DEFINE_string("verified", None, "What verify_dist wrote of it.", required=True)
_ARCHIVES = flags.DEFINE_multi_string("archive", [], "FILE=CHECKSUM of an archive of it.")
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_NAME = flags.DEFINE_string("name", None, "The dist's name.", required=True)
_LIBC = flags.DEFINE_string("libc", None, "Whose libc it runs on.", required=True)
_PYTHON_VERSION = flags.DEFINE_string("python_version", None, "Of the Python inside, if any.")
_TOOL_VERSION = flags.DEFINE_string("tool_version", None, "Of rules_relocatable.", required=True)
_OUT = flags.DEFINE_string("out", None, "The metadata.", required=True)


def main() -> None:
    """Reads the flags and writes the file."""
    (tree,) = tree_tar.read_all([_TREE.value])
    requires, waived = _verified(Path(_VERIFIED.value))
    facts = Facts(
        name=_NAME.value,
        target=target.read(Path(_TARGET.value)),
        libc=_LIBC.value,
        baseline=requires.get("GLIBC"),
        python_version=_PYTHON_VERSION.value,
        tool_version=_TOOL_VERSION.value,
        minimum_os=requires.get("macos"),
        waived=waived,
    )
    found = metadata.metadata(tree, facts, [_archive(pair) for pair in _ARCHIVES.value])
    with whole(Path(_OUT.value)) as file:
        file.write(found)


def _verified(verified: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    try:
        found = json.loads(verified.read_bytes())
        return dict(found["requires"]), list(found["waived"])
    except (ValueError, LookupError, TypeError) as error:
        raise RelocatableError(f"{verified}: not what verify_dist writes: {error}") from error


def _archive(pair: str) -> Archive:
    name, equals, digest = pair.partition("=")
    if not equals:
        raise RelocatableError(f"FILE=CHECKSUM is wanted for an archive, found {pair!r}")
    file = Path(name)
    return Archive(file.name, checksum.read(Path(digest)), file.stat().st_size)


if __name__ == "__main__":
    cli.run(main)
