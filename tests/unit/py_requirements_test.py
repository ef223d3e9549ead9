"""What distributions require, and when."""

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.python import requirements
from relocatable.python.tags import Python
from relocatable.target import Target

TARGET = Target("linux_arm64", 183, "ld-linux-aarch64.so.1", "aarch64-linux-gnu", 65536)
VARIABLES = requirements.environment(Python("3.11", TARGET), "3.11.2")


class RequirementsTest(parameterized.TestCase):
    @parameterized.parameters(
        ("demo", "demo", "", ""),
        ("Demo_x.y>=1, <2", "Demo_x.y", ">=1, <2", ""),
        ("demo (>=1) ; os_name == 'nt'", "demo", ">=1", "os_name == 'nt'"),
        ("demo[a,b]~=1.4;extra=='x'", "demo", "~=1.4", "extra=='x'"),
        ("demo @ https://host.example/x.whl ; extra == 'x'", "demo", "", "extra == 'x'"),
    )
    def test_parts(self, text: str, name: str, specifier: str, marker: str) -> None:
        found = requirements.parse(text)
        self.assertEqual((found.name, found.specifier, found.marker), (name, specifier, marker))

    @parameterized.parameters("", "-", ">=1", "a b", "a>>1", "a[", "a>=", "a;", "a>=1;")
    def test_no_requirement(self, text: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "requirement|specifier|no version after"):
            requirements.parse(text)

    @parameterized.parameters(
        ("", True),
        ("python_version < '3.12'", True),
        ("python_version >= '3.9'", True),
        ("'3.9' <= python_version", True),
        ("python_full_version >= '3.11.3'", False),
        ("python_version in '2.7 3.11'", True),
        ("platform_machine not  in 'x86_64 AMD64'", True),
        ("extra == 'test'", False),
        ("sys_platform == 'win32' or os_name == 'posix' and python_version < '3'", False),
        ("(sys_platform == 'win32' or os_name == 'posix') and python_version > '3'", True),
        ("os_name == 'x' and os_name == 'y' or os_name == \"posix\"", True),
        ("((os_name == 'x') or (os_name != 'y'))", True),
        ("platform_python_implementation != 'PyPy'", True),
        ("platform_machine >= 'aarch64'", True),
        ("platform_machine < 'b'", False),
    )
    def test_markers(self, marker: str, applies: bool) -> None:
        self.assertEqual(requirements.applies(marker, VARIABLES), applies)

    @parameterized.parameters(
        "os_name",
        "os_name ==",
        "os_name = 'a'",
        "(os_name == 'a'",
        "os_name == 'a')",
        "os_name == 'a' or",
        "os_name == 'a' os_name == 'b'",
        "and",
        "()",
        "weather == 'fine'",
        "os_name == 'a",
    )
    def test_no_marker(self, marker: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "is no marker, such as"):
            requirements.applies(marker, VARIABLES)

    def test_deep(self) -> None:
        depth = 100_000
        marker = "(" * depth + "os_name == 'posix'" + ")" * depth
        self.assertTrue(requirements.applies(marker, VARIABLES))


if __name__ == "__main__":
    absltest.main()
