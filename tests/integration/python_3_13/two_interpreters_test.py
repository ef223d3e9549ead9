"""A package for two Pythons, on a Debian where the second of them comes, and the first goes."""

import tempfile
from pathlib import Path

from absl import flags
from absl.testing import absltest

from support.debian_root import DebianRoot

_FIRST = flags.DEFINE_multi_string("first", [], "A package of Python 3.11.")
_SECOND = flags.DEFINE_multi_string("second", [], "A package of Python 3.13, or that it needs.")

SYSTEM = Path("third_party/dpkg/system.tar")
TOOL = Path("tools/byte_compile/python_byte_compile.deb")
DEMO = Path("tests/integration/deb/demo_1.deb")
FIRST, SECOND = "3.11", "3.13"
USE = "import demo, demo_namespace.of_demo; print(demo.VERSION, demo.__cached__)"


class TwoInterpretersTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        where = self.enterContext(tempfile.TemporaryDirectory())
        self.root = DebianRoot(SYSTEM, Path(where) / "root", ["python3"])

    def compiled(self) -> set[str]:
        packages = (self.root.path / "usr/lib").glob("python3.*/dist-packages")
        return {
            each.parent.name.removeprefix("python") for each in packages if [*each.rglob("*.pyc")]
        }

    def use(self, version: str) -> None:
        tag = version.replace(".", "")
        cached = (
            f"/usr/lib/python{version}/dist-packages/demo/__pycache__/__init__.cpython-{tag}.pyc"
        )
        self.assertEqual(self.root.run(f"python{version}", "-c", USE).stdout, f"1 {cached}\n")

    def test_one_comes_and_one_goes(self) -> None:
        self.root.install(*map(Path, _FIRST.value))
        self.root.install(TOOL)
        self.root.install(DEMO)
        self.assertEqual(self.compiled(), {FIRST})
        self.use(FIRST)
        for package in map(Path, _SECOND.value):
            self.root.install(package)
        self.assertEqual(self.compiled(), {FIRST, SECOND})
        self.use(FIRST)
        self.use(SECOND)
        self.root.dpkg("--remove", f"python{FIRST}-minimal")
        self.assertEqual(self.compiled(), {SECOND})
        self.use(SECOND)
        self.root.dpkg("--purge", "demo")
        self.assertEqual(self.compiled(), set())
        for version in (FIRST, SECOND):
            packages = self.root.path / f"usr/lib/python{version}/dist-packages"
            self.assertFalse(packages.exists(), version)


if __name__ == "__main__":
    absltest.main()
