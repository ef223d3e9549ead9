"""Makes HTML."""

import markupsafe


def paragraph(text: str) -> str:
    """A paragraph with this text."""
    return f"<p>{markupsafe.escape(text)}</p>"


def escaper() -> str:
    """Which code escapes: what is compiled, if it is there."""
    return str(markupsafe._escape_inner.__module__)
