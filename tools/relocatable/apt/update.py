"""Makes a lock from a declaration and what the archives hold now."""

from collections.abc import Callable

from relocatable.apt.archive import Archive
from relocatable.apt.index import Candidate, Catalogue
from relocatable.apt.resolve import Closure, resolve
from relocatable.deb_lock import Declaration, Key, Lock, Package, Source
from relocatable.errors import RelocatableError


def update(declaration: Declaration, open_archive: Callable[[Source], Archive]) -> Lock:
    """Resolves a declaration, for each of its architectures.

    Args:
        declaration: What is wanted.
        open_archive: Gives the archive of a source.

    Raises:
        RelocatableError: if an index can't be had, a dependency can't be met, or an excluded name
            is one that nothing asks for.
    """
    archives = [(source.name, open_archive(source)) for source in declaration.sources]
    closures: dict[str, Closure] = {}
    for architecture in declaration.architectures:
        catalogue = Catalogue(architecture)
        for name, archive in archives:
            for text in archive.packages(architecture):
                catalogue.add(name, text)
        closures[architecture] = resolve(catalogue, declaration.roots, declaration.exclude)
    unused = set(declaration.exclude).difference(*(c.promises for c in closures.values()))
    if unused:
        raise RelocatableError(f"exclude: nothing asks for {', '.join(sorted(unused))}; drop it")
    return Lock(declaration, tuple(archive.index for _, archive in archives), _packages(closures))


def _packages(closures: dict[str, Closure]) -> tuple[Package, ...]:
    """One entry per package and its own architecture, joined over the target architectures."""
    targets: dict[Key, list[str]] = {}
    chosen: dict[Key, Candidate] = {}
    depends: dict[Key, set[str]] = {}
    for target, closure in closures.items():
        for candidate in closure.packages.values():
            key = Key(candidate.name, candidate.architecture)
            if chosen.setdefault(key, candidate).sha256 != candidate.sha256:
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
            size=chosen[key].size,
            sha256=chosen[key].sha256,
            targets=tuple(sorted(targets[key])),
            depends=tuple(sorted(depends[key])),
        )
        for key in sorted(chosen)
    )
