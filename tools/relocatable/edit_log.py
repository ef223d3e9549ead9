"""Proves what a provenance says: that a file is its original but for the edits that are logged.

Nothing of the plans that were carried out is kept. They are made again, from the original's bytes
and the log alone; a byte that they don't name must be the original's, wherever it now is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from relocatable import content, elf, macho
from relocatable.content import CHUNK
from relocatable.elf import Edits, Elf, Plan, StripPlan
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin
from relocatable.tree import File, Tree

_STRIPPED: Final = frozenset({"sections", "symbols", "section numbers of dynamic symbols"})
"""What `elf.plan_strip` logs."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What an edited file has of its own.

    Attributes:
        changed: bytes that replace others.
        added: bytes by which the file is longer; negative if it is shorter.
    """

    changed: int
    added: int


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
    if not elf.is_elf(before[:4]):
        return _prove_macho(name, before, after, log)
    strip, rest = _stripping(name, before, log)
    base = memoryview(strip.apply(before)) if strip else before
    file = elf.read(base, name)
    plan = elf.plan(file, base, edits_of(file, rest), _page_size(rest))
    again = _as_logged(plan.log)
    if again != rest:
        raise RelocatableError(f"{name}: the log says {_told(rest)}; made again, {_told(again)}")
    _compare(name, base, after, plan)
    changed = sum(len(patch) for _, patch in plan.patches)
    return Proof(changed, len(after) - len(before))


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


def edits_of(file: Elf, log: Sequence[Edit]) -> Edits:
    """What `elf.plan` was asked for, if it has logged `log`.

    Raises:
        RelocatableError: if it never logs that.
    """
    asked: dict[str, Any] = {}
    replaced: dict[str, str] = {}
    removed, added, unversioned = list[str](), list[str](), list[str]()
    paths = {"rpath": file.rpath, "runpath": file.runpath}
    for edit in log:
        match edit:
            case Edit("needed", str(before), str(after)):
                replaced[before] = after
            case Edit("needed", str(before), None):
                removed.append(before)
            case Edit("needed", None, str(after)):
                added.append(after)
            case Edit("symbol-version", _, str(name)):
                unversioned.append(name)
            case Edit("required-version"):
                pass  # It goes with the last symbol that has it.
            case Edit("page-size", None, str(after)) if after.isdecimal():
                pass  # How, not what: see _page_size.
            case Edit("rpath" | "runpath" as tag, _, after):
                paths[tag] = after
                asked |= _search_path(paths)
            case Edit("soname", _, after):
                asked["soname"] = after
            case Edit("interpreter", _, str(after)):
                asked["interpreter"] = after
            case Edit("executable-stack", _, ("yes" | "no") as after):
                asked["executable_stack"] = after == "yes"
            case Edit("os-abi", _, str(after)) if after.isdigit():
                asked["os_abi"] = int(after)
            case Edit("build-id", _, None):
                asked["drop_build_id"] = True
            case Edit("no-default-libraries", None, "yes"):
                asked["no_default_libraries"] = True
            case Edit("debug-tag", None, "yes"):
                asked["add_debug_tag"] = True
            case _:
                raise RelocatableError(
                    f"{file.name}: no edit of ELF files is logged as {_told([edit])}"
                )
    return Edits(
        replace_needed=replaced,
        remove_needed=removed,
        add_needed=added,
        clear_symbol_versions=unversioned,
        **asked,
    )


def _page_size(log: Sequence[Edit]) -> int | None:
    """The page size that edits were planned with, in bytes; None for that of the machine."""
    sizes = [edit.after for edit in log if edit.what == "page-size"]
    return int(sizes[-1]) if sizes and sizes[-1] else None


def _search_path(paths: Mapping[str, str | None]) -> dict[str, str | None]:
    """The edit that leaves these; RUNPATH wins, as it does when it is read."""
    for tag in ("runpath", "rpath"):
        if paths[tag] is not None:
            return {"search_path": paths[tag], "search_path_tag": tag}
    return {"search_path": None}


def _stripping(
    name: str, before: memoryview, log: Sequence[Edit]
) -> tuple[StripPlan, tuple[Edit, ...]]:
    """The plan that the first entries of a log are from, and the entries after them."""
    count = next((i for i, edit in enumerate(log) if edit.what not in _STRIPPED), len(log))
    strip_log, rest = tuple(log[:count]), tuple(log[count:])
    if not strip_log:
        return StripPlan(), rest
    file = elf.read(before, name)
    # The log says what is gone, not what was asked for.
    for debug_only in (True, False):
        plan = elf.plan_strip(file, before, debug_only=debug_only)
        if _as_logged(plan.log) == strip_log:
            return plan, rest
    raise RelocatableError(f"{name}: the log says {_told(strip_log)}, which stripping doesn't make")


def _as_logged(log: Iterable[elf.Edit]) -> tuple[Edit, ...]:
    return tuple(Edit(edit.kind, edit.before, edit.after) for edit in log)


def _told(log: Sequence[Edit]) -> str:
    return "; ".join(f"{edit.what}: {edit.before} -> {edit.after}" for edit in log) or "nothing"


def _prove_macho(name: str, before: memoryview, after: memoryview, log: Sequence[Edit]) -> Proof:
    edits = [macho.Edit(edit.what, edit.before, edit.after) for edit in log]
    made = memoryview(macho.replay(before, name, edits))
    if len(made) != len(after):
        raise RelocatableError(
            f"{name} should have {len(made)} bytes by its log, found {len(after)}"
        )
    _same(name, 0, made, after, "of the original or of the logged edits")
    same = min(len(before), len(after))
    return Proof(_changed(before[:same], after[:same]), len(after) - len(before))


def _compare(name: str, base: memoryview, after: memoryview, plan: Plan) -> None:
    """Compares a file with what a plan makes of `base`, which is never put together."""
    size = len(base) + len(plan.append)
    if len(after) != size:
        raise RelocatableError(f"{name} should have {size} bytes by its log, found {len(after)}")
    for offset, wanted, source in _runs(base, plan):
        _same(name, offset, wanted, after, source)


def _same(name: str, offset: int, wanted: memoryview, after: memoryview, source: str) -> None:
    difference = first_difference(wanted, after[offset : offset + len(wanted)])
    if difference is not None:
        raise RelocatableError(f"{name}: the byte at {offset + difference:#x} is not that {source}")


def _runs(base: memoryview, plan: Plan) -> Iterator[tuple[int, memoryview, str]]:
    """The file that a plan makes, in runs: each one's offset, bytes, and whose they are."""
    end = 0
    for offset, patch in plan.patches:
        yield end, base[end:offset], "of the original"
        yield offset, memoryview(patch), "of the logged edits"
        end = offset + len(patch)
    yield end, base[end:], "of the original"
    yield len(base), memoryview(plan.append), "of the logged edits"


def first_difference(left: memoryview, right: memoryview) -> int | None:
    """Where two files of one size differ first, or None."""
    for start in range(0, len(left), CHUNK):
        # Copies are compared ten times as fast as views.
        old, new = bytes(left[start : start + CHUNK]), bytes(right[start : start + CHUNK])
        if old != new:
            pairs = enumerate(zip(old, new, strict=True))
            return start + next(index for index, (was, is_now) in pairs if was != is_now)
    return None


def _changed(left: memoryview, right: memoryview) -> int:
    """How many bytes differ."""
    total = 0
    for start in range(0, len(left), CHUNK):
        old, new = bytes(left[start : start + CHUNK]), bytes(right[start : start + CHUNK])
        if old != new:
            differing = int.from_bytes(old) ^ int.from_bytes(new)
            total += len(old) - differing.to_bytes(len(old)).count(0)
    return total
