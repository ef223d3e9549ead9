"""What a provenance says, against the files: `prove` of one, `verify` of a tree."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from relocatable import content, elf, macho
from relocatable.edit_log.compare import Proof, changed, must_be_same
from relocatable.edit_log.elf_proof import prove_elf
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin
from relocatable.tree import File, Tree


@dataclass(slots=True)
class Report:
    """What was looked at, and everything that is wrong with it.

    Attributes:
        unchanged: files that are byte for byte their originals.
        edited: ELF and Mach-O files that are their originals but for what is logged.
        changed: bytes in these that replace others.
        other: files that are made, or edited, in another way than `elf` and `macho` do.
        problems: what is wrong.
    """

    unchanged: int = 0
    edited: int = 0
    changed: int = 0
    other: int = 0
    problems: list[str] = field(default_factory=list)


def prove(name: str, before: memoryview, after: memoryview, log: Sequence[Edit]) -> Proof:
    """Proves that `after` is `before` with the edits of `log`, and nothing else.

    Args:
        name: how errors call the file.
        before: the original.
        after: the edited file.
        log: the edits, in order, as a provenance has them.

    Raises:
        RelocatableError: if it isn't, or if the log says what no edit does.
    """
    proof = prove_elf if elf.is_elf(before[:4]) else _prove_macho
    return proof(name, before, after, log)


def verify(tree: Tree, originals: Iterable[Tree]) -> Report:
    """Proves all that the provenance of a tree says about its ELF files, and of unedited ones.

    Args:
        tree: the tree.
        originals: trees that hold the files it is made of, as they were unpacked.
    """
    known: dict[Origin, list[File]] = defaultdict(list)
    for original in originals:
        for _, file in original.files():
            known[file.record.origin].append(file)
    report = Report()
    for path, file in tree.files():
        try:
            _verify_file(path, file, known, report)
        except RelocatableError as error:
            report.problems.append(str(error))
    return report


def _verify_file(
    path: str, file: File, known: Mapping[Origin, Sequence[File]], report: Report
) -> None:
    edits = file.record.edits
    if file.record.origin not in known:
        if isinstance(file.record.origin.source, str):
            report.other += 1  # Made by a rule.
            return
        raise RelocatableError(
            f"{path} comes from {file.record.origin}, which is in none of the trees"
        )
    # A tree may have a file as another has edited it.
    earlier = [
        original
        for original in known[file.record.origin]
        if edits[: len(original.record.edits)] == original.record.edits
    ]
    if not earlier:
        raise RelocatableError(f"{path}: its edits don't begin with those of its original")
    original = max(earlier, key=lambda candidate: len(candidate.record.edits))
    edits = edits[len(original.record.edits) :]
    if not edits:
        if not content.equal(original.content, file.content):
            raise RelocatableError(
                f"{path} has other bytes than {file.record.origin}, and no edit is logged"
            )
        report.unchanged += 1
        return
    before, after = content.view(original.content), content.view(file.content)
    if not (elf.is_elf(before[:4]) or macho.is_macho(before) or macho.is_universal(before[:8])):
        report.other += 1
        return
    report.changed += prove(path, before, after, edits).changed
    report.edited += 1


def _prove_macho(name: str, before: memoryview, after: memoryview, log: Sequence[Edit]) -> Proof:
    edits = [macho.Edit(edit.what, edit.before, edit.after) for edit in log]
    made = memoryview(macho.replay(before, name, edits))
    if len(made) != len(after):
        raise RelocatableError(
            f"{name} should have {len(made)} bytes by its log, found {len(after)}"
        )
    must_be_same(name, 0, made, after, "of the original or of the logged edits")
    same = min(len(before), len(after))
    return Proof(changed(before[:same], after[:same]), len(after) - len(before))
