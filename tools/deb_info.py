"""What a .deb says of itself, and its copyright file: read without unpacking the package."""

from pathlib import Path

from absl import flags

from relocatable import cli, deb, deb_control, deb_copyright
from relocatable.errors import RelocatableError
from relocatable.output import scratch_beside, whole

_DEB = flags.DEFINE_string("deb", None, "The .deb file.", required=True)
_CONTROL = flags.DEFINE_string("control", None, "JSON: its fields, and what is beside them.")
_COPYRIGHT = flags.DEFINE_string("copyright", None, "Where its copyright file is to go.")


def main() -> None:
    """Reads the flags and writes what they ask for."""
    if not (_CONTROL.value or _COPYRIGHT.value):
        raise RelocatableError("--control=FILE or --copyright=FILE is wanted")
    path = Path(_DEB.value)
    for out, read in ((_CONTROL.value, _control), (_COPYRIGHT.value, deb_copyright.read)):
        if out:
            with scratch_beside(Path(out)) as scratch:
                data = read(path, scratch)
            with whole(Path(out)) as file:
                file.write(data)


def _control(path: Path, scratch: Path) -> bytes:
    return deb_control.dump(deb_control.data(deb.control(path, scratch)))


if __name__ == "__main__":
    cli.run(main)
