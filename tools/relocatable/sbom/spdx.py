"""SPDX 2.3, as JSON.

The dist is a package whose files have all been looked at. Each component is a package of which the
dist has some files, so only the archive that it came in is described, not its contents.

Source: the SPDX Specification 2.3, clauses 6 to 11 and annex F.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from relocatable.sbom import identity
from relocatable.sbom.component import Component, Kind
from relocatable.sbom.inventory import Inventory, Item
from relocatable.tree_tar import MTIME

_UNKNOWN: Final = "NOASSERTION"
_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_CREATED: Final = datetime.fromtimestamp(MTIME, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
"""That of the files in the archives. The format demands one, and the same dist is to have the same
document whenever it is built."""
_PURPOSES: Final = {Kind.TARGET: "OTHER", Kind.TOOL: "OTHER"}


def document(inventory: Inventory) -> dict[str, Any]:
    """Returns the document of an inventory."""
    facts = inventory.facts
    found = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": facts.name,
        "creationInfo": {
            "created": _CREATED,
            "creators": [f"Tool: rules_relocatable-{facts.tool_version}"],
        },
        "packages": [_dist(inventory), *map(_package, inventory.items)],
        "files": [_file(item) for items in inventory.items.values() for item in items],
        "relationships": [
            {"spdxElementId": left, "relationshipType": kind, "relatedSpdxElement": right}
            for left, kind, right in _relationships(inventory)
        ],
    }
    return found | {"documentNamespace": identity.of_document(found)}


def _id(ref: str) -> str:
    return f"SPDXRef-{ref}"


def _dist(inventory: Inventory) -> dict[str, Any]:
    facts = inventory.facts
    digests = sorted(item.sha1 for items in inventory.items.values() for item in items)
    code = hashlib.sha1("".join(digests).encode(), usedforsecurity=False).hexdigest()
    version = {"versionInfo": facts.version} if facts.version else {}
    return {
        "SPDXID": _id(inventory.ref),
        "name": facts.name,
        **version,
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": code},
        "primaryPackagePurpose": "APPLICATION",
        "licenseConcluded": _UNKNOWN,
        "licenseDeclared": _UNKNOWN,
        "copyrightText": _UNKNOWN,
        "comment": f"for {facts.platform}",
    }


def _package(component: Component) -> dict[str, Any]:
    found: dict[str, Any] = {"SPDXID": _id(component.ref), "name": component.name}
    if component.version:
        found["versionInfo"] = component.version
    if component.file:
        found["packageFileName"] = component.file
    if component.supplier:
        found["supplier"] = f"Organization: {component.supplier}"
    found["downloadLocation"] = component.url or _UNKNOWN
    found["filesAnalyzed"] = False
    if component.sha256:
        found["checksums"] = [{"algorithm": "SHA256", "checksumValue": component.sha256}]
    if component.built_from:
        found["sourceInfo"] = f"built from the source package {component.built_from}"
    found["licenseConcluded"] = _UNKNOWN
    found["licenseDeclared"] = component.license or _UNKNOWN
    found["copyrightText"] = _UNKNOWN
    found["primaryPackagePurpose"] = _PURPOSES.get(component.kind, "LIBRARY")
    if component.purl:
        reference = {
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": component.purl,
        }
        found["externalRefs"] = [reference]
    return found


def _file(item: Item) -> dict[str, Any]:
    return {
        "SPDXID": _id(item.ref),
        "fileName": f"./{item.path}",
        **({"fileTypes": ["BINARY"]} if item.is_code else {}),
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": item.sha1},
            {"algorithm": "SHA256", "checksumValue": item.sha256},
        ],
        "licenseConcluded": _UNKNOWN,
        "copyrightText": _UNKNOWN,
        "comment": "; ".join([f"from {item.origin}", *(f"edited: {edit}" for edit in item.edits)]),
    }


def _relationships(inventory: Inventory) -> Iterator[tuple[str, str, str]]:
    dist = _id(inventory.ref)
    yield _DOCUMENT, "DESCRIBES", dist
    for component, items in inventory.items.items():
        package = _id(component.ref)
        yield dist, "CONTAINS", package
        for needed in inventory.needs.get(component.ref, ()):
            yield package, "DEPENDS_ON", _id(needed)
        from_archive = component.kind in {Kind.DEB, Kind.WHEEL}
        for item in items:
            yield dist, "CONTAINS", _id(item.ref)
            kind = "EXPANDED_FROM_ARCHIVE" if from_archive else "GENERATED_FROM"
            yield _id(item.ref), kind, package
