"""Edits to try on real files: as patchelf's arguments, and what readelf should say afterwards."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from relocatable.elf import Elf
from support.elf_facts import Facts

Arguments = tuple[str, ...]
LONG = "$ORIGIN/../lib:" + "/a/rather/long/directory" * 9
_PATHS = frozenset({"RPATH", "RUNPATH"})


@dataclass(frozen=True, slots=True)
class Case:
    """One edit.

    Attributes:
        name: for messages.
        arguments: of elf_edit for a file; None if the edit means nothing for it.
        expect: what readelf should say afterwards, from what it says before.
        patchelf: whether the patchelf of the tests (0.14) can do the same.
        loads: whether a file that could be loaded can be loaded still.
    """

    name: str
    arguments: Callable[[Elf], Arguments | None]
    expect: Callable[[Facts, Elf], Facts]
    patchelf: bool = True
    loads: bool = True


def _with(facts: Facts, tag: str, text: str | None, without: frozenset[str]) -> Facts:
    """Facts with other dynamic entries."""
    entries = [entry for entry in facts.dynamic if entry[0] not in without]
    return replace(facts, dynamic=[*([(tag, text)] if text is not None else []), *entries])


def _runpath(path: str) -> Case:
    return Case(
        f"runpath of {len(path)}",
        lambda _: ("--set-rpath", path),
        lambda facts, _: _with(facts, "RUNPATH", f"Library runpath: [{path}]", _PATHS),
    )


def _rpath(path: str) -> Case:
    return Case(
        f"rpath of {len(path)}",
        lambda _: ("--force-rpath", "--set-rpath", path),
        lambda facts, _: _with(facts, "RPATH", f"Library rpath: [{path}]", _PATHS),
    )


def _added_path(facts: Facts, _: Elf) -> Facts:
    runpath, rpath = facts.values("RUNPATH"), facts.values("RPATH")
    new = ":".join([*filter(None, runpath or rpath), "$ORIGIN/more"])
    if rpath and not runpath:  # It stays of its kind.
        return _with(facts, "RPATH", f"Library rpath: [{new}]", _PATHS)
    return _with(facts, "RUNPATH", f"Library runpath: [{new}]", _PATHS)


def _soname(name: str) -> Case:
    return Case(
        f"soname of {len(name)}",
        lambda elf: ("--set-soname", name) if elf.type == 3 else None,
        lambda facts, _: _with(facts, "SONAME", f"Library soname: [{name}]", frozenset({"SONAME"})),
    )


def _added_needed(facts: Facts, _: Elf) -> Facts:
    return _with(facts, "NEEDED", "Shared library: [libadded.so.1]", frozenset())


def _replaced(elf: Elf) -> str | None:
    return elf.needed[0] if elf.needed and not elf.needed[0].startswith("ld-") else None


def _replaced_needed(facts: Facts, elf: Elf) -> Facts:
    old = _replaced(elf)

    def renamed(text: str) -> str:
        return text.replace(f"[{old}]", "[librenamed.so.1]") if old else text

    def renamed_file(line: str) -> str:
        return re.sub(rf"(File: ){re.escape(old or '')}(  )", r"\1librenamed.so.1\2", line)

    return replace(
        facts,
        dynamic=[
            (tag, renamed(text)) if tag == "NEEDED" else (tag, text) for tag, text in facts.dynamic
        ],
        tables={title: [*map(renamed_file, lines)] for title, lines in facts.tables.items()},
    )


def _without_needed(facts: Facts, elf: Elf) -> Facts:
    gone = ("NEEDED", f"Shared library: [{elf.needed[-1]}]")
    return replace(facts, dynamic=[entry for entry in facts.dynamic if entry != gone])


def _with_interpreter(facts: Facts, _: Elf) -> Facts:
    return replace(facts, interpreter=_INTERPRETER)


_INTERPRETER = "/another/directory/that/is/not/short/ld-linux.so"


def _stack(flags: str) -> Callable[[Facts, Elf], Facts]:
    def expect(facts: Facts, _: Elf) -> Facts:
        kinds = [kind for kind, *_rest in facts.segments]
        segments = [
            (kind, address, size, flags if kind == "GNU_STACK" else old)
            for kind, address, size, old in facts.segments
        ]
        if "GNU_STACK" not in kinds:
            segments.append(("GNU_STACK", f"0x{0:016x}", f"0x{0:06x}", flags))
        return replace(facts, segments=segments)

    return expect


def _without_default_paths(facts: Facts, _: Elf) -> Facts:
    old = [text for tag, text in facts.dynamic if tag == "FLAGS_1"]
    flags = {"NODEFLIB", *(old[0].removeprefix("Flags: ").split() if old else [])}
    # In the order of their bits, as readelf has them.
    order = ["NOW", "GLOBAL", "GROUP", "NODELETE", "LOADFLTR", "INITFIRST", "NOOPEN", "ORIGIN"]
    order += ["DIRECT", "TRANS", "INTERPOSE", "NODEFLIB", "PIE"]
    text = "Flags: " + " ".join(sorted(flags, key=order.index))
    return _with(facts, "FLAGS_1", text, frozenset({"FLAGS_1"}))


def _with_debug_tag(facts: Facts, _: Elf) -> Facts:
    there = any(tag == "DEBUG" for tag, _text in facts.dynamic)
    return facts if there else _with(facts, "DEBUG", "0x0", frozenset())


def _without_build_id(facts: Facts, _: Elf) -> Facts:
    return replace(facts, tables=anonymous(facts.tables))


def anonymous(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    """Tables without the notes that are a build ID, or were one: those are left empty."""
    left_out = re.compile(r"NT_GNU_BUILD_ID|Unknown note type: \(0x00000000\)")
    return {
        title: lines
        for title, lines in tables.items()
        if not any(left_out.search(line) for line in lines)
    }


def _for_linux(facts: Facts, _: Elf) -> Facts:
    tables = {
        title: [line.replace("<OS specific>: 10", "IFUNC  ") for line in lines]
        for title, lines in facts.tables.items()
    }
    return replace(facts, header=facts.header | {"OS/ABI": "UNIX - GNU"}, tables=tables)


_SYMBOL = "free"


def _without_version(facts: Facts, _: Elf) -> Facts:
    return replace(facts, tables=unversioned(facts.tables))


def unversioned(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    """Tables as after `--clear-symbol-version free`; those of numbers of versions are left out."""
    pattern = re.compile(rf"(?<= ){_SYMBOL}@\S+( \(\d+\))?")
    return {
        title: [pattern.sub(_SYMBOL, line) for line in lines]
        for title, lines in tables.items()
        if not title.startswith("Version symbols")
    }


CASES: Sequence[Case] = (
    _runpath("$ORIGIN"),
    _runpath(LONG),
    _rpath("$ORIGIN/../lib"),
    _rpath(LONG),
    Case("more runpath", lambda _: ("--add-rpath", "$ORIGIN/more"), _added_path, patchelf=False),
    Case("no runpath", lambda _: ("--remove-rpath",), lambda f, _: _with(f, "", None, _PATHS)),
    _soname("s.so"),
    _soname("libanother-name-that-is-a-good-deal-longer.so.1.2.3"),
    Case("needed added", lambda _: ("--add-needed", "libadded.so.1"), _added_needed),
    Case(
        "needed renamed",
        lambda elf: (
            ("--replace-needed", old, "librenamed.so.1") if (old := _replaced(elf)) else None
        ),
        _replaced_needed,
    ),
    Case(
        "needed removed",
        lambda elf: ("--remove-needed", elf.needed[-1]) if elf.needed else None,
        _without_needed,
        # Versions that are wanted of it still.
        loads=False,
    ),
    Case(
        "interpreter",
        lambda elf: ("--set-interpreter", _INTERPRETER) if elf.interpreter else None,
        _with_interpreter,
    ),
    Case("executable stack", lambda _: ("--set-execstack",), _stack("RWE"), patchelf=False),
    Case("no executable stack", lambda _: ("--clear-execstack",), _stack("RW "), patchelf=False),
    Case("no default paths", lambda _: ("--no-default-lib",), _without_default_paths),
    Case("debug tag", lambda _: ("--add-debug-tag",), _with_debug_tag, patchelf=False),
    Case("symbol version", lambda _: ("--clear-symbol-version", _SYMBOL), _without_version),
    Case("build ID", lambda _: ("--drop-build-id",), _without_build_id, patchelf=False),
    Case(
        "OS ABI",
        lambda _: ("--set-os-abi", "Linux"),
        _for_linux,
        patchelf=False,
    ),
    Case(
        "several at once",
        lambda elf: (
            *("--set-rpath", "$ORIGIN/x:" + LONG, "--no-default-lib", "--add-debug-tag"),
            *(("--add-needed", "libadded.so.1")),
        ),
        lambda facts, elf: _added_needed(
            _with_debug_tag(
                _without_default_paths(
                    _with(facts, "RUNPATH", f"Library runpath: [$ORIGIN/x:{LONG}]", _PATHS), elf
                ),
                elf,
            ),
            elf,
        ),
        patchelf=False,
    ),
)
