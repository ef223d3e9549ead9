"""Tests for `relocatable.deb_lock.contradictions`: values that are wrong together."""

import dataclasses
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized

from relocatable import deb_lock
from relocatable.deb_lock import Package
from relocatable.errors import RelocatableError
from support.lock_example import LOCK, package


class ContradictionsTest(parameterized.TestCase):
    """Values that are wrong together."""

    def assert_found(self, message: str, **changes: Any) -> None:
        self.assertIn(message, deb_lock.contradictions(dataclasses.replace(LOCK, **changes)))

    def _with(self, number: int, **changes: Any) -> tuple[Package, ...]:
        packages = list(LOCK.packages)
        packages[number] = dataclasses.replace(packages[number], **changes)
        return tuple(packages)

    def test_a_sound_lock(self) -> None:
        self.assertEqual(deb_lock.contradictions(LOCK), [])

    def test_order_and_duplicates(self) -> None:
        message = "packages: wanted sorted by name and architecture, without duplicates"
        self.assert_found(message, packages=LOCK.packages[::-1])
        self.assert_found(message, packages=(LOCK.packages[0], *LOCK.packages))

    def test_indices(self) -> None:
        self.assert_found(
            "indices: wanted one for each source of the declaration, in that order", indices=()
        )

    def test_two_packages_of_a_name(self) -> None:
        self.assert_found(
            "data: more than one package for amd64",
            packages=(LOCK.packages[0], package("data", "amd64"), *LOCK.packages[1:]),
        )

    def test_a_root_without_a_package(self) -> None:
        declaration = dataclasses.replace(LOCK.declaration, roots=("root", "libstdc++6"))
        self.assert_found(
            "libstdc++6: a root that is not among the packages for arm64", declaration=declaration
        )

    @parameterized.parameters(
        (3, {"depends": ("libstdc++6",)}, "root:arm64: depends on libstdc++6, which is not among"),
        (0, {"targets": ("amd64", "x")}, "data:all: target x is not an architecture of the decl"),
        (1, {"source": "x"}, "libstdc++6:amd64: source x is not in the declaration"),
        (1, {"targets": ("arm64",)}, "libstdc++6:amd64: wanted only its own architecture as"),
        (1, {"name": "perl"}, "perl:amd64: is excluded by the declaration"),
    )
    def test_a_package_that_strays(self, number: int, changes: Any, message: str) -> None:
        found = deb_lock.contradictions(
            dataclasses.replace(LOCK, packages=self._with(number, **changes))
        )
        self.assertTrue(any(line.startswith(message) for line in found), found)

    def test_reading_tells_all_of_them(self) -> None:
        path = Path(self.create_tempdir().full_path) / "x.lock.json"
        path.write_bytes(deb_lock.render(dataclasses.replace(LOCK, indices=(), packages=())))
        with self.assertRaisesRegex(
            RelocatableError,
            r"x.lock.json: contradicts itself \(run bazel run @rules_relocatable//tools:"
            r"update_deb_lock -- --lock=.*x.lock.json\):\n"
            r"  indices: .*\n  root: a root .* amd64\n  root: .* arm64",
        ):
            deb_lock.read(path)


if __name__ == "__main__":
    absltest.main()
