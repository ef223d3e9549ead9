"""The one exception that stands for bad input."""


class RelocatableError(Exception):
    """An input is wrong, and its message is all that the user needs.

    The message is one line: what was wanted, what was found, what to do. A tool prints it and
    exits with status 1; every other exception is a defect of ours and keeps its traceback.
    """


def problems(found: list[str], heading: str) -> None:
    """Raises one error that lists all of `found`, sorted, under `heading`; nothing if it is empty.

    Raises:
        RelocatableError: if `found` holds anything.
    """
    if found:
        lines = "\n  ".join(sorted(set(found)))
        raise RelocatableError(f"{heading}\n  {lines}")
