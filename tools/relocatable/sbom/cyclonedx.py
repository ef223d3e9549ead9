"""CycloneDX 1.6, as JSON.

Each component has its files inside it. There is no timestamp: the format does not ask for one, and
the same dist is to have the same document whenever it is built.

Source: the CycloneDX Specification 1.6 (ECMA-424).
"""

from typing import Any, Final

from relocatable.sbom import identity
from relocatable.sbom.component import Component, Kind
from relocatable.sbom.inventory import Inventory, Item

_OURS: Final = "rules_relocatable"
_TYPES: Final = {Kind.TARGET: "data", Kind.TOOL: "application"}


def document(inventory: Inventory) -> dict[str, Any]:
    """Returns the document of an inventory."""
    facts = inventory.facts
    tool = {"type": "application", "name": _OURS, "version": facts.tool_version}
    dist: dict[str, Any] = {"type": "application", "bom-ref": inventory.ref, "name": facts.name}
    if facts.version:
        dist["version"] = facts.version
    dist |= _properties(("platform", facts.platform))
    found = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "tools": {"components": [tool]},
            "component": dist,
        },
        "components": [_component(each, items) for each, items in inventory.items.items()],
        "dependencies": [
            {"ref": inventory.ref, "dependsOn": sorted(each.ref for each in inventory.items)},
            *[
                {"ref": each.ref, "dependsOn": list(inventory.needs.get(each.ref, ()))}
                for each in inventory.items
            ],
        ],
        # Each file of the dist is listed, and nothing else is in it.
        "compositions": [{"aggregate": "complete", "assemblies": [inventory.ref]}],
    }
    return found | {"serialNumber": identity.of_document(found)}


def _component(component: Component, items: tuple[Item, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": _TYPES.get(component.kind, "library"),
        "bom-ref": component.ref,
        "name": component.name,
    }
    if component.version:
        found["version"] = component.version
    if component.supplier:
        found["supplier"] = {"name": component.supplier}
    if component.sha256:
        found["hashes"] = [{"alg": "SHA-256", "content": component.sha256}]
    if component.license:
        found["licenses"] = [{"expression": component.license, "acknowledgement": "declared"}]
    if component.purl:
        found["purl"] = component.purl
    if component.url:
        found["externalReferences"] = [{"type": "distribution", "url": component.url}]
    found |= _properties(
        ("kind", component.kind), ("file", component.file), ("built_from", component.built_from)
    )
    found["components"] = [_file(item) for item in items]
    return found


def _file(item: Item) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": item.ref,
        "name": item.path,
        "hashes": [
            {"alg": "SHA-1", "content": item.sha1},
            {"alg": "SHA-256", "content": item.sha256},
        ],
    } | _properties(("from", item.origin), *(("edit", edit) for edit in item.edits))


def _properties(*pairs: tuple[str, str]) -> dict[str, Any]:
    """What the format has no field for, by names of our own."""
    found = [{"name": f"{_OURS}:{name}", "value": value} for name, value in pairs if value]
    return {"properties": found} if found else {}
