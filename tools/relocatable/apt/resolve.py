"""The closure of a set of packages: which package meets each dependency.

The rules, in this order, so that the answer depends on nothing but the indices:

1. Dependencies without a choice come first, and breadth first from the roots in their order; then
   those with one; Recommends, if they are wanted, at the end.
2. Where there is a choice (`a | b`, or a virtual name), a package that is chosen already wins, then
   an excluded one, then the first alternative that the archive has, concrete before virtual.
3. Of several versions the preferred one that the dependency allows is taken.
4. Where that leads nowhere (a version that a later dependency doesn't allow, a conflict), the last
   of the decisions that are to blame is taken back, and its next option tried. The others stand:
   the answer is the greedy one wherever that works.
"""

import dataclasses
from collections import defaultdict
from typing import NamedTuple

from relocatable.apt.index import Candidate, Catalogue
from relocatable.apt.relation import Alternatives, Relation
from relocatable.errors import RelocatableError

# Real sets need none, or a few. A set that needs more is for a person to pin.
_MOST_STEPS_BACK = 2000
# An explanation with more lines than this explains nothing.
_MOST_REASONS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Closure:
    """What `resolve` found.

    Attributes:
        packages: The chosen packages by name.
        depends: For each chosen package, the names its dependencies were resolved to.
        promises: For each excluded name that a dependency asks for, the dependencies: what the
            target has to have.
    """

    packages: dict[str, Candidate]
    depends: dict[str, set[str]]
    promises: dict[str, set[str]]


def resolve(
    catalogue: Catalogue,
    roots: tuple[str, ...],
    exclude: tuple[str, ...],
    *,
    recommends: bool = False,
) -> Closure:
    """Finds the closure of `roots`.

    Args:
        catalogue: What there is.
        roots: Names of packages.
        exclude: Names of packages that are taken to be there already.
        recommends: Whether Recommends are followed where they can be met.

    Raises:
        RelocatableError: if there is none; the message names the chains that need what can't be.
    """
    for name in roots:
        if name in exclude:
            raise RelocatableError(f"{name}: is both a root and excluded")
    return _Resolver(catalogue, frozenset(exclude), recommends).run(roots)


class _Want(NamedTuple):
    """One thing to be met.

    Attributes:
        asker: Name of the package that asks; empty for a root.
        alternatives: What it asks for.
        needed: Whether it has to be met.
    """

    asker: str
    alternatives: Alternatives
    needed: bool = True

    def __str__(self) -> str:
        return " | ".join(map(str, self.alternatives))


@dataclasses.dataclass(slots=True)
class _Decision:
    """What was done about a want.

    Attributes:
        want: Which one.
        options: The packages that would meet it and have not been tried, the best first.
        taken: The one that was taken; `None` if it is done without.
        heads, tails: Of each queue, how much was done, and how long it was, before.
        blame: Earlier decisions because of which options of this one failed.
        reasons: Why they failed, for people.
    """

    want: _Want
    options: list[Candidate]
    taken: Candidate | None
    heads: list[int]
    tails: list[int]
    blame: set[int]
    reasons: list[str]


class _Resolver:
    """A depth-first search that goes back to what is to blame (conflict-directed backjumping)."""

    def __init__(self, catalogue: Catalogue, exclude: frozenset[str], recommends: bool) -> None:
        self._catalogue = catalogue
        self._exclude = exclude
        self._recommends = recommends
        self._decisions: list[_Decision] = []
        # By name: the chosen package, and which decision chose it.
        self._chosen: dict[str, Candidate] = {}
        self._made_by: dict[str, int] = {}
        # By name: the chosen packages that refuse something so called.
        self._enemies: dict[str, list[Candidate]] = defaultdict(list)
        # Certain, with a choice, recommended; how far each is done.
        self._queues: tuple[list[_Want], ...] = ([], [], [])
        self._heads = [0, 0, 0]

    def run(self, roots: tuple[str, ...]) -> Closure:
        self._queues[0].extend(_Want("", (Relation(name),)) for name in roots)
        steps_back = 0
        while want := self._next():
            if self._is_met(want):
                continue
            options, blame, reasons = self._options(want)
            decision = self._decision(want, options, blame, reasons)
            while not self._take(decision):
                steps_back += 1
                decision = self._back(decision, steps_back)
        return self._closure()

    def _next(self) -> _Want | None:
        for number, queue in enumerate(self._queues):
            if self._heads[number] < len(queue):
                self._heads[number] += 1
                return queue[self._heads[number] - 1]
        return None

    def _is_met(self, want: _Want) -> bool:
        return bool(self._met_by(want.alternatives) or self._promised(want))

    def _met_by(self, alternatives: Alternatives) -> str | None:
        """The name of a chosen package that is one of `alternatives`."""
        for match in self._matches(alternatives):
            if self._chosen.get(match.name) == match:
                return match.name
        return None

    def _promised(self, want: _Want) -> str | None:
        """The name of an excluded package that stands for one of the alternatives."""
        if not want.asker:
            return None
        names = [relation.name for relation in want.alternatives]
        names += [match.name for match in self._matches(want.alternatives)]
        return next((name for name in names if name in self._exclude), None)

    def _matches(self, alternatives: Alternatives) -> list[Candidate]:
        found = (match for r in alternatives for match in self._catalogue.matches(r))
        return list(dict.fromkeys(found))

    def _decision(
        self, want: _Want, options: list[Candidate], blame: set[int], reasons: list[str]
    ) -> _Decision:
        heads, tails = list(self._heads), [len(queue) for queue in self._queues]
        return _Decision(want, options, None, heads, tails, blame, reasons)

    def _options(self, want: _Want) -> tuple[list[Candidate], set[int], list[str]]:
        """What would meet a want now; whose fault it is that there isn't more, and why."""
        options, blame, reasons = [], set(), []
        if want.asker:
            blame.add(self._made_by[want.asker])
            matches = self._matches(want.alternatives)
        else:
            # A root is a package of that name, not one that provides it.
            matches = list(self._catalogue.candidates(want.alternatives[0].name))
        if not want.needed:
            matches = [match for match in matches if not match.problem]
        for match in matches:
            obstacle = self._obstacle(match)
            if obstacle:
                blame.add(self._made_by[obstacle[0].name])
                reasons.append(obstacle[1])
            else:
                options.append(match)
        reasons += [
            self._absent(relation)
            for relation in want.alternatives
            if not any(match.meets(relation) for match in matches)
        ]
        asker = self._chain(want.asker)
        start = f"{asker} needs {want}: " if asker else f"{want}: "
        return options, blame, [start + "; ".join(dict.fromkeys(reasons))] if reasons else []

    def _obstacle(self, candidate: Candidate) -> tuple[Candidate, str] | None:
        """The chosen package that a candidate can't be together with, and that in words."""
        other = self._chosen.get(candidate.name)
        if other:
            return other, f"{other} is chosen already{self._because(other)}"
        names = (candidate.name, *(name for name, _ in candidate.provides))
        for enemy in (enemy for name in names for enemy in self._enemies.get(name, ())):
            if enemy.refuses(candidate):
                return enemy, f"{enemy}{self._because(enemy)} conflicts with {candidate}"
        for relation in candidate.conflicts:
            for name in (relation.name, *self._catalogue.providers(relation.name)):
                enemy_chosen = self._chosen.get(name)
                if enemy_chosen and candidate.refuses(enemy_chosen):
                    because = self._because(enemy_chosen)
                    return enemy_chosen, f"{candidate} conflicts with {enemy_chosen}{because}"
        return None

    def _because(self, package: Candidate) -> str:
        """Who wanted a chosen package first, in brackets."""
        want = self._decisions[self._made_by[package.name]].want
        return f" ({self._chain(want.asker)} needs {want})" if want.asker else " (a root)"

    def _chain(self, name: str) -> str:
        """The way from a root to a chosen package."""
        chain = []
        while name:
            chain.append(name)
            name = self._decisions[self._made_by[name]].want.asker
        return " → ".join(reversed(chain))

    def _absent(self, relation: Relation) -> str:
        """Says why nothing available meets a relation."""
        name, architecture = relation.name, self._catalogue.architecture
        if not relation.is_for(architecture):
            return (
                f"{relation} is for another architecture than {architecture}, and a closure has "
                "packages of one; exclude it, if the result works without"
            )
        candidates = self._catalogue.candidates(name)
        found = [candidate.version for candidate in candidates]
        if relation.qualifier == "any" and any(map(relation.allows, found)):
            return f"{name} {', '.join(found)} is not Multi-Arch: allowed, as :any wants it"
        passed_over = self._catalogue.passed_over(name)
        beside = f" ({'; '.join(passed_over[:_MOST_REASONS])})" if passed_over else ""
        if found:
            return f"the sources have {name} {', '.join(found)} for {architecture}{beside}"
        providers = self._catalogue.providers(name)
        if providers:
            return f"{name} is only provided by {', '.join(providers)}{beside}"
        return f"the sources have no {name} for {architecture}{beside}"

    def _take(self, decision: _Decision) -> bool:
        """Takes the next option of a decision; says no if there is none left."""
        if not decision.options and decision.want.needed:
            return False
        decision.taken = decision.options.pop(0) if decision.options else None
        self._decisions.append(decision)
        if decision.taken:
            self._choose(decision.taken)
        return True

    def _choose(self, package: Candidate) -> None:
        self._chosen[package.name] = package
        self._made_by[package.name] = len(self._decisions) - 1
        for relation in package.conflicts:
            self._enemies[relation.offered].append(package)
        for alternatives in package.depends:
            queue = self._queues[1 if self._has_choice(alternatives) else 0]
            queue.append(_Want(package.name, alternatives))
        for alternatives in package.recommends if self._recommends else ():
            self._queues[2].append(_Want(package.name, alternatives, needed=False))

    def _has_choice(self, alternatives: Alternatives) -> bool:
        return len(alternatives) > 1 or not self._catalogue.candidates(alternatives[0].name)

    def _back(self, failed: _Decision, steps_back: int) -> _Decision:
        """Undoes all down to the last decision that is to blame, and gives that.

        Raises:
            RelocatableError: if none is: then nothing else could be tried.
        """
        if not failed.blame:
            raise RelocatableError(_explained(failed.reasons))
        if steps_back > _MOST_STEPS_BACK:
            raise RelocatableError(
                f"gave up after {_MOST_STEPS_BACK} steps back; pin versions of what is named here: "
                + _explained(failed.reasons)
            )
        culprit = max(failed.blame)
        while len(self._decisions) > culprit:
            decision = self._decisions.pop()
            self._undo(decision)
        decision.blame |= failed.blame - {culprit}
        decision.reasons = list(dict.fromkeys((*failed.reasons, *decision.reasons)))
        return decision

    def _undo(self, decision: _Decision) -> None:
        package = decision.taken
        if package:
            del self._chosen[package.name]
            del self._made_by[package.name]
            for relation in package.conflicts:
                self._enemies[relation.offered].pop()
        self._heads = list(decision.heads)
        for queue, length in zip(self._queues, decision.tails, strict=True):
            del queue[length:]

    def _closure(self) -> Closure:
        """Says what was found, and what became of each dependency in the end."""
        depends: dict[str, set[str]] = {name: set() for name in self._chosen}
        promises: dict[str, set[str]] = defaultdict(set)
        for package in self._chosen.values():
            for alternatives in package.depends:
                want = _Want(package.name, alternatives)
                name = self._met_by(alternatives)
                if name:
                    depends[package.name].add(name)
                elif promised := self._promised(want):
                    promises[promised].add(str(want))
        return Closure(dict(self._chosen), depends, dict(promises))


def _explained(reasons: list[str]) -> str:
    more = len(reasons) - _MOST_REASONS
    return "\n".join(reasons[:_MOST_REASONS]) + (f"\nand {more} more" if more > 0 else "")
