"""What files of a dist are from: a Debian package, a Python distribution, a target of the build."""

from dataclasses import dataclass
from enum import StrEnum

from packageurl import PackageURL

from relocatable.provenance import Package, Wheel
from relocatable.python.wheel import normal
from relocatable.sbom import identity

_OWN = "@rules_relocatable//"
"""Of labels that are ours in whatever build: the launchers'."""
_OWN_LICENSE = "Apache-2.0"


class Kind(StrEnum):
    """What a component is."""

    DEB = "deb"
    WHEEL = "wheel"
    DISTRIBUTION = "distribution"
    """A Python distribution that a target of the build has installed."""
    TARGET = "target"
    """Files that a target of the build made or brought."""
    TOOL = "tool"
    """Files of rules_relocatable itself."""


@dataclass(frozen=True, slots=True)
class Component:
    """What one or more files of a dist are from.

    Attributes:
        kind: what it is.
        source: what the provenance of its files calls it.
        ref: what documents call it; no other of the dist is called so.
        name: for people.
        version: empty if it has none.
        purl: the package URL by which advisories and inventories know it; empty if it has none.
        sha256: of the file that it came in, in hex; empty if that was no single file.
        file: that file's name, if it is known.
        url: where that file can be had from; empty if that isn't known.
        supplier: the organisation that hands it out, likewise.
        built_from: of a Debian package: the source package, as `NAME VERSION`.
        license: what it declares, as an SPDX expression; empty unless that is certain.
    """

    kind: Kind
    source: Package | Wheel | str
    ref: str
    name: str
    version: str = ""
    purl: str = ""
    sha256: str = ""
    file: str = ""
    url: str = ""
    supplier: str = ""
    built_from: str = ""
    license: str = ""


def of_package(package: Package, vendor: str, license_: str) -> Component:
    """A package and the licence it declares; `vendor` is its distribution if it says none."""
    upstream = package.source
    if package.source_version:
        upstream = f"{package.source or package.name}@{package.source_version}"
    qualifiers = {"arch": package.architecture} | ({"upstream": upstream} if upstream else {})
    namespace = (package.vendor or vendor).lower()
    purl = PackageURL("deb", namespace, package.name, package.version, qualifiers)
    source = package.source or package.name
    return Component(
        Kind.DEB,
        package,
        identity.of_thing("deb", package.name, repr(package)),
        package.name,
        package.version,
        purl.to_string(),
        package.sha256,
        url=package.url,
        supplier=package.vendor,
        built_from=f"{source} {package.source_version or package.version}",
        license=license_,
    )


def of_wheel(wheel: Wheel, license_: str) -> Component:
    """A wheel, and the licence that its metadata names."""
    return Component(
        Kind.WHEEL,
        wheel,
        identity.of_thing("wheel", wheel.name, repr(wheel)),
        wheel.name,
        wheel.version,
        _pypi(wheel.name, wheel.version),
        wheel.sha256,
        wheel.file,
        license=license_,
    )


def of_distribution(name: str, version: str, label: str, license_: str) -> Component:
    """A Python distribution that the target `label` has installed."""
    ref = identity.of_thing("python", name, f"{label} {name} {version}")
    purl = _pypi(name, version)
    return Component(Kind.DISTRIBUTION, label, ref, name, version, purl, license=license_)


def of_label(label: str, tool_version: str) -> Component:
    """A target of the build; `tool_version` is ours."""
    if label.startswith(_OWN):
        name = "rules_relocatable"
        ref = identity.of_thing("tool", name, name)
        return Component(Kind.TOOL, _OWN, ref, name, tool_version, license=_OWN_LICENSE)
    ref = identity.of_thing("target", label, label)
    return Component(Kind.TARGET, label, ref, identity.shown(label))


def _pypi(name: str, version: str) -> str:
    return PackageURL("pypi", None, normal(name), version).to_string()
