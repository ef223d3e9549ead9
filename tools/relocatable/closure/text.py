"""The answers of a closure as text for people, and as JSON for programs."""

import json
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Final

from relocatable.closure.answers import (
    Baseline,
    Closure,
    Kind,
    Load,
    Resolution,
    Root,
    RootKind,
    Rule,
)
from relocatable.errors import RelocatableError

FORMAT: Final = 1
"""Rises when a reader of the old JSON would misread the new."""
_SHOWN: Final = 4
"""Items of a long list that a line names."""


def summary(closure: Closure) -> str:
    """What there is to say about the whole tree."""
    counts = [(kind, [ld for ld in closure.loads if ld.root.kind is kind]) for kind in RootKind]
    problems = problem_lines(closure)
    others = [problem.text for problem in closure.unread if problem.kind is Kind.OTHER_LIBC]
    lines = [", ".join(f"{kind}: {len(loads)}" for kind, loads in counts)]
    lines += [f"  {_title(load.root)}: {len(load.objects)} objects" for load in counts[0][1]]
    lines += _section("wrong", [text for text, fatal in problems if fatal])
    doubtful = [text for text, fatal in problems if not fatal and text not in others]
    lines += _section("doubtful", doubtful)
    lines += _section("not glibc's, so not looked into", sorted(others)) if others else []
    lines += _section("left to the host", sorted(_host(closure)))
    lines += _section("for newer processors", sorted(_better(closure)))
    lines += _section("never needed", closure.unneeded)
    lines += _section("needed at least", [_baseline(found) for found in closure.baselines])
    return _text(lines)


def listing(closure: Closure) -> str:
    """What every name in every load means, and why."""
    lines = []
    for load in closure.loads:
        lines.append(_title(load.root))
        lines += [f"  {meant.by} needs {_meaning(meant)}" for meant in load.resolutions]
    return _text(lines)


def why(closure: Closure, name: str) -> str:
    """Which ways lead from what is started to the object called `name`.

    Args:
        closure: the answers.
        name: a soname, a file's name or a path.

    Raises:
        RelocatableError: if nothing asks for it, and there is no such object either.
    """
    lines = []
    later = []
    for load in closure.loads:
        hits = [resolution for resolution in load.resolutions if _is(resolution, name)]
        first = next((hit for hit in hits if hit.rule is not Rule.LOADED), None)
        if first is not None:
            lines += [_title(load.root), *(f"  {line}" for line in _chain(load, first))]
            others = [hit.by for hit in hits if hit is not first]
            lines += [f"  also needed by {_some(others)}"] if others else []
        elif _called(load.root.path, name):
            lines += [_title(load.root), f"  is {name} itself"]
        elif hits:
            later.append(load.root.path)
    if later:
        lines.append(f"already loaded when needed by {_some(later)}")
    if not lines:
        raise RelocatableError(f"nothing needs {name}, and there is no such shared object")
    return _text(lines)


def document(closure: Closure) -> bytes:
    """Everything, as JSON; docs/closure.md tells its fields."""
    data = {"format": FORMAT, **asdict(closure)}
    return (json.dumps(data, indent=1) + "\n").encode()


def problem_lines(closure: Closure) -> list[tuple[str, bool]]:
    """A line for each problem, with whether a loader gives up because of it; sorted."""
    lines = []
    for problem, loads in closure.problems().items():
        where = [load.root.path for load in loads if load.root.path != problem.path]
        suffix = f" [when {_some(where)} is loaded]" if where else ""
        lines.append((problem.text + suffix, problem.fatal))
    return sorted(lines)


def _title(root: Root) -> str:
    match root.kind:
        case RootKind.PROGRAM:
            started = ", ".join(root.launchers)
            how = f" by {root.loader}" if root.loader else ""
            return f"{started} starts {root.path}{how}" if started else f"{root.path}{how}"
        case RootKind.MODULE:
            return f"{root.opened_as}, a module, in {root.program}"
        case RootKind.ALONE:
            return f"{root.path}, if something opens it"


def _chain(load: Load, last: Resolution) -> list[str]:
    """How loading got from the root to `last`, a line for each step."""
    because = {r.found: r for r in reversed(load.resolutions) if r.rule is not Rule.LOADED}
    steps = [last]
    while (step := because.get(steps[-1].by)) is not None and step not in steps:
        steps.append(step)
    return [f"{step.by} needs {_meaning(step)}" for step in reversed(steps)]


def _meaning(resolution: Resolution) -> str:
    if resolution.found is None:
        left = "left to the host" if resolution.rule is Rule.HOST else "missing"
        return f"{resolution.name}: {left}"
    how = resolution.rule if resolution.place is None else resolution.place
    return f"{resolution.name}: {resolution.found}, {how}"


def _is(resolution: Resolution, name: str) -> bool:
    return resolution.name == name or _called(resolution.found, name)


def _called(path: str | None, name: str) -> bool:
    return path is not None and name in {path, posixpath.basename(path)}


def _host(closure: Closure) -> Iterator[str]:
    names: dict[str, set[str]] = {}
    for load in closure.loads:
        for resolution in load.resolutions:
            if resolution.rule is Rule.HOST:
                names.setdefault(resolution.name, set()).add(resolution.by)
    return (f"{name}, for {_some(sorted(users))}" for name, users in names.items())


def _better(closure: Closure) -> set[str]:
    return {path for load in closure.loads for r in load.resolutions for path in r.better}


def _baseline(baseline: Baseline) -> str:
    users = (
        f"{path} ({_some(symbols)})" if symbols else path
        for path, symbols in baseline.users.items()
    )
    return f"{baseline.family} {baseline.version} of {baseline.library}, for {_some(list(users))}"


def _some(items: Iterable[str]) -> str:
    """A list, cut where it gets long."""
    found = list(dict.fromkeys(items))
    more = [f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return ", ".join(found[:_SHOWN] + more)


def _section(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"  {item}" for item in items]
    return [f"{title}:", *lines] if lines else [f"{title}: nothing"]


def _text(lines: Iterable[str]) -> str:
    return "".join(line + "\n" for line in lines)
