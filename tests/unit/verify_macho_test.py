"""What VerifyDist says of trees of Mach-O files."""

from collections.abc import Mapping

from absl.testing import absltest, parameterized

from relocatable.target import Target
from relocatable.verify import Promise, verify
from support.macho_builder import ARM64, BUNDLE, I386, X86_64, universal
from support.macho_trees import ARM, INTEL, SYSTEM, macho, program, signed, tree


def problems(
    files: Mapping[str, bytes | str], promise: Promise | None = None, target: Target = ARM
) -> list[str]:
    return verify(tree(files), target, promise).problems


class SoundTest(absltest.TestCase):
    def test_sound(self) -> None:
        made = tree(
            {
                "bin/tool": signed(
                    program("@rpath/liba.dylib", SYSTEM, rpaths=("@executable_path/../lib",))
                ),
                "lib/liba.dylib": signed(
                    macho("@rpath/liba.dylib", "/System/Library/Frameworks/F.framework/F")
                ),
                "lib/liba.1.dylib": "liba.dylib",
                "share/readme": b"text",
            }
        )
        report = verify(made, ARM)
        self.assertEmpty(report.problems)
        self.assertEqual((report.objects, report.links, report.files), (2, 1, 3))
        self.assertEqual(report.requires, {"macos": "11.0"})

    def test_universal(self) -> None:
        both = universal(
            [
                (X86_64, macho("@rpath/liba.dylib", SYSTEM, cpu=X86_64)),
                (ARM64, signed(macho("@rpath/liba.dylib", SYSTEM))),
            ]
        )
        self.assertEmpty(problems({"liba.dylib": both}))


class WrongTest(parameterized.TestCase):
    @parameterized.named_parameters(
        ("no_signature", macho("@rpath/x"), "has no signature, without which no arm64 Mac runs it"),
        (
            "install_name",
            signed(macho("/install/lib/x.dylib")),
            "has the install name '/install/lib/x.dylib'; @rpath/NAME in the dist is wanted",
        ),
        ("relative", signed(macho("libx.dylib")), "has the install name 'libx.dylib'"),
        (
            "hidden",
            signed(macho("@rpath/x", "/usr/lib/../local/lib/y.dylib")),
            "loads '/usr/lib/../local/lib/y.dylib'; @rpath/NAME",
        ),
        (
            "rpath",
            signed(macho("@rpath/x", rpaths=("/opt/homebrew/lib",))),
            "has the run path '/opt/homebrew/lib'; @loader_path/PATH in the dist",
        ),
        (
            "rpath_outside",
            signed(macho("@rpath/x", rpaths=("@loader_path/../../..",))),
            "has the run path '@loader_path/../../..'",
        ),
        (
            "rpath_twice",
            signed(macho("@rpath/x", rpaths=("@loader_path", "@loader_path"))),
            "has the run path '@loader_path' twice",
        ),
        (
            "machine",
            macho("@rpath/x", cpu=X86_64),
            "is for x86_64; macos_arm64 is wanted",
        ),
        (
            "machines",
            universal([(X86_64, macho("@rpath/x", cpu=X86_64)), (I386, macho("x", cpu=I386))]),
            "is for x86_64, i386; macos_arm64 is wanted",
        ),
    )
    def test_told(self, data: bytes, problem: str) -> None:
        found = problems({"lib/x.dylib": data})
        self.assertTrue(
            any(each.startswith(f"lib/x.dylib (//:x) {problem}") for each in found), found
        )

    def test_a_page_that_was_changed(self) -> None:
        data = bytearray(signed(macho("@rpath/x")))
        data[0x4000] ^= 1  # In __DATA.
        (problem,) = problems({"x.dylib": bytes(data)})
        self.assertIn("pages have another hash", problem)

    def test_x86_64_needs_no_signature_but_a_right_one(self) -> None:
        data = macho("@rpath/x", cpu=X86_64)
        self.assertEmpty(problems({"x.dylib": data}, target=INTEL))
        wrong = bytearray(signed(data))
        wrong[0x1000] ^= 1
        self.assertLen(problems({"x.dylib": bytes(wrong)}, target=INTEL), 1)

    def test_deployment_target(self) -> None:
        files = {"x.dylib": signed(macho("@rpath/x"))}
        self.assertEmpty(problems(files, Promise(min_macos="11.0")))
        (problem,) = problems(files, Promise(min_macos="10.15"))
        self.assertEqual(
            problem,
            "x.dylib (//:x) is built for macOS 11.0; at most 10.15 is wanted (min_macos)",
        )

    def test_one_install_name_once(self) -> None:
        data = signed(macho("@rpath/libx.dylib"))
        (problem,) = problems({"a/libx.dylib": data, "b/libx.dylib": data})
        self.assertStartsWith(problem, "a/libx.dylib and b/libx.dylib have one install name")

    def test_missing(self) -> None:
        files = {"x.so": signed(macho(None, "@loader_path/libz.dylib", file_type=BUNDLE))}
        (problem,) = problems(files)
        self.assertStartsWith(problem, "x.so needs @loader_path/libz.dylib, which is not in")


if __name__ == "__main__":
    absltest.main()
