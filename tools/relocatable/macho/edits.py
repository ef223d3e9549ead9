"""What a file is to be like after an edit, and what has changed then."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

Sign: TypeAlias = Literal["changed", "always", "remove"]
Strip: TypeAlias = Literal["debug", "local"]


class Unchanged(enum.Enum):
    """Stands for whatever the file has."""

    UNCHANGED = enum.auto()


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What a file is to be like afterwards; what is `UNCHANGED`, empty or None stays as it is.

    Attributes:
        install_name: what others that link the library will look for. Ignored for a file that is
            no library.
        replace_dylibs: new names of libraries to load, by old name. Names that the file doesn't
            have are ignored.
        rpaths: all that `@rpath` is to stand for, in order.
        strip: what to leave out of the symbol table: "debug" for notes of where the linker's
            inputs and sources were (`strip -S`), "local" for all symbols that aren't for others
            as well (`strip -x`).
        sign: "changed" to sign a file whose bytes change, if it was signed or its machine demands
            it; "always" to sign in any case; "remove" to have no signature afterwards.
        identifier: what a new signature calls a file that had none; None for the file's name.
    """

    install_name: str | Unchanged = UNCHANGED
    replace_dylibs: Mapping[str, str] = field(default_factory=dict)
    rpaths: Sequence[str] | Unchanged = UNCHANGED
    strip: Strip | None = None
    sign: Sign = "changed"
    identifier: str | None = None


class Edit(NamedTuple):
    """A change of meaning, for the provenance of a file."""

    kind: str
    before: str | None
    after: str | None
