"""What happens to the bytes of one file: it is stripped, then edited, then gets its start."""

from dataclasses import dataclass

from relocatable import content, elf, provenance
from relocatable.content import Content, Extent, Patched, Spliced
from relocatable.elf import NotStrippableError, Plan, StripPlan, plan, plan_start, plan_strip
from relocatable.elf_edit.options import Options
from relocatable.elf_edit.wanted import MachineOf, applicable, edits


@dataclass(frozen=True, slots=True)
class Change:
    """The plans for a file; false if it stays as it is."""

    strip: StripPlan
    edit: Plan
    start: Plan

    def __bool__(self) -> bool:
        """Whether the file changes."""
        return bool(self.strip or self.edit or self.start)

    @property
    def log(self) -> tuple[provenance.Edit, ...]:
        """What changes, for the file's provenance."""
        log = (*self.strip.log, *self.edit.log, *self.start.log)
        return tuple(provenance.Edit(edit.kind, edit.before, edit.after) for edit in log)

    def apply(self, old: Extent) -> Content:
        """The file afterwards."""
        base = Spliced.of(old, self.strip.parts) if self.strip else old
        edited = Patched(base, self.edit.patches, self.edit.append) if self.edit else base
        if not self.start:
            return edited
        return Patched(content.read(edited), self.start.patches, self.start.append)


def plan_change(
    options: Options, file: elf.Elf, data: memoryview, machine_of: MachineOf, *, named: bool
) -> Change:
    """Plans what a command line means for a file.

    Args:
        options: the command line.
        file: what `elf.read` found in `data`.
        data: the file.
        machine_of: finds libraries, for `--shrink-rpath`.
        named: whether the user means this very file: then what it has no place for is an error,
            which it isn't for one of many in a directory.

    Raises:
        RelocatableError: if the file can't be edited so.
    """
    wanted = edits(options, file, machine_of)
    strip = StripPlan()
    if options.strip is not None:
        try:
            strip = plan_strip(file, data, debug_only=options.strip == "debug")
        except NotStrippableError:
            if named:
                raise
    if strip:
        data = memoryview(strip.apply(data))
        file = elf.read(data, file.name)
    if not named:
        wanted = applicable(wanted, file)
    edit = plan(file, data, wanted, options.page_size)
    start = Plan()
    if options.start is not None and (named or file.interpreter is not None):
        data = memoryview(edit.apply(data))
        start = plan_start(elf.read(data, file.name), data, options.start)
    return Change(strip, edit, start)
