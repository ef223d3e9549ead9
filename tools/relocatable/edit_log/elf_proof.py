"""Makes the edits of an ELF file again, from what is logged of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from relocatable import elf
from relocatable.edit_log.compare import Proof, must_be_same
from relocatable.elf import Edits, Elf, Plan, StripPlan
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit

_START: Final = "start"
"""What `elf.plan_start` logs, after all others."""

_STRIPPED: Final = frozenset({"sections", "symbols", "section numbers of dynamic symbols"})
"""What `elf.plan_strip` logs."""


def prove_elf(name: str, before: memoryview, after: memoryview, log: Sequence[Edit]) -> Proof:
    """As `edit_log.prove`, of an ELF file."""
    strip, rest = _stripping(name, before, log)
    base = memoryview(strip.apply(before)) if strip else before
    edits = tuple(edit for edit in rest if edit.what != _START)
    file = elf.read(base, name)
    # Who didn't ask to keep a payload has no file that has moved one.
    plan = elf.plan(file, base, _edits_of(file, edits), _page_size(edits), keep_payload=True)
    again, changed = _as_logged(plan.log), sum(len(patch) for _, patch in plan.patches)
    if edits != rest:
        base = memoryview(plan.apply(base))
        plan = elf.plan_start(elf.read(base, name), base, rest[-1].after or "")
        again += _as_logged(plan.log)
        changed += sum(len(patch) for _, patch in plan.patches)
    if again != rest:
        raise RelocatableError(f"{name}: the log says {_told(rest)}; made again, {_told(again)}")
    _compare(name, base, after, plan)
    return Proof(changed, len(after) - len(before))


def _edits_of(file: Elf, log: Sequence[Edit]) -> Edits:
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
        plan = elf.plan_strip(file, before, debug_only=debug_only, keep_payload=True)
        if _as_logged(plan.log) == strip_log:
            return plan, rest
    raise RelocatableError(f"{name}: the log says {_told(strip_log)}, which stripping doesn't make")


def _as_logged(log: Iterable[elf.Edit]) -> tuple[Edit, ...]:
    return tuple(Edit(edit.kind, edit.before, edit.after) for edit in log)


def _told(log: Sequence[Edit]) -> str:
    return "; ".join(f"{edit.what}: {edit.before} -> {edit.after}" for edit in log) or "nothing"


def _compare(name: str, base: memoryview, after: memoryview, plan: Plan) -> None:
    """Compares a file with what a plan makes of `base`, which is never put together."""
    start, end = plan.replaced or (len(base), len(base))
    size = len(base) + len(plan.append) - (end - start)
    if len(after) != size:
        raise RelocatableError(f"{name} should have {size} bytes by its log, found {len(after)}")
    for offset, wanted, source in _runs(base, plan):
        must_be_same(name, offset, wanted, after, source)


def _runs(base: memoryview, plan: Plan) -> Iterator[tuple[int, memoryview, str]]:
    """The file that a plan makes, in runs: each one's offset, bytes, and whose they are."""
    start, rest = plan.replaced or (len(base), len(base))
    end = 0
    for offset, patch in plan.patches:
        yield end, base[end:offset], "of the original"
        yield offset, memoryview(patch), "of the logged edits"
        end = offset + len(patch)
    yield end, base[end:start], "of the original"
    yield start, memoryview(plan.append), "of the logged edits"
    yield start + len(plan.append), base[rest:], "of the original"
