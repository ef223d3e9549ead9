"""What is printed of a Mach-O file."""

from relocatable.macho import MachO, read_signature, version_text
from relocatable.macho.signature import Signature


def summary(file: MachO, data: memoryview) -> list[str]:
    """Everything at a glance, of a thin file or one architecture."""
    signature = read_signature(file, data)
    rows = {
        "type": [f"{file.file_type}, {file.architecture}"],
        "size": [f"{file.size:,} bytes"],
        "built for": [
            f"{build.platform} {version_text(build.minos)}, SDK {version_text(build.sdk)}"
            for build in file.builds
        ],
        "UUID": [file.uuid.hex()] if file.uuid else [],
        "dylinker": [file.dylinker] if file.dylinker else [],
        "install name": [file.install_name] if file.install_name is not None else [],
        "run paths": list(file.rpaths),
        "libraries": [
            f"{dylib.name}{'' if dylib.kind == 'load' else f' ({dylib.kind})'}"
            for dylib in file.dylibs
        ],
        "environment": list(file.dyld_environment),
        "encrypted": ["yes"] if file.encrypted else [],
        "signature": _signature(signature) if signature else ["none"],
    }
    width = max(map(len, rows))
    return [
        f"{name if first else '':{width}}  {value}"
        for name, found in rows.items()
        for first, value in zip([True] + [False] * len(found), found, strict=False)
    ]


def _signature(signature: Signature) -> list[str]:
    directory = signature.directory
    team = f", team {directory.team}" if directory.team else ""
    return [
        f"{signature.kind}, identifier {directory.identifier}{team}",
        f"cdhash {directory.cdhash.hex()}",
    ]
