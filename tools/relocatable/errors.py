"""The one exception that stands for bad input."""


class RelocatableError(Exception):
    """An input is wrong, and its message is all that the user needs.

    The message is one line: what was wanted, what was found, what to do. A tool prints it and
    exits with status 1; every other exception is a defect of ours and keeps its traceback.
    """


def problems(found: list[str], heading: str) -> None:
    """Raises one error for all of `found`, which may be empty.

    A problem that is alone stands behind `heading` in the same line; several are listed below it,
    sorted, each once.

    Raises:
        RelocatableError: if `found` holds anything.
    """
    lines = sorted(set(found))
    if lines:
        raise RelocatableError((" " if len(lines) == 1 else "\n  ").join([heading, *lines]))


def printable(text: str) -> str:
    """Escapes what a terminal would obey or not show; line ends stay.

    Messages hold words of files and servers, which are nobody's we know.
    """
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )
