"""Finds the keyring that a source names: one that comes with us, or a file of the workspace."""

from importlib import resources
from pathlib import Path

from relocatable.apt.openpgp import Keyring
from relocatable.deb_lock import Source

_INCLUDED = resources.files("relocatable.apt") / "keyrings"
INCLUDED = ("debian",)
"""What there is; docs/debs.md says where each is from."""


def keyring(source: Source, workspace: Path) -> Keyring | None:
    """Reads a source's keyring.

    Args:
        source: The source; `None` is for one that is `allow_unsigned`.
        workspace: What the path in the source is below.

    Raises:
        OSError: if there is no such file.
        RelocatableError: if it is no keyring.
    """
    if source.allow_unsigned:
        return None
    if source.keyring in INCLUDED:
        data = (_INCLUDED / f"{source.keyring}.asc").read_bytes()
        return Keyring.parse(data, f"the keyring {source.keyring}")
    return Keyring.parse((workspace / source.keyring).read_bytes(), source.keyring)
