"""Names of operating systems' ABIs, as in byte EI_OSABI of an ELF file.

Source: System V gABI, chapter 4, "ELF Identification".
"""

from typing import Final

from relocatable.errors import RelocatableError

_NAMES: Final = {
    0: "System V",
    1: "HP-UX",
    2: "NetBSD",
    3: "Linux",
    4: "GNU Hurd",
    6: "Solaris",
    7: "AIX",
    8: "IRIX",
    9: "FreeBSD",
    10: "Tru64",
    12: "OpenBSD",
    13: "OpenVMS",
}
_OTHER_NAMES: Final = {"sysv": 0, "gnu": 3, "hurd": 4}


def name_of(number: int) -> str:
    """The ABI's name; one without is written `0x40`."""
    return _NAMES.get(number, f"0x{number:02X}")


def number_of(name: str) -> int:
    """The number of the ABI called `name`, in any case, with a space or a hyphen.

    Raises:
        RelocatableError: if none is called so.
    """
    plain = name.strip().lower().replace("-", " ")
    numbers = {known.lower().replace("-", " "): number for number, known in _NAMES.items()}
    number = (numbers | _OTHER_NAMES).get(plain)
    if number is None:
        raise RelocatableError(
            f"--set-os-abi: {name!r} is no operating system's ABI; these are: "
            f"{', '.join(_NAMES.values())}"
        )
    return number
