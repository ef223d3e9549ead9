"""Finds the keyring that a source names: one that comes with us, or a file of the workspace."""

from importlib import resources
from pathlib import Path

from relocatable.apt.openpgp import Keyring
from relocatable.deb_lock import Source
from relocatable.errors import RelocatableError

_INCLUDED = resources.files("relocatable.apt") / "keyrings"
INCLUDED = ("debian",)
"""What there is; docs/debs.md says where each is from."""


def keyring(source: Source, workspace: Path) -> Keyring | None:
    """Reads a source's keyring.

    Args:
        source: The source; `None` is for one that is `allow_unsigned`.
        workspace: What the path in the source is below.

    Raises:
        RelocatableError: if there is no such file, or it is no keyring.
    """
    if source.allow_unsigned:
        return None
    if source.keyring in INCLUDED:
        data = (_INCLUDED / f"{source.keyring}.asc").read_bytes()
        return Keyring.parse(data, f"the keyring {source.keyring}")
    path = workspace / source.keyring
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RelocatableError(
            f"source {source.name}: wanted its keyring, a file of public keys, at {path}: "
            f"{error.strerror}; get it from whoever runs the archive, over a way that you trust "
            f"(of keyrings without a file, there is {', '.join(INCLUDED)})"
        ) from error
    return Keyring.parse(data, source.keyring)
