"""The closure of a set of packages: which package meets each dependency.

The rules, in this order, so that the answer depends on nothing but the indices:

1. Dependencies without a choice come first, and breadth first from the roots in their order.
2. Where there is a choice (`a | b`, or a virtual name), a package that is chosen already wins, then
   an excluded one, then the first alternative that the archive has, concrete before virtual.
3. Of several versions the newest that the dependency allows is taken, and nothing is taken back:
   a later dependency that it doesn't meet is an error.
"""

import dataclasses
from collections import deque

from relocatable.apt.index import Candidate, Catalogue, Relation
from relocatable.errors import RelocatableError

_Alternatives = tuple[Relation, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Closure:
    """What `resolve` found.

    Attributes:
        packages: The chosen packages by name.
        depends: For each chosen package, the names its dependencies were resolved to.
        excluded: Which of the excluded names a dependency asked for.
    """

    packages: dict[str, Candidate]
    depends: dict[str, set[str]]
    excluded: set[str]


def resolve(catalogue: Catalogue, roots: tuple[str, ...], exclude: tuple[str, ...]) -> Closure:
    """Finds the closure of `roots`.

    Args:
        catalogue: What there is.
        roots: Names of packages.
        exclude: Names of packages that are taken to be there already.

    Raises:
        RelocatableError: if a dependency can't be met; the message names the chain that needs it.
    """
    return _Resolver(catalogue, frozenset(exclude)).run(roots)


class _Resolver:
    def __init__(self, catalogue: Catalogue, exclude: frozenset[str]) -> None:
        self._catalogue = catalogue
        self._exclude = exclude
        self._closure = Closure({}, {}, set())
        # Who asked first for each chosen package; a root has nobody.
        self._wanted_by: dict[str, str] = {}
        self._certain: deque[tuple[str, _Alternatives]] = deque()
        self._choices: deque[tuple[str, _Alternatives]] = deque()

    def run(self, roots: tuple[str, ...]) -> Closure:
        for name in roots:
            if name in self._exclude:
                raise RelocatableError(f"{name}: is both a root and excluded")
            candidates = self._catalogue.candidates(name)
            if not candidates:
                raise RelocatableError(f"{name}: {self._absent(Relation(name))}")
            self._choose(candidates[0], "")
        while self._certain or self._choices:
            asker, alternatives = (self._certain or self._choices).popleft()
            self._closure.depends[asker] |= self._meet(asker, alternatives)
        return self._closure

    def _choose(self, candidate: Candidate, asker: str) -> None:
        self._closure.packages[candidate.name] = candidate
        self._closure.depends[candidate.name] = set()
        self._wanted_by[candidate.name] = asker
        for alternatives in candidate.depends:
            queue = self._choices if self._has_choice(alternatives) else self._certain
            queue.append((candidate.name, alternatives))

    def _has_choice(self, alternatives: _Alternatives) -> bool:
        return len(alternatives) > 1 or not self._catalogue.candidates(alternatives[0].name)

    def _meet(self, asker: str, alternatives: _Alternatives) -> set[str]:
        """Makes sure that one of `alternatives` holds; gives the names of what meets it."""
        matches = [
            match for relation in alternatives for match in self._catalogue.matches(relation)
        ]
        chosen = self._closure.packages
        for match in matches:
            if chosen.get(match.name) == match:
                return {match.name}
        for name in (*(r.name for r in alternatives), *(match.name for match in matches)):
            if name in self._exclude:
                self._closure.excluded.add(name)
                return set()
        for match in matches:
            if match.name not in chosen:
                self._choose(match, asker)
                return {match.name}
        raise RelocatableError(self._unmet(asker, alternatives))

    def _unmet(self, asker: str, alternatives: _Alternatives) -> str:
        chain = [asker]
        while self._wanted_by[chain[0]]:
            chain.insert(0, self._wanted_by[chain[0]])
        wanted = " | ".join(map(str, alternatives))
        reasons = "; ".join(self._absent(relation) for relation in alternatives)
        return f"{' → '.join(chain)} needs {wanted}: {reasons}"

    def _absent(self, relation: Relation) -> str:
        """Says why nothing chosen or available meets a relation."""
        name, architecture = relation.name, self._catalogue.architecture
        if name in self._closure.packages:
            return f"{name} {self._closure.packages[name].version} is chosen already"
        found = [candidate.version for candidate in self._catalogue.candidates(name)]
        if found:
            return f"the sources have {name} {', '.join(found)} for {architecture}"
        providers = self._catalogue.providers(name)
        if providers:
            return f"{name} is only provided by {', '.join(providers)}"
        return f"the sources have no {name} for {architecture}"
