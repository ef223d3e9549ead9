"""What trimming did, in numbers and reasons: as JSON for programs, as tables for people."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zstandard

from relocatable import content
from relocatable.content import Content
from relocatable.python.features import FEATURES
from relocatable.python.forms import Product
from relocatable.python.stdlib import Plan
from relocatable.tree import File

FORMAT = 1
"""Rises when a reader of the old report would misread the new."""
LEVEL = 3
"""zstd's, for sizes that are compressed: fast. Archives are smaller than their sum."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large something is.

    Attributes:
        files: Number of regular files.
        bytes: Their sum.
        compressed: Bytes of all of them together, in the order of their paths, by zstd.
    """

    files: int = 0
    bytes: int = 0
    compressed: int = 0


@dataclass(frozen=True, slots=True)
class Compilation:
    """How modules became .pyc files, or why not.

    Attributes:
        optimize: 0 to 2.
        compiler: Version of the interpreter; None if there was none that could run.
        modules: How many were compiled.
        kept_as_source: Why modules stayed as they are: by path, or all of them as `*`.
    """

    optimize: int = 0
    compiler: str | None = None
    modules: int = 0
    kept_as_source: Mapping[str, str] = dataclasses.field(default_factory=dict)


def measure(contents: Iterable[Content], level: int = LEVEL) -> Size:
    """Returns how large contents are together."""
    parts = [content.read(each) for each in contents]
    data = b"".join(parts)
    packed = zstandard.ZstdCompressor(level=level).compress(data) if parts else b""
    return Size(len(parts), len(data), len(packed))


def make(plan: Plan, product: Product, form: str, compilation: Compilation) -> dict[str, Any]:
    """Returns the report as JSON's types; docs/stdlib_trim.md tells its fields."""
    before = {
        path: [node.content]
        for path, node in sorted(plan.library.nodes.items())
        if isinstance(node, File)
    }
    return {
        "format": FORMAT,
        "python_version": plan.library.version,
        "form": form,
        "compilation": dataclasses.asdict(compilation),
        "zstd_level": LEVEL,
        "before": dataclasses.asdict(_together(before)),
        "after": dataclasses.asdict(measure(node.content for _, node in product.tree.files())),
        "features": list(_features(plan, product, before)),
        "files": list(_files(plan, product)),
        "strays": list(plan.library.strays),
        "warnings": list(plan.warnings),
    }


def _together(
    contents: Mapping[str, Sequence[Content]], paths: Iterable[str] | None = None
) -> Size:
    chosen = contents if paths is None else [path for path in paths if path in contents]
    return measure(part for path in chosen for part in contents[path])


def _features(
    plan: Plan, product: Product, before: Mapping[str, Sequence[Content]]
) -> Iterator[dict[str, Any]]:
    for name, feature in FEATURES.items():
        paths = [path for path in sorted(plan.library.nodes) if name in plan.features[path]]
        yield {
            "name": name,
            "about": feature.about,
            "before": dataclasses.asdict(_together(before, paths)),
            "after": dataclasses.asdict(_together(product.parts, paths)),
        }


def _files(plan: Plan, product: Product) -> Iterator[dict[str, Any]]:
    modules = {module.path: module.name for module in plan.library.modules.values()}
    for path, node in sorted(plan.library.nodes.items()):
        parts = [node.content] if isinstance(node, File) else []
        after = measure(product.parts.get(path, ()))
        before = after if product.parts.get(path) == parts else measure(parts)
        kept = path in plan.kept
        yield {
            "path": path,
            "module": modules.get(path),
            "features": list(plan.features[path]),
            "kept": kept,
            "why": list(plan.kept[path]) if kept else [plan.dropped[path]],
            "bytes": before.bytes,
            "compressed": before.compressed,
            "bytes_after": after.bytes,
            "compressed_after": after.compressed,
        }
