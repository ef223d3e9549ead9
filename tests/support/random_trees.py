"""Makes small trees of libraries that are hard to find one's way in, on disk, from a seed."""

import os
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from relocatable import launcher
from support.elf_builder import EM_386, EM_AARCH64, EM_X86_64
from support.shared_object import DF_1_NODEFLIB, DT_AUXILIARY, DT_FILTER, SharedObject, program

LAUNCHER = "bin/prog"
_NAMES = tuple(f"lib{number}.so" for number in range(6))
_DIRECTORIES = ("lib", "lib/sub", "opt", "opt/x")
_LEVELS = tuple(
    f"{directory}/glibc-hwcaps/x86-64-v{level}"
    for directory in ("lib", "opt")
    for level in (2, 3, 4)
)
_STEPS = (
    *("$ORIGIN", "$ORIGIN/../lib", "${ORIGIN}/../opt", "$ORIGIN/sub", "$ORIGIN/x", "$ORIGIN/./sub"),
    *("$ORIGIN/../opt/x", "$ORIGIN/../../lib", "$ORIGIN/../lib/", "$ORIGIN/../bin/../opt"),
    *("$ORIGIN/../$LIB", "$ORIGIN/../../${LIB}", "$ORIGIN/../$PLATFORM", "${ORIGIN}/link"),
    *("$ORIGIN", "$ORIGIN/../lib", "$ORIGIN/../opt", "$ORIGIN/../../opt", "$ORIGIN/../lib/sub"),
    *("/nowhere", "$ORIGIN/$LIBx", "$ORIGINAL", "", "$LIB"),
)


class RandomTree:
    """A tree with a launcher, a program and a loader; the seed decides the rest."""

    def __init__(self, seed: int, machine: int, tokens: tuple[str, str]) -> None:
        """Prepares a tree for `machine`, whose loader replaces $LIB and $PLATFORM by `tokens`."""
        self._random = random.Random(seed)  # noqa: S311
        self._machine = machine
        self._directories = (*_DIRECTORIES, *tokens)
        self._calm = seed % 2 == 0
        """Whether all files are sound and only the search paths are hard: then what is found first
        leads on to more, where otherwise much ends early."""

    def write(self, root: Path, loader: Path, plain_launcher: bytes) -> None:
        """Makes the tree at `root`, which is there and empty."""
        choose = self._random
        for directory in ("bin", "libexec", *self._directories):
            (root / directory).mkdir(parents=True, exist_ok=True)
        shutil.copy(loader, root / "lib" / loader.name)
        places = self._directories + (_LEVELS if choose.random() < 0.3 else ())
        for name in _NAMES:
            for directory in choose.sample(places, choose.randint(1, 3)):
                (root / directory).mkdir(parents=True, exist_ok=True)
                self._write_one(root, root / directory / name)
        self._write_links(root)
        place = choose.choice(("libexec", "lib/sub"))
        made = program(machine=self._machine, needed=self._needed() or (_NAMES[0],))
        (root / place / "prog").write_bytes(replace(made, **self._search_paths()).build())
        settings = launcher.Settings(
            depth=1,
            program=f"{place}/prog",
            loader=f"lib/{loader.name}",
            library_path=tuple(
                choose.sample(
                    ("lib", "opt", "lib/sub", "lib/link"),
                    0 if self._calm else choose.choice((0, 0, 0, 1, 2)),
                )
            ),
        )
        (root / LAUNCHER).write_bytes(launcher.patch(plain_launcher, settings))
        for path in (LAUNCHER, f"{place}/prog", f"lib/{loader.name}"):
            (root / path).chmod(0o755)

    def _write_one(self, root: Path, path: Path) -> None:
        """A library, or what stands in its place."""
        kind = self._random.random()
        if kind < 0.8 or self._calm:
            path.write_bytes(self._library(path.name).build())
        elif kind < 0.97:
            target = root / self._random.choice(self._directories) / self._random.choice(_NAMES)
            path.symlink_to(os.path.relpath(target, path.parent))
        elif kind < 0.985:
            path.write_bytes(b"not an ELF file" * 20)
        else:
            path.mkdir()

    def _write_links(self, root: Path) -> None:
        choose = self._random
        if choose.random() < 0.5:
            directory = choose.choice(self._directories)
            (root / directory / "alias.so").symlink_to(choose.choice(_NAMES))
        for directory in ("lib", "opt"):
            if choose.random() < 0.3:
                target = choose.choice(("../opt", "../lib", "../lib/sub"))
                (root / directory / "link").symlink_to(target)
        for path in root.rglob("*.so"):
            # Where links go in a circle, a loader leaves out the directories that follow in the
            # same list (the error is not ENOENT); no tree of ours has them.
            try:
                path.resolve(strict=True)
            except FileNotFoundError:
                pass
            except (RuntimeError, OSError):
                path.unlink()

    def _library(self, name: str) -> SharedObject:
        choose = self._random
        other = EM_X86_64 if self._machine == EM_AARCH64 else EM_AARCH64
        foreign = choose.uniform(0.2 if self._calm else 0, 1)
        bits, machine = (
            (32, EM_386) if foreign < 0.06
            else (64, other) if foreign < 0.1
            else (32, self._machine) if foreign < 0.12
            else (64, self._machine)
        )  # fmt: skip
        needed = self._needed()
        requires = [
            (library, choose.choice(("V_1", "V_2", "?V_2")))
            for library in needed
            if library in _NAMES and choose.random() < 0.4
        ]
        if choose.random() < 0.03:
            requires.append((choose.choice(_NAMES), "V_1"))
        tag = choose.choice((DT_AUXILIARY, DT_FILTER))
        filters = ((tag, choose.choice(_NAMES)),) if choose.random() < 0.05 else ()
        made = SharedObject(
            bits=bits,
            machine=machine,
            soname=choose.choice((name, name, None, choose.choice(_NAMES), "alias.so")),
            needed=needed,
            filters=filters,
            flags_1=DF_1_NODEFLIB if choose.random() < 0.1 else 0,
            requires=tuple(dict.fromkeys(requires)),
            provides=choose.choice(((), ("V_1",), ("V_1", "V_2"))),
        )
        return replace(made, **self._search_paths())

    def _needed(self) -> tuple[str, ...]:
        return tuple(self._need() for _ in range(self._random.randint(1, 3)))

    def _need(self) -> str:
        choose = self._random
        kind = choose.random()
        if kind < 0.8 or self._calm:
            return choose.choice(_NAMES)
        if kind < 0.88:
            return choose.choice(("$ORIGIN/", "$ORIGIN/../opt/", "${ORIGIN}/sub/")) + choose.choice(
                _NAMES
            )
        return choose.choice(("alias.so", "libnone.so", "lib0$ORIGIN/../lib1.so", "./lib2.so"))

    def _search_paths(self) -> dict[str, Any]:
        choose = self._random
        steps = _STEPS[:-5] if self._calm else _STEPS
        path = ":".join(choose.choice(steps) for _ in range(choose.randint(1, 3)))
        both = {"rpath": path, "runpath": choose.choice(_STEPS)}
        kinds: list[dict[str, str]] = [
            {"rpath": path},
            {"runpath": path},
            both,
            {"runpath": ""},
            {},
        ]
        return choose.choices(kinds, (40, 10, 5, 2, 43) if self._calm else (30, 25, 5, 3, 37))[0]
