"""The formats that an inventory is written in."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from relocatable.sbom import cyclonedx, spdx
from relocatable.sbom.inventory import Inventory

FORMATS: Final[Mapping[str, Callable[[Inventory], dict[str, Any]]]] = {
    "cyclonedx": cyclonedx.document,
    "spdx": spdx.document,
}
"""By the names that the rule has for them."""


def write(inventory: Inventory, form: str) -> bytes:
    """Returns the document of an inventory in a format, as JSON in ASCII."""
    return (json.dumps(FORMATS[form](inventory), indent=1) + "\n").encode()
