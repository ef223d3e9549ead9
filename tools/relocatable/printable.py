"""Names from outside, for people to read: on one line, and nothing that a terminal obeys."""


def printable(text: str) -> str:
    r"""Returns `text` with what can't be printed, and backslashes, escaped as Python does it.

    Among these are line ends, escape sequences, and bytes that are no UTF-8 (`\udc80` and on).
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        character if character.isprintable() and character != "\\" else ascii(character)[1:-1]
        for character in text
    )
