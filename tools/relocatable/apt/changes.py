"""Says in words what differs between two locks."""

from collections.abc import Iterable

from relocatable.apt.download import megabytes
from relocatable.apt.relation import compare
from relocatable.deb_lock import Lock, Package, SourcePackage

# What else says of a source where it is and what counts of it.
_OTHER = (
    "suite",
    "components",
    "mirrors",
    "allow_expired",
    "architectures",
    "priority",
    "snapshot",
)


def differs(old: Lock, new: Lock) -> bool:
    """Says whether two locks ask for or pin different things.

    That an archive was signed anew, with the same packages that matter, is no difference.
    """
    return _pinned(old) != _pinned(new)


def _pinned(lock: Lock) -> tuple[object, ...]:
    return lock.declaration, lock.packages, lock.source_packages


def changes(old: Lock | None, new: Lock) -> list[str]:
    """Whose signatures count now, each package added, removed or replaced, then a summary.

    Args:
        old: The lock before; `None` if there was none.
        new: The lock now.
    """
    before = {package.key: package for package in old.packages} if old else {}
    after = {package.key: package for package in new.packages}
    lines = [*_trust(old, new)] if old else []
    for key in sorted(before.keys() | after.keys()):
        line = _change(before.get(key), after.get(key))
        if line:
            lines.append(f"{key}: {line}")
    lines += _sources(old.source_packages if old else (), new.source_packages)
    return [*lines, *_summaries(old, new)]


def _change(old: Package | None, new: Package | None) -> str:
    """Says in a few words what became of a package; nothing if it is the same."""
    if old is None:
        return f"added {new.version} ({megabytes(new.size)})" if new else ""
    if new is None:
        return f"removed {old.version} ({megabytes(old.size)})"
    if old.version != new.version:
        verb = "upgraded" if compare(old.version, new.version) < 0 else "downgraded"
        return f"{verb} {old.version} → {new.version} ({_delta(old.size, new.size)})"
    if old.sha256 != new.sha256:
        return f"other bytes under the same version {new.version} ({_delta(old.size, new.size)})"
    if old.targets != new.targets:
        return f"now for {', '.join(new.targets)}, was for {', '.join(old.targets)}"
    return ""


def _sources(old: tuple[SourcePackage, ...], new: tuple[SourcePackage, ...]) -> Iterable[str]:
    """The source packages that are new, gone, or not the same files."""
    before, after = ({p.key: p for p in packages} for packages in (old, new))
    for key in sorted(before.keys() | after.keys()):
        if key not in before:
            yield f"source {after[key]}: added ({megabytes(after[key].size)})"
        elif key not in after:
            yield f"source {before[key]}: removed ({megabytes(before[key].size)})"
        elif before[key].files != after[key].files:
            yield f"source {after[key]}: other bytes under the same version"


def _trust(old: Lock, new: Lock) -> Iterable[str]:
    """What changed in whom the lock believes; a reviewer looks at these lines first."""
    for kind, before, after in (
        ("keyring", _keyrings(old), _keyrings(new)),
        ("signed by", _signers(old), _signers(new)),
        *((kind, _all(old, kind), _all(new, kind)) for kind in _OTHER),
    ):
        for name in after:
            if name in before and before[name] != after[name]:
                yield f"{name}: {kind} {after[name]}, was {before[name]}"


def _all(lock: Lock, kind: str) -> dict[str, str]:
    """One attribute of each source, in words."""
    found = {source.name: getattr(source, kind) for source in lock.declaration.sources}
    return {
        name: (" ".join(value) if isinstance(value, tuple) else str(value)) or "none"
        for name, value in found.items()
    }


def _keyrings(lock: Lock) -> dict[str, str]:
    return {source.name: source.keyring or "allow_unsigned" for source in lock.declaration.sources}


def _signers(lock: Lock) -> dict[str, str]:
    return {index.source: ", ".join(index.signed_by) or "nobody" for index in lock.indices}


def _summaries(old: Lock | None, new: Lock) -> Iterable[str]:
    for architecture in new.declaration.architectures:
        size = sum(package.size for package in new.closure(architecture))
        was = sum(package.size for package in old.closure(architecture)) if old else 0
        count = len(new.closure(architecture))
        yield f"{architecture}: {count} packages, {megabytes(size)} ({_delta(was, size)})"


def _delta(old: int, new: int) -> str:
    return f"{'-' if new < old else '+'}{megabytes(abs(new - old))}"
