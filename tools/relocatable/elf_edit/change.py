"""What happens to the bytes of one file: it is stripped, then edited, then gets its start."""

from dataclasses import dataclass

from relocatable import content, elf, provenance
from relocatable.content import Content, Extent, Patched, Spliced
from relocatable.elf import NotStrippableError, Plan, StripPlan, plan, plan_start, plan_strip
from relocatable.elf_edit.options import Options
from relocatable.elf_edit.wanted import MachineOf, applicable, edits


@dataclass(frozen=True, slots=True)
class Change:
    """The plans for a file; false if it stays as it is.

    Attributes:
        strip: what is removed.
        edit: what changes of the rest.
        warnings: what its user may not expect.
    """

    strip: StripPlan
    edit: Plan
    start: Plan
    warnings: tuple[str, ...] = ()

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
        edited = self._edited(base)
        if not self.start:
            return edited
        return Patched(content.read(edited), self.start.patches, self.start.append)

    def _edited(self, base: Extent | Spliced) -> Content:
        edit = self.edit
        if edit.replaced is None:
            return Patched(base, edit.patches, edit.append) if edit else base
        start, end = edit.replaced
        parts = (0, start), edit.append, (end, content.size(base))
        return Patched(Spliced.of(base, parts), edit.patches)


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
            strip = plan_strip(
                file,
                data,
                debug_only=options.strip == "debug",
                keep_payload=options.keep_payload,
            )
        except NotStrippableError:
            if named:
                raise
    if strip:
        data = memoryview(strip.apply(data))
        file = elf.read(data, file.name)
    warnings = []
    fitting = applicable(wanted, file)
    if named and fitting != wanted and elf.has_only_debug_information(file, data):
        warnings.append("nothing that a loader reads is edited: it has only debug information")
        named = False
    keep = options.keep_payload
    edit = plan(file, data, wanted if named else fitting, options.page_size, keep_payload=keep)
    if _loses_inheritance(edit):
        warnings.append(
            "its DT_RPATH becomes a DT_RUNPATH, which the libraries that it loads don't inherit;"
            " --force-rpath keeps it a DT_RPATH"
        )
    start = Plan()
    if options.start is not None and (named or file.interpreter is not None):
        data = memoryview(edit.apply(data))
        start = plan_start(elf.read(data, file.name), data, options.start)
    return Change(strip, edit, start, tuple(warnings))


def _loses_inheritance(edit: Plan) -> bool:
    """Whether the search path was a DT_RPATH, and becomes a DT_RUNPATH."""
    changes = {change.kind: change for change in edit.log}
    rpath, runpath = changes.get("rpath"), changes.get("runpath")
    if rpath is None or runpath is None:
        return False
    # Beside a DT_RUNPATH, loaders have never read the DT_RPATH.
    return rpath.after is None and runpath.before is None and runpath.after is not None
