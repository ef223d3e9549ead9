"""Plans edits of a Mach-O file as data: what they mean, and the parts that the new file is made of.

A plan is a list of ranges of the input with new bytes between them: the header in front, and a new
signature at the end. A file for several architectures is planned slice by slice and laid out anew.
"""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.edits import Edit, Edits
from relocatable.macho.image import Image, NotEditableError, linkedit, parts_of
from relocatable.macho.names import edit_names
from relocatable.macho.reader import MachO
from relocatable.macho.sign import ALIGNMENT, Claims, Layout, claims_of
from relocatable.macho.signature import read_signature
from relocatable.macho.strip import strip
from relocatable.macho.universal import Part, is_universal, lay_out, slices, thin_files


@dataclass(frozen=True, slots=True)
class Plan:
    """What makes the edited file; false if there is nothing to do.

    Attributes:
        parts: ranges `(start, end)` of the input and new bytes, which in order make the output.
        log: what the edits mean.
    """

    parts: tuple[Part, ...] = ()
    log: tuple[Edit, ...] = ()

    def __bool__(self) -> bool:
        """Whether the file changes."""
        return bool(self.parts)

    def apply(self, data: bytes | memoryview) -> bytes:
        """The edited file; `data` is the original."""
        if not self.parts:
            return bytes(data)
        return b"".join(parts_of(memoryview(data), self.parts))


def plan(data: memoryview, name: str, edits: Edits | Callable[[MachO], Edits]) -> Plan:
    """Plans to make a file, thin or universal, as `edits` says; empty if it is so already.

    Args:
        data: the file.
        name: how errors call it, and a new signature its last part.
        edits: what it is to be like; or a function that says so for each architecture.

    Raises:
        NotEditableError: if it is sound, but has no room, isn't linked, or something is appended.
        RelocatableError: if it contradicts itself.
    """
    plans = []
    for file, view in thin_files(data, name):
        wanted = edits(file) if callable(edits) else edits
        identifier = wanted.identifier or posixpath.basename(name)
        plans.append(plan_thin(file, view, wanted, identifier))
    if not any(plans):
        return Plan()
    if not is_universal(data[:8]):
        return plans[0]
    table = slices(data, name)
    moved: list[tuple[Part, ...]] = []
    log: list[Edit] = []
    for one, made in zip(table, plans, strict=True):
        parts = made.parts or ((0, one.size),)
        moved.append(
            tuple(
                x if isinstance(x, bytes) else (x[0] + one.offset, x[1] + one.offset) for x in parts
            )
        )
        log += [
            Edit(f"{edit.kind} ({one.architecture})", edit.before, edit.after) for edit in made.log
        ]
    wide = bytes(data[:4]) == c.FAT_MAGIC_64.to_bytes(4, "big")
    return Plan(tuple(lay_out(name, table, moved, wide=wide)), tuple(log))


def plan_thin(file: MachO, data: memoryview, edits: Edits, identifier: str) -> Plan:
    """Plans edits of one architecture; `identifier` is for a file that had no signature."""
    if not file.is_linked:
        raise NotEditableError(
            f"{file.name}: only programs, libraries and plug-ins can be edited, and this Mach-O"
            f" file is of type {file.file_type}"
        )
    image = Image(file, data)
    log: list[Edit] = []
    if edits.strip is not None:
        log += strip(image, local=edits.strip == "local")
    log += edit_names(image, edits)
    signed = file.signature is not None
    if edits.sign == "remove":
        log += _unsign(image)
    if not image.changed and edits.sign != "always":
        return Plan()
    # Before signing: a signature is of everything in front of it.
    must = file.cpu in (c.CPU_ARM64, c.CPU_ARM64_32)
    layout = None
    if edits.sign == "always" or (edits.sign == "changed" and (signed or must)):
        layout = _make_room(image, identifier)
    log += image.fit()
    header = image.header()
    parts: tuple[Part, ...] = (header, *image.tail)
    if layout is not None:
        made = layout.signature(parts_of(data, parts))
        log += _signature_log(file, data, layout, made)
        parts = (*parts, made)
    if edits.sign == "always" and b"".join(parts_of(data, parts)) == data:
        return Plan()
    return Plan(tuple(part for part in parts if part != b""), tuple(log))


def _make_room(image: Image, identifier: str) -> Layout:
    """Puts the command and the end of `__LINKEDIT` where the signature is going to be."""
    file = image.file
    linkedit(file)
    _refuse_encrypted(file)
    old = read_signature(file, image.data)
    cut_signature(image)
    claims = claims_of(old) if old else Claims(identifier=identifier)
    text = file.segment("__TEXT")
    image.tail = (*image.tail, bytes(-image.end % ALIGNMENT))
    image.end += -image.end % ALIGNMENT
    layout = Layout(
        claims=claims,
        code_limit=image.end,
        executable=(text.fileoff, text.filesize) if text else (0, 0),
        is_program=file.is_program,
    )
    if layout.code_limit + layout.size >= 1 << 32:
        raise NotEditableError(f"{file.name}: a file of 4 GB or more can't be signed")
    command = image.find(c.LC_CODE_SIGNATURE)
    if command is None:
        command = file.shape.words(4).pack(c.LC_CODE_SIGNATURE, 16, 0, 0)
        image.commands.append(command)
    image.replace(command, image.set_words(command, {2: layout.code_limit, 3: layout.size}))
    image.set_linkedit_end(layout.code_limit + layout.size)
    return layout


def cut_signature(image: Image) -> None:
    """Takes the signature's bytes off the end of the file, if there is one.

    Raises:
        NotEditableError: if something follows it.
    """
    if image.file.signature is None:
        return
    offset, size = image.file.signature
    rest = bytes(image.data[offset + size :])
    if rest.strip(b"\0") or len(rest) >= image.file.page_size:
        raise NotEditableError(
            f"{image.file.name}: the signature should be the end of the file, but"
            f" {len(rest)} bytes follow it; sign the file as its last step"
        )
    if image.tail == ((image.room_end, image.file.size),):  # Stripping takes it off itself.
        image.tail, image.end = ((image.room_end, offset),), offset


def _unsign(image: Image) -> Iterator[Edit]:
    old = read_signature(image.file, image.data)
    command = image.find(c.LC_CODE_SIGNATURE)
    if old is None or command is None:
        return
    linkedit(image.file)
    cut_signature(image)
    image.commands.remove(command)
    image.set_linkedit_end(image.end)
    yield Edit("signature", f"{old.kind} {old.directory.cdhash.hex()}", None)


def _signature_log(file: MachO, data: memoryview, layout: Layout, made: bytes) -> Iterator[Edit]:
    old = read_signature(file, data)
    now = "linker-signed" if not layout.claims.blobs and layout.claims.flags & 0x20000 else "ad-hoc"
    yield Edit(
        "signature",
        f"{old.kind} {old.directory.cdhash.hex()}" if old else None,
        f"{now} {layout.cdhash(made).hex()}",
    )
    if old is None:
        yield Edit("signature-identifier", None, layout.claims.identifier)
    elif old.directory.team:
        yield Edit("signature-team", old.directory.team, None)


def _refuse_encrypted(file: MachO) -> None:
    if file.encrypted:
        raise RelocatableError(f"{file.name}: is encrypted, so nothing can be signed; decrypt it")
