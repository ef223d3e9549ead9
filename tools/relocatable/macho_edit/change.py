"""What happens to the bytes of one file."""

from dataclasses import dataclass

from relocatable import macho, provenance
from relocatable.content import Content, Extent, Spliced
from relocatable.macho import NotEditableError, Plan
from relocatable.macho_edit.options import Options
from relocatable.macho_edit.wanted import edits


@dataclass(frozen=True, slots=True)
class Change:
    """The plan for a file; false if it stays as it is."""

    plan: Plan

    def __bool__(self) -> bool:
        """Whether the file changes."""
        return bool(self.plan)

    @property
    def log(self) -> tuple[provenance.Edit, ...]:
        """What changes, for the file's provenance."""
        return tuple(provenance.Edit(edit.kind, edit.before, edit.after) for edit in self.plan.log)

    def apply(self, old: Extent) -> Content:
        """The file afterwards."""
        return Spliced.of(old, self.plan.parts) if self.plan else old


def plan_change(options: Options, data: memoryview, name: str, *, named: bool) -> Change:
    """Plans what a command line means for a file.

    Args:
        options: the command line.
        data: the file.
        name: how errors call it.
        named: whether the user means this very file: then what it has no place for is an error,
            which it isn't for one of many in a directory.

    Raises:
        RelocatableError: if the file can't be edited so.
    """
    if options.extract is not None:
        return Change(macho.plan_extract(data, name, options.extract))
    if not options.edits:
        return Change(Plan())
    try:
        return Change(macho.plan(data, name, lambda file: edits(options, file, named=named)))
    except NotEditableError:
        if named:
            raise
        return Change(Plan())
