"""Launchers that are scripts: what they hold, and what they can't be."""

from absl.testing import absltest, parameterized

from relocatable import launcher
from relocatable.errors import RelocatableError
from relocatable.launcher import ROOT, ROOT_WITHOUT_COLON, SELF, Settings, shell

SETTINGS = Settings(
    depth=1,
    program="libexec/to ol\udcff",
    loader="lib/ld.so",
    library_path=("lib", "a b"),
    arguments=("$x", f"{ROOT}/it's", SELF),
    environment=(("A", f"{ROOT_WITHOUT_COLON}:\n"), ("B", None), ("C*", None)),
    argv0=SELF,
    in_c=(("L", f"{ROOT}/locale"), ("LC_CTYPE", "C.UTF-8")),
    files=(("F", "/nowhere"), ("F", f"{ROOT}/file")),
)


class ShellTest(parameterized.TestCase):
    def test_settings_come_back(self) -> None:
        for settings in (SETTINGS, Settings(0, "tool")):
            script = shell.text(settings)
            self.assertTrue(launcher.is_launcher(script))
            self.assertEqual(launcher.read(script), settings)

    def test_changed_stays_a_script(self) -> None:
        changed = launcher.changed(shell.text(SETTINGS), Settings(2, "x"))
        self.assertEqual(changed, shell.text(Settings(2, "x")))

    def test_only_what_is_needed_is_in_it(self) -> None:
        plain = shell.text(Settings(1, "libexec/x", "lib/ld.so", ("lib",)))
        for absent in (b"_change()", b"colonless", b"LC_CTYPE"):
            self.assertNotIn(absent, plain)

    @parameterized.parameters(
        (Settings(1, "x", argv0=SELF), "which a shell can't give"),
        (Settings(1, "x", environment=(("a-b", "1"),)), "'a-b' is no name that a shell has"),
        (Settings(1, "x", environment=(("_relocatable_x", "1"),)), "the script itself uses"),
    )
    def test_what_a_shell_can_not_do(self, settings: Settings, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            shell.text(settings)

    @parameterized.parameters(
        (b"exec", b"echo", "it was edited"),
        (b'"depth":1', b'"depth":2', "it was edited"),
        (b'"depth":1', b'"depth":-1', "depth -1"),
        (b'"depth":1', b'"deep":1', "damaged settings"),
        (b'"depth"', b'"depth', "damaged settings"),
        (b'"arguments":[', b'"arguments":1,"x":[', "damaged settings"),
    )
    def test_what_is_damaged(self, old: bytes, new: bytes, message: str) -> None:
        script = shell.text(SETTINGS)
        self.assertIn(old, script)
        with self.assertRaisesRegex(RelocatableError, message):
            launcher.read(script.replace(old, new, 1))


if __name__ == "__main__":
    absltest.main()
