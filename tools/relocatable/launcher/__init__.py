"""Launchers: they find out where the dist lies, and start a program of it from there.

`settings` says what one does. There are two kinds, which do the same: `native`, a small static
program, and `shell`, a text.
"""

from relocatable.launcher import native, shell
from relocatable.launcher.native import Command, command, patch
from relocatable.launcher.settings import KEPT, RESTORE, ROOT, ROOT_WITHOUT_COLON, SELF, Settings

__all__ = (
    "KEPT",
    "RESTORE",
    "ROOT",
    "ROOT_WITHOUT_COLON",
    "SELF",
    "Command",
    "Settings",
    "changed",
    "command",
    "is_launcher",
    "patch",
    "read",
    "shell",
)


def is_launcher(data: bytes) -> bool:
    """Says whether a file's bytes are a launcher's, of either kind."""
    return shell.is_launcher(data) or native.is_launcher(data)


def read(data: bytes) -> Settings:
    """Gives back the settings of a launcher's file.

    Raises:
        RelocatableError: if it is no launcher, has no settings yet, or they are damaged.
    """
    return shell.read(data) if shell.is_launcher(data) else native.read(data)


def changed(data: bytes, settings: Settings) -> bytes:
    """Gives a launcher of the same kind that does what `settings` say; errors as for `read`."""
    return shell.text(settings) if shell.is_launcher(data) else patch(data, settings)
