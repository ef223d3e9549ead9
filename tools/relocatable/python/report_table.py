"""The report of `relocatable.python.report` as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any

_LARGEST = 15
"""Modules that are shown by size."""

Document = Mapping[str, Any]
"""A report, as JSON's types."""


def summary(document: Document) -> Iterator[str]:
    """Yields the lines of the whole picture: totals, features, the largest modules, warnings."""
    yield f"Python {document['python_version']}, {_form(document)}"
    yield ""
    before, after = document["before"], document["after"]
    packed = f"zstd -{document['zstd_level']}"
    yield f"{'':24}{'files':>7}{'MB':>9}{packed:>10}"
    yield _sizes("before", before)
    yield f"{_sizes('after', after)}   {_change(before['bytes'], after['bytes'])}"
    yield ""
    yield f"{'feature':24}{'files':>7}{'MB':>9}{packed:>10}   stays"
    for feature in document["features"]:
        if feature["before"]["files"]:
            yield f"{_sizes(feature['name'], feature['before'])}   {_stays(feature)}"
    yield ""
    yield from _largest(document)
    if document["warnings"]:
        yield ""
        yield "warnings:"
        yield from (f"  {warning}" for warning in document["warnings"])


def files(document: Document) -> Iterator[str]:
    """Yields a line for each file: whether it stays, its sizes, why."""
    for file in document["files"]:
        mark = "kept" if file["kept"] else "out "
        why = " > ".join(file["why"])
        yield f"{mark} {file['bytes']:>9} {file['compressed']:>8}  {file['path']:50} {why}"


def why(document: Document, name: str) -> list[str]:
    """Returns the lines that say why a module or path is kept or left out; none if unknown."""
    lines = []
    for file in document["files"]:
        if name in {file["module"], file["path"]}:
            lines.append(f"{file['path']} is {'kept' if file['kept'] else 'left out'}:")
            lines += [f"  {step}" for step in file["why"]]
    return lines


def _form(document: Document) -> str:
    made = document["compilation"]
    form = str(document["form"])
    if form == "source":
        return form
    reasons = dict(made["kept_as_source"])
    if made["compiler"] is None:
        return f"{form}, but not compiled: {reasons['*']}"
    stay = "".join(f"; {path} stays source: {reason}" for path, reason in reasons.items())
    compiler = f"CPython {made['compiler']} -O{made['optimize']}"
    return f"{form}: {made['modules']} modules by {compiler}{stay}"


def _sizes(name: str, size: Mapping[str, int]) -> str:
    return (
        f"{name:24}{size['files']:>7}{size['bytes'] / 1e6:>9.2f}{size['compressed'] / 1e6:>10.2f}"
    )


def _change(before: int, after: int) -> str:
    return f"{(after - before) / before:+.1%}" if before else ""


def _stays(feature: Document) -> str:
    before, after = feature["before"]["files"], feature["after"]["files"]
    return "no" if not after else "yes" if after >= before else f"{after} files"


def _largest(document: Document) -> Iterator[str]:
    kept = [file for file in document["files"] if file["kept"]]
    kept.sort(key=lambda file: (-file["bytes_after"], file["path"]))
    yield f"{'largest that stay':24}{'':7}{'MB':>9}{'':10}   why"
    for file in kept[:_LARGEST]:
        name = file["module"] or file["path"]
        yield f"{name:31}{file['bytes_after'] / 1e6:>9.2f}{'':10}   {' > '.join(file['why'])}"
