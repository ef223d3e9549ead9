"""Bills of materials, as the field's own libraries judge them."""

import tempfile
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.model.document import Document
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

_CYCLONEDX = JsonStrictValidator(SchemaVersion.V1_6)


def cyclonedx_problem(data: bytes) -> str | None:
    """What is wrong with a CycloneDX document, if anything."""
    problem = _CYCLONEDX.validate_str(data.decode("ascii"))
    return None if problem is None else repr(problem)


def spdx(data: bytes) -> Document:
    """Reads an SPDX document; raises SPDXParsingError if it is none."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "x.spdx.json")
        path.write_bytes(data)
        return parse_file(str(path))


def spdx_problems(document: Document) -> list[str]:
    """What is wrong with an SPDX document."""
    return [problem.validation_message for problem in validate_full_spdx_document(document)]
