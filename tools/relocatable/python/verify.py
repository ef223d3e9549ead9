"""Proves that a finished bundle is the Python that it says it is, from nothing but its bytes."""

import email
import posixpath
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.python import binaries, record, requirements, stdlib
from relocatable.python.binaries import Binary
from relocatable.python.requirements import Requirement
from relocatable.python.tags import Python
from relocatable.python.wheel import normal
from relocatable.tree import File, Tree

_DISTRIBUTION = re.compile(r"((?P<packages>.*/site-packages)/(?P<directory>[^/]+\.dist-info))/.*")
_EXTENSION = re.compile(r".*/[^/]+\.so")


@dataclass(slots=True)
class Report:
    """What was looked at, and everything that is wrong with it.

    Attributes:
        version: MAJOR.MINOR.MICRO of the program and its library.
        extensions: How many extension modules there are.
        distributions: Name and version of each.
        outside: Libraries that are needed and not in the bundle; a dist takes them from its
            `libraries`, and is not complete without them.
        problems: What would not work.
    """

    version: str = ""
    extensions: int = 0
    distributions: dict[str, str] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Need:
    """A line of a distribution's METADATA that says what it needs."""

    directory: str
    text: str


def verify(tree: Tree, python: Python, unmet: Collection[str] = ()) -> Report:
    """Checks `tree`; finds all problems rather than the first.

    Args:
        tree: A bundle.
        python: What it is to be.
        unmet: Names of distributions that may be missing although others need them.
    """
    report = Report()
    needs: list[_Need] = []
    objects = binaries.read_all(tree, python.target)
    _check_programs(tree, python, objects, report)
    for path, found in objects.items():
        if python.target and not found.is_for(python.target):
            report.problems.append(f"{path} is for {found.machine_names}; {python} is wanted")
        if _EXTENSION.fullmatch(path) and path.startswith(stdlib.directory(python.version) + "/"):
            report.extensions += 1
            name = posixpath.basename(path)
            if not python.takes_extension(name):
                report.problems.append(f"{path} is not for {python}, says its name")
    report.outside = sorted(binaries.outside(tree, objects, python.target))
    directories = {
        match[1]: match for path, _ in tree.files() if (match := _DISTRIBUTION.fullmatch(path))
    }
    for directory, match in directories.items():
        needs += _check_distribution(tree, directory, match, report)
    _check_needs(needs, python, unmet, report)
    return report


def _check_programs(tree: Tree, python: Python, objects: dict[str, Binary], report: Report) -> None:
    """The version stands in the bytes of whatever holds the interpreter itself."""
    own = re.compile(rb"\0(" + re.escape(python.version).encode() + rb"\.\d+[^\0]{0,8})\0")
    versions: dict[str, str] = {}
    kind = "ELF" if python.target is None or python.target.is_elf else "Mach-O"
    for path in (f"bin/python{python.version}", f"lib/{python.soname}"):
        if path not in tree.nodes:
            continue
        if path not in objects:
            report.problems.append(f"{path} is no {kind} file; {python} is wanted")
            continue
        found = sorted(set(own.findall(content.view(tree.file(path).content))))
        if not objects[path].links_libpython and len(found) != 1:
            report.problems.append(
                f"{path} is not CPython {python.version}: its bytes don't say so"
            )
        elif found:
            versions[path] = found[0].decode("ascii", "replace")
        wanted = binaries.wanted_name(python.soname, python.target)
        if path.startswith("lib/") and objects[path].name != wanted:
            report.problems.append(f"{path} calls itself {objects[path].name}; {wanted} is wanted")
    if len(set(versions.values())) > 1:
        several = " and ".join(f"{path} is {version}" for path, version in versions.items())
        report.problems.append(f"{several}; one version is wanted")
    report.version = next(iter(versions.values()), "")


def _check_distribution(
    tree: Tree, directory: str, match: re.Match[str], report: Report
) -> list[_Need]:
    """Checks one distribution, and returns what it needs. For that it wants no RECORD."""
    about = tree.nodes.get(f"{directory}/METADATA")
    if not isinstance(about, File):
        report.problems.append(f"{directory}/METADATA is missing")
        return []
    fields = email.message_from_bytes(content.read(about.content))
    name = normal(fields["Name"] or "")
    if name in report.distributions:
        report.problems.append(f"{match['directory']}: {name} is there twice")
    report.distributions[name] = fields["Version"] or ""
    path = f"{directory}/{record.NAME}"
    listed = tree.nodes.get(path)
    if isinstance(listed, File):
        _check_record(tree, path, listed, match["packages"], report)
    needs = fields.get_all("Requires-Dist", [])
    return [_Need(match["directory"], str(text)) for text in needs]


def _check_record(tree: Tree, path: str, file: File, packages: str, report: Report) -> None:
    try:
        entries = record.parse(content.read(file.content), path)
    except RelocatableError as error:
        report.problems.append(str(error))
        return
    for listed, entry in entries.items():
        node = tree.nodes.get(posixpath.normpath(posixpath.join(packages, listed)))
        if not isinstance(node, File):
            report.problems.append(f"{path} lists {listed}, which is not there")
        elif entry.digest and (wrong := record.mismatch(entry, content.view(node.content))):
            report.problems.append(f"{path}: {listed}: {wrong}")


def _check_needs(
    needs: list[_Need], python: Python, unmet: Collection[str], report: Report
) -> None:
    """Checks what `pip check` would, but for a Python that need not run here."""
    variables = requirements.environment(python, report.version)
    missed = set()
    for need in needs:
        try:
            wanted = Requirement.parse(need.text)
            if not wanted.applies(variables):
                continue
        except RelocatableError as error:
            report.problems.append(f"{need.directory}: {error}")
            continue
        name = normal(wanted.name)
        found = report.distributions.get(name)
        if found is not None:
            if not wanted.takes(found):
                report.problems.append(f"{need.directory} needs {wanted}; {found} is there")
        elif name in map(normal, unmet):
            missed.add(name)
        else:
            report.problems.append(f"{need.directory} needs {wanted}, which is not there")
    for name in sorted(set(map(normal, unmet)) - missed):
        report.problems.append(f"nothing misses {name}; drop it from `unmet`")
