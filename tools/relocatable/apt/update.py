"""Makes a lock from a declaration and what the archives hold now."""

import hashlib
from collections.abc import Callable, Mapping

from relocatable.apt.archive import Archive
from relocatable.apt.index import Candidate, Catalogue, Pin
from relocatable.apt.resolve import Closure, resolve
from relocatable.apt.source_packages import pin_sources
from relocatable.deb_lock import Declaration, Key, Lock, Package, Promise, Source
from relocatable.errors import RelocatableError, problems


def update(declaration: Declaration, open_archive: Callable[[Source], Archive]) -> Lock:
    """Resolves a declaration, for each of its architectures.

    Args:
        declaration: What is wanted.
        open_archive: Gives the archive of a source.

    Raises:
        RelocatableError: if an index can't be had, a dependency can't be met, or nothing asks for
            what is excluded or pinned.
    """
    archives = [(source, open_archive(source)) for source in declaration.sources]
    by_name = {source.name: archive for source, archive in archives}
    pins = tuple(map(Pin.parse, declaration.pins))
    closures: dict[str, Closure] = {}
    for architecture in declaration.architectures:
        catalogue = Catalogue(architecture, pins)
        for source, archive in archives:
            for index in archive.packages(architecture) if source.has(architecture) else ():
                catalogue.add(source.name, index, source.priority)
        closures[architecture] = resolve(
            catalogue,
            declaration.roots,
            declaration.exclude,
            recommends=declaration.recommends,
        )
    _check_use(declaration, pins, closures)
    _check_described(closures)
    return Lock(
        declaration,
        tuple(archive.index for _, archive in archives),
        _packages(closures, by_name),
        _promises(closures),
        pin_sources(
            declaration.with_source,
            [c for closure in closures.values() for c in closure.packages.values()],
            by_name,
        ),
    )


def _check_use(
    declaration: Declaration, pins: tuple[Pin, ...], closures: dict[str, Closure]
) -> None:
    """Refuses what says nothing: a misspelt name would be a promise or a pin that does not hold."""
    unused = set(declaration.exclude).difference(*(c.promises for c in closures.values()))
    if unused:
        raise RelocatableError(f"exclude: nothing asks for {', '.join(sorted(unused))}; drop it")
    names = {name for closure in closures.values() for name in closure.packages}
    idle = [str(pin) for pin in pins if not any(map(pin.names, names))]
    if idle:
        raise RelocatableError(f"pin: nothing that is taken is called so: {', '.join(idle)}")
    for source in declaration.sources:
        strange = set(source.architectures).difference(declaration.architectures)
        if strange:
            raise RelocatableError(
                f"source {source.name}: wanted architectures of the declaration, "
                f"found {', '.join(sorted(strange))}"
            )


def _check_described(closures: dict[str, Closure]) -> None:
    """Refuses packages that are wanted and can't be taken; of others nobody needs to know."""
    chosen = [c for closure in closures.values() for c in closure.packages.values() if c.problem]
    problems(
        [f"{c}: {c.problem}" for c in chosen],
        "wanted are packages that are well described; exclude these, or pin another version or "
        "source:",
    )


def _promises(closures: dict[str, Closure]) -> tuple[Promise, ...]:
    """What the excluded packages stand for, joined over the target architectures."""
    return tuple(
        Promise(
            name,
            tuple(sorted(a for a, closure in closures.items() if name in closure.promises)),
            tuple(sorted(set().union(*(c.promises.get(name, ()) for c in closures.values())))),
        )
        for name in sorted({name for closure in closures.values() for name in closure.promises})
    )


def _packages(closures: dict[str, Closure], archives: Mapping[str, Archive]) -> tuple[Package, ...]:
    """One entry per package and its own architecture, joined over the target architectures."""
    targets: dict[Key, list[str]] = {}
    chosen: dict[Key, Candidate] = {}
    depends: dict[Key, set[str]] = {}
    for target, closure in closures.items():
        for candidate in closure.packages.values():
            key = Key(candidate.name, candidate.architecture)
            if chosen.setdefault(key, candidate).file != candidate.file:
                raise RelocatableError(
                    f"{key}: is {chosen[key].version} for {targets[key][0]}, "
                    f"{candidate.version} for {target}; is the mirror being updated?"
                )
            targets.setdefault(key, []).append(target)
            depends.setdefault(key, set()).update(closure.depends[candidate.name])
    return tuple(
        Package(
            name=key.name,
            architecture=key.architecture,
            version=chosen[key].version,
            source=chosen[key].source,
            path=chosen[key].path,
            size=chosen[key].file.size,
            sha256=_sha256(chosen[key], archives[chosen[key].source]),
            targets=tuple(sorted(targets[key])),
            depends=tuple(sorted(depends[key])),
        )
        for key in sorted(chosen)
    )


def _sha256(candidate: Candidate, archive: Archive) -> str:
    """The digest that a lock holds.

    Of a package that the index has only a longer one of, which nobody but its bytes can tell.

    Raises:
        RelocatableError: if it can't be had, or is not what the index says.
    """
    file = candidate.file
    if file.kind == "SHA256":
        return file.digest
    return hashlib.sha256(archive.package(candidate.path, file)).hexdigest()
