"""Keeps what is appended to a program behind it, where the program gets longer or shorter.

Programs that carry data find it in one of two ways: from the end of the file (zip archives,
PyInstaller, Bun), or right behind the section headers (AppImage). Both still do if all of it moves
and if the section headers, where they came last, come last again. It moves by whole pages, so what
is mapped from the file goes on being aligned.
"""

from typing import Final, NamedTuple

from relocatable.elf.image import Image, round_up
from relocatable.elf.rooms import known_end, payload

PAGE: Final = 0x1000
"""What a payload moves by is a multiple of so many bytes."""


class Detached(NamedTuple):
    """What an image has lost at its end until `attach`.

    Attributes:
        start: file offset of the section headers if they come last, else of the payload.
        payload: file offset of the payload.
    """

    start: int
    payload: int


def detach(image: Image) -> Detached | None:
    """Takes the payload, and section headers right before it, off an unchanged image.

    Returns:
        What is gone; None if there is no payload.
    """
    if not payload(image):
        return None
    end = start = known_end(image)
    shoff = image.shoff
    if shoff + image.headers_size == end:
        image.shoff = 0
        if known_end(image) <= shoff:
            start = shoff
        else:  # They overlap something, and stay.
            image.shoff = shoff
    image.end = start
    return Detached(start, end)


def attach(image: Image, detached: Detached) -> None:
    """Puts section headers that are gone behind all that the image has got."""
    start = detached.start
    end = start + round_up(max(known_end(image) - start, 0), PAGE)
    if image.headers and not image.shoff:
        image.shoff = end
        pack = image.elf.shape.shdr.pack
        image.writes.append((end, b"".join(pack(*header) for header in image.headers)))
    elif end > start:
        image.writes.append((end - 1, b"\0"))
