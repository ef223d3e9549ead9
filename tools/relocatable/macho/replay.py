"""Carries out edits again from their log alone, to prove that a file has no others.

A log may be that of several rounds of edits, one after the other. Within a round, the kinds of
edits have an order; where it starts anew, so does a round.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.edits import UNCHANGED, Edit, Edits, Strip, Unchanged
from relocatable.macho.image import parts_of
from relocatable.macho.merge import plan_extract
from relocatable.macho.plan import plan_thin
from relocatable.macho.reader import read
from relocatable.macho.universal import is_universal, lay_out, slices

_EXTRACTED: Final = "architectures"
_ORDER: Final = (
    *("symbols", "install-name", "dylib", "rpaths", "load-command", "signature"),
    *("signature-identifier", "signature-team"),
)
_REPEATED: Final = frozenset({"dylib", "load-command"})
_OF_ARCHITECTURE: Final = re.compile(r"(?P<kind>[a-z-]+) \((?P<architecture>[^()]+)\)")


def replay(data: memoryview, name: str, log: Sequence[Edit]) -> bytes:
    """The file that the edits of a log make of `data`.

    Args:
        data: the original.
        name: how errors call it.
        log: the edits, in order.

    Raises:
        RelocatableError: if the log says what no edit does.
    """
    left: list[Edit] = []
    for edit in log:
        if edit.kind != _EXTRACTED:
            left.append(edit)
            continue
        data = memoryview(_edited(data, name, left))
        left = []
        data = memoryview(plan_extract(data, name, edit.after or "nothing").apply(data))
    return _edited(data, name, left)


def _edited(data: memoryview, name: str, log: Sequence[Edit]) -> bytes:
    """The file after edits that leave it all its architectures."""
    if not log:
        return bytes(data)
    if not is_universal(data[:8]):
        return _edited_thin(data, name, log)
    by_architecture: dict[str, list[Edit]] = defaultdict(list)
    for edit in log:
        match = _OF_ARCHITECTURE.fullmatch(edit.kind)
        if match is None:
            raise _wrong(name, edit)
        by_architecture[match["architecture"]].append(edit._replace(kind=match["kind"]))
    table = slices(data, name)
    contents = [
        (_edited_thin(one.view(data), name, by_architecture.pop(one.architecture, [])),)
        for one in table
    ]
    if by_architecture:
        raise RelocatableError(
            f"{name}: edits of {', '.join(by_architecture)} are logged, which it has no part for"
        )
    wide = bytes(data[:4]) == c.FAT_MAGIC_64.to_bytes(4, "big")
    return b"".join(parts_of(data, tuple(lay_out(name, table, contents, wide=wide))))


def _edited_thin(data: memoryview, name: str, log: Sequence[Edit]) -> bytes:
    for edits in _rounds(name, log):
        data = memoryview(_carry_out(data, name, edits))
    return bytes(data)


def _rounds(name: str, log: Sequence[Edit]) -> Iterator[list[Edit]]:
    made: list[Edit] = []
    last = -1
    for edit in log:
        if edit.kind not in _ORDER:
            raise _wrong(name, edit)
        place = _ORDER.index(edit.kind)
        again = place == last and (
            edit.kind not in _REPEATED
            or (edit.kind == "dylib" and edit.before in (one.after for one in made))
        )
        if place < last or again:
            yield made
            made = []
        made.append(edit)
        last = place
    if made:
        yield made


def _carry_out(data: memoryview, name: str, log: list[Edit]) -> bytes:
    """Makes one round again; what was asked to be stripped isn't logged, so each is tried."""
    file = read(data, name)
    identifier = next((x.after for x in log if x.kind == "signature-identifier"), None)
    strips: tuple[Strip | None, ...] = (None,)
    if any(edit.kind == "symbols" for edit in log):
        strips = ("debug", "local")
    made: list[Edit] = []
    for strip in strips:
        plan = plan_thin(file, data, _edits(name, log, strip), identifier or "")
        made = list(plan.log)
        if made == log:
            return plan.apply(data)
    raise RelocatableError(f"{name}: the log says {_told(log)}; made again, {_told(made)}")


def _edits(name: str, log: Sequence[Edit], strip: Strip | None) -> Edits:
    after = {edit.kind: edit.after for edit in log}
    rpaths = _run_paths(name, after.get("rpaths"))
    signature = after.get("signature", "")
    replaced = {x.before: x.after for x in log if x.kind == "dylib" and x.before and x.after}
    return Edits(
        install_name=after.get("install-name") or UNCHANGED,
        replace_dylibs=replaced,
        rpaths=rpaths,
        strip=strip,
        sign="remove" if signature is None else "always" if signature else "changed",
    )


def _run_paths(name: str, logged: str | None) -> Sequence[str] | Unchanged:
    if logged is None:
        return UNCHANGED
    try:
        paths = json.loads(logged)
    except ValueError:
        paths = None
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise RelocatableError(f"{name}: logged run paths should be a list, found {logged!r}")
    return paths


def _wrong(name: str, edit: Edit) -> RelocatableError:
    return RelocatableError(f"{name}: no edit of Mach-O files is logged as {_told([edit])}")


def _told(log: Sequence[Edit]) -> str:
    return "; ".join(f"{edit.kind}: {edit.before} -> {edit.after}" for edit in log) or "nothing"
