"""Proves that the start's checked-in bytes are what its source gives, and how large it is."""

from pathlib import Path

from absl.testing import absltest, parameterized
from toolchains.start import build_start

WORKSPACE = Path(__file__).parents[2]


class StartBytesTest(parameterized.TestCase):
    @parameterized.parameters(*build_start.MACHINES)
    def test_bytes_are_what_the_source_gives(self, machine: str) -> None:
        checked_in = (WORKSPACE / "tools/relocatable/elf/starts" / machine).read_bytes()
        self.assertEqual(
            build_start.build(machine, WORKSPACE / "toolchains/start"),
            checked_in,
            f"{machine} is not built from this source: bazel run //toolchains/start:update",
        )
        self.assertLess(len(checked_in), 2900)


if __name__ == "__main__":
    absltest.main()
