"""Names for documents and for things in them that depend on nothing but what they name."""

import hashlib
import json
import re
import uuid
from typing import Any, Final

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://example.invalid/rules_relocatable/sbom")
_PLAIN: Final = re.compile(r"[^A-Za-z0-9.-]+")
_DIGITS: Final = 16
"""Hexadecimal digits of a digest that tell two of a dist's things apart: 64 bits."""


def of_document(document: dict[str, Any]) -> str:
    """Returns a UUID as a URN, the same for the same contents."""
    text = json.dumps(document, sort_keys=True)
    return uuid.uuid5(_NAMESPACE, hashlib.sha256(text.encode()).hexdigest()).urn


def of_thing(kind: str, name: str, exact: str) -> str:
    """Returns what a thing is called in a document: letters, digits, `.` and `-` only.

    Args:
        kind: of the thing.
        name: for people; what else it has is replaced.
        exact: what sets it apart from others of the kind.
    """
    plain = _PLAIN.sub("-", name).strip("-")
    digest = hashlib.sha256(exact.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]
    return "-".join(part for part in (kind, plain, digest) if part)


def shown(path: str) -> str:
    r"""Returns a path as a document can hold it: bytes that are no UTF-8 become `\xNN`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
