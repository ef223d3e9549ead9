"""What distributions require, and when."""

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.python import requirements
from relocatable.python.requirements import Requirement
from relocatable.python.tags import Python
from relocatable.target import ObjectFormat, Target

TARGET = Target("linux_arm64", 183, "ld-linux-aarch64.so.1", "aarch64-linux-gnu", 65536)
VARIABLES = requirements.environment(Python("3.11", TARGET), "3.11.2")
MAC = Target(
    "macos_arm64", 0x0100000C, "", "", 16384, object_format=ObjectFormat.MACH_O, minimum_os="11.0"
)
ON_A_MAC = requirements.environment(Python("3.11", MAC), "3.11.2")


class RequirementsTest(parameterized.TestCase):
    @parameterized.parameters("", "-", ">=1", "a b", "a>>1", "a[", "a;", "a>=1; os_name", "\0")
    def test_no_requirement(self, text: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "is no requirement, such as NAME>=1.2$"):
            Requirement.parse(text)

    def test_deep(self) -> None:
        depth = 100_000
        marker = "(" * depth + "os_name == 'posix'" + ")" * depth
        with self.assertRaisesRegex(RelocatableError, "is no requirement"):
            Requirement.parse(f"a; {marker}")

    @parameterized.parameters(
        ("a", True),
        ("a; python_version < '3.12'", True),
        ("a; python_full_version >= '3.11.3'", False),
        ("a; platform_machine == 'aarch64'", True),
        ("a; extra == 'test'", False),
        ("a; sys_platform == 'win32' or os_name == 'posix'", True),
    )
    def test_markers(self, text: str, applies: bool) -> None:
        self.assertEqual(Requirement.parse(text).applies(VARIABLES), applies)

    @parameterized.parameters(
        ("a; sys_platform == 'darwin'", True),
        ("a; platform_system == 'Darwin' and platform_machine == 'arm64'", True),
        ("a; sys_platform == 'linux'", False),
    )
    def test_markers_on_macos(self, text: str, applies: bool) -> None:
        self.assertEqual(Requirement.parse(text).applies(ON_A_MAC), applies)

    @parameterized.parameters(
        ("a", "0.dev1", True),
        ("a>=1", "2.0rc1", True),
        ("a~=1.4", "2.0", False),
        ("a==1.*", "1.5.post1", True),
        ("a>1", "of its own scheme", False),
    )
    def test_versions(self, text: str, version: str, takes: bool) -> None:
        self.assertEqual(Requirement.parse(text).takes(version), takes)

    def test_message(self) -> None:
        self.assertEqual(str(Requirement.parse("a >= 1 ; os_name == 'nt'")), "a>=1")


if __name__ == "__main__":
    absltest.main()
