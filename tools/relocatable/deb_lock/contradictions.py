"""What is wrong between the parts of a lock of Debian packages."""

from collections import Counter

from relocatable.deb_lock.declaration import Declaration, untrusted
from relocatable.deb_lock.records import Lock, Package
from relocatable.deb_lock.source_packages import source_contradictions


def contradictions(lock: Lock) -> list[str]:
    """What is wrong between the parts of a lock; empty if it is sound."""
    declared = lock.declaration
    found = [problem for source in declared.sources if (problem := untrusted(source))]
    keys = [package.key for package in lock.packages]
    if keys != sorted(set(keys)):
        found.append("packages: wanted sorted by name and architecture, without duplicates")
    if [index.source for index in lock.indices] != [source.name for source in declared.sources]:
        found.append("indices: wanted one for each source of the declaration, in that order")
    closures = {
        target: Counter(package.name for package in lock.closure(target))
        for target in declared.architectures
    }
    for target, names in closures.items():
        found += [f"{n}: more than one package for {target}" for n in names if names[n] > 1]
        found += [
            f"{name}: a root that is not among the packages for {target}"
            for name in declared.roots
            if name not in names
        ]
    for package in lock.packages:
        known = set().union(*(closures.get(target, ()) for target in package.targets))
        found += [f"{package.key}: {problem}" for problem in _strays(package, declared, known)]
    return found + source_contradictions(
        lock.source_packages,
        declared.with_source,
        {package.name for package in lock.packages},
        {source.name for source in declared.sources},
    )


def _strays(package: Package, declared: Declaration, known: set[str]) -> list[str]:
    """What a package refers to that the lock does not have.

    Args:
        package: The package.
        declared: The lock's declaration.
        known: Names of the packages that share a target with this one.
    """
    found = [
        f"depends on {name}, which is not among the packages"
        for name in package.depends
        if name not in known
    ]
    found += [
        f"target {target} is not an architecture of the declaration"
        for target in package.targets
        if target not in declared.architectures
    ]
    if package.source not in {source.name for source in declared.sources}:
        found.append(f"source {package.source} is not in the declaration")
    if package.architecture != "all" and package.targets != (package.architecture,):
        found.append(f"wanted only its own architecture as target, found {package.targets}")
    if package.name in declared.exclude:
        found.append("is excluded by the declaration")
    return found
