"""From a dist and a control block to the two trees that a package consists of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relocatable.deb_package import contents, control, copyright_file, overrides, scripts
from relocatable.deb_package.control import Control
from relocatable.deb_package.writer import COMPRESSIONS
from relocatable.licenses.collection import Known
from relocatable.sbom import inventory
from relocatable.sbom.inventory import Facts
from relocatable.strict_json import Reader, Text
from relocatable.target import Target
from relocatable.tree import File, Tree

_DOCUMENTATION: Final = "usr/share/doc"
_PATH = Text("a path", re.compile(r"[^\n]+"))
_TAG = Text("a tag of lintian, and what it is about", re.compile(r"[a-z0-9-]+(?: [^\n]+)?"))
_COMPRESSION = Text(" or ".join(COMPRESSIONS), re.compile("|".join(COMPRESSIONS)))


@dataclass(frozen=True, slots=True)
class Spec:
    """What the rule `deb_control` says.

    Attributes:
        control: the control block.
        prefix: where the dist is installed, relative to the root; `.` is the root.
        links: from paths, relative to the root, to paths in the dist.
        conffiles: configuration files besides those in /etc, relative to the root.
        overrides: tags of lintian that are right, but are meant to be.
        compression: of the data.
    """

    control: Control
    prefix: str
    links: Mapping[str, str]
    conffiles: tuple[str, ...]
    overrides: tuple[str, ...]
    compression: str


def read(path: Path, target: Target) -> Spec:
    """Reads the file that `deb_control` wrote.

    Raises:
        RelocatableError: if it is something else, or says what Debian's policy forbids.
    """
    reader = Reader.parse(path.read_bytes(), f"control block {path}")
    block = control.read(reader, target)
    prefix = reader.string("prefix", _PATH)
    links = reader.item("links")
    spec = Spec(
        control=block,
        prefix="." if prefix == "/" else control.relative(prefix, "deb: prefix"),
        links={
            control.relative(name, "deb: links"): links.string(name, _PATH)
            for name in sorted(links.left)
        },
        conffiles=control.paths(reader, "conffiles"),
        overrides=reader.strings("lintian_overrides", _TAG),
        compression=reader.string("compression", _COMPRESSION),
    )
    reader.done()
    return spec


@dataclass(frozen=True, slots=True)
class Package:
    """A package: the files of its control archive, and what it installs."""

    control: Tree
    data: Tree


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a package is made of.

    Attributes:
        dist: the dist.
        others: trees that are installed besides, from the root on.
        scripts: maintainer scripts and the like, by name.
        known: where licence texts are from.
        facts: what the dist is.
    """

    dist: Tree
    others: Sequence[Tree]
    scripts: Mapping[str, bytes]
    known: Known
    facts: Facts


def assemble(spec: Spec, inputs: Inputs) -> Package:
    """Makes the trees of a package.

    Args:
        spec: what was asked for.
        inputs: what it is made of.

    Raises:
        RelocatableError: if what is asked for does not fit the dist.
    """
    name = spec.control.package
    data = contents.installed(inputs.dist, spec.prefix, inputs.others, spec.links)
    if spec.control.architecture == control.ALL:
        contents.check_architecture(data, name)
    conffiles = contents.conffiles(data, spec.conffiles)
    own = f"{_DOCUMENTATION}/{name}/copyright"
    # Whoever brings one along among the files knows better.
    if own not in data.nodes:
        owner = inventory.owners(data, inputs.facts, inputs.known.packages)
        text = copyright_file.made(data, owner, inputs.known, spec.control.homepage)
        data.add(own, _file(text))
    tags = overrides.text(name, data, spec.prefix, spec.overrides)
    data.add(f"{overrides.DIRECTORY}/{name}", _file(tags))
    modules = scripts.found(data)
    depends = (scripts.COMPILER,) if modules and name != scripts.COMPILER else ()
    files = {
        "control": spec.control.text(contents.size(data), depends),
        "md5sums": contents.md5sums(data, conffiles),
        "conffiles": "".join(f"/{path}\n" for path in conffiles).encode(),
    }
    tree = Tree({path: _file(each) for path, each in files.items() if each})
    for path, each in scripts.made(modules, inputs.scripts).items():
        tree.add(path, File(each, contents.MADE_BY, executable=path not in scripts.NOT_RUN))
    return Package(tree, data)


def _file(data: bytes) -> File:
    return File(data, contents.MADE_BY)
