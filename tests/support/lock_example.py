"""A sound lock of Debian packages, to be changed."""

from typing import Any

from relocatable.deb_lock import Declaration, Index, Lock, Package, Source

_DIGEST = "0123456789abcdef" * 4


def package(name: str, architecture: str, **changes: Any) -> Package:
    """A package of it, or one that is like those but for what is said."""
    values: dict[str, Any] = {
        "version": "1:2.0~rc1+b1-3",
        "source": "main",
        "path": f"pool/main/x/{name}_2.0~rc1+b1-3_{architecture}.deb",
        "size": 1,
        "sha256": _DIGEST,
        "targets": (architecture,),
        "depends": (),
    }
    return Package(name, architecture, **{**values, **changes})


LOCK = Lock(
    Declaration(
        sources=(
            Source("main", "bookworm", ("main",), ("https://mirror.invalid/debian",), "keys/a.asc"),
        ),
        architectures=("amd64", "arm64"),
        roots=("root",),
        exclude=("perl",),
    ),
    (Index("main", "Debian", "Sat, 11 Jul 2026 10:16:37 UTC", _DIGEST, ("0123456789" * 4,)),),
    (
        package("data", "all", targets=("amd64", "arm64")),
        package("libstdc++6", "amd64"),
        package("root", "amd64", depends=("data", "libstdc++6")),
        package("root", "arm64", depends=("data",)),
    ),
)
