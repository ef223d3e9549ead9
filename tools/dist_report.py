"""Writes reports of a dist: its linkage as JSON, or a page with everything at a glance."""

import json
from pathlib import Path
from typing import Any

from absl import flags

from relocatable import cli, diff, provenance, target, tree_tar
from relocatable.closure import Options
from relocatable.errors import RelocatableError
from relocatable.layout import DEFAULT
from relocatable.output import whole
from relocatable.provenance import Origin
from relocatable.relocate import Libc
from relocatable.report import linkage, page

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the dist's tree.", required=True)
_KEPT = flags.DEFINE_multi_string("kept", [], "PROVENANCE=LABEL of a tree that is kept whole.")
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_LIBC = flags.DEFINE_enum_class("libc", Libc.BUNDLED, Libc, "Whose C library programs run on.")
_LIBRARIES = flags.DEFINE_string("libraries", DEFAULT.libraries, "Where the loader's are.")
_METADATA = flags.DEFINE_string("metadata", None, "The dist's metadata; for the page.")
_PREVIOUS = flags.DEFINE_string("previous", None, "Metadata of a former dist; for the page.")
_LINKAGE = flags.DEFINE_string("linkage", None, "The linkage, to be written.")
_PAGE = flags.DEFINE_string("page", None, "The page, to be written.")


def main() -> None:
    """Reads the flags and writes what is asked for."""
    (tree,) = tree_tar.read_all([_TREE.value])
    facts = target.read(Path(_TARGET.value))
    own = _LIBC.value is Libc.BUNDLED
    options = Options(
        host=frozenset(() if own else facts.system_libraries),
        library_path=(_LIBRARIES.value,) if own else None,
        system_prefixes=facts.system_prefixes,
    )
    kept = _kept()
    found = linkage.document(tree, options, kept, None if facts.is_elf else facts.machine)
    if _LINKAGE.value:
        with whole(Path(_LINKAGE.value)) as file:
            file.write((json.dumps(found, indent=1) + "\n").encode())
    if _PAGE.value:
        written = page.page(tree, _metadata(), found, kept, _changes())
        with whole(Path(_PAGE.value)) as file:
            file.write(written)


def _kept() -> dict[Origin, str]:
    kept: dict[Origin, str] = {}
    for pair in _KEPT.value:
        path, equals, label = pair.partition("=")
        if not equals:
            raise RelocatableError(f"--kept={pair}: PROVENANCE=LABEL is wanted")
        for record in provenance.read(Path(path)).values():
            kept.setdefault(record.origin, label)
    return kept


def _metadata() -> dict[str, Any]:
    if not _METADATA.value:
        raise RelocatableError("--page wants --metadata")
    diff.read(Path(_METADATA.value))  # Says in one line what is wrong with it.
    read: dict[str, Any] = json.loads(Path(_METADATA.value).read_bytes())
    return read


def _changes() -> dict[str, Any] | None:
    if not _PREVIOUS.value:
        return None
    old, new = diff.read(Path(_PREVIOUS.value)), diff.read(Path(_METADATA.value or ""))
    changes: dict[str, Any] = json.loads(diff.document(diff.compare(old, new)))
    # Where they lay when this was built says nothing to who reads it.
    return changes | {"old": Path(old.name).name, "new": Path(new.name).name}


if __name__ == "__main__":
    cli.run(main)
