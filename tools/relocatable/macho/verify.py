"""Checks a code signature against the file, as the kernel does page by page.

Whether an identity is to be trusted isn't looked at.

Source: bsd/kern/ubc_subr.c of XNU.
"""

from collections.abc import Iterator

from relocatable.macho.reader import MachO
from relocatable.macho.signature import (
    SLOT_ENTITLEMENTS,
    SLOT_ENTITLEMENTS_DER,
    SLOT_INFO,
    SLOT_REQUIREMENTS,
    CodeDirectory,
    Signature,
    read_signature,
)


def verify_signature(file: MachO, data: memoryview) -> list[str]:
    """What is wrong with the signature of a thin file: nothing, if the list is empty.

    Whether an identity is to be trusted isn't looked at.

    Raises:
        RelocatableError: if the file isn't signed, or the signature contradicts itself.
    """
    signature = read_signature(file, data)
    if signature is None:
        return [f"{file.name}: should have a signature, found none"]
    found = [
        problem
        for directory in signature.directories
        for problem in _problems(file, data, signature, directory)
    ]
    return [f"{file.name}: the signature is wrong: {problem}" for problem in found]


def page_hashes(directory: CodeDirectory, data: memoryview) -> Iterator[bytes]:
    """The hash that each page should have."""
    step = directory.page_size or directory.code_limit or 1
    for start in range(0, directory.code_limit, step):
        yield directory.digest(data[start : min(start + step, directory.code_limit)])


def _problems(
    file: MachO, data: memoryview, signature: Signature, directory: CodeDirectory
) -> Iterator[str]:
    if directory.code_limit != signature.offset:
        yield (
            f"all {signature.offset} bytes before it should be signed, found {directory.code_limit}"
        )
        if directory.code_limit > signature.offset:
            return
    size = directory.hash_size
    wrong = [
        number
        for number, digest in enumerate(page_hashes(directory, data))
        if digest != directory.pages[number * size : (number + 1) * size]
    ]
    if wrong:
        count = len(directory.pages) // size
        yield f"{len(wrong)} of {count} pages have another hash, the first is page {wrong[0]}"
    for slot in (SLOT_REQUIREMENTS, SLOT_ENTITLEMENTS, SLOT_ENTITLEMENTS_DER):
        blob = signature.blobs.get(slot)
        if (None if blob is None else directory.digest(blob)) != directory.special.get(slot):
            yield f"special slot {slot} has another hash than what it stands for"
    info = next(
        (x for segment in file.segments for x in segment.sections if x.name == "__info_plist"), None
    )
    if info is not None and SLOT_INFO in directory.special:
        embedded = data[info.offset : info.offset + info.size]
        if directory.digest(embedded) != directory.special[SLOT_INFO]:
            yield "special slot 1 has another hash than the section __info_plist"
    text = file.segment("__TEXT")
    if directory.executable and text and directory.executable[1]:
        # Apple's linker leaves the padding at the segment's end out.
        start, size, _ = directory.executable
        if start != text.fileoff or size > text.filesize:
            yield (
                f"the executable segment should be in the {text.filesize} bytes at {text.fileoff},"
                f" found {size} at {start}"
            )
