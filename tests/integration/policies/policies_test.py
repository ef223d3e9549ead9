"""Whose character sets, locales, name services and certificates the programs of a dist find."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import cli, trial
from relocatable.trial import Dist, Outcome, Room

_ARCHIVES = flags.DEFINE_multi_string("archive", None, "POLICIES=FILE: a dist.", required=True)
_MULTIARCH = flags.DEFINE_string("multiarch", None, "Of the dists.", required=True)
_EMULATOR = flags.DEFINE_string("emulator", None, "For dists of another machine.")

CERTIFICATE = "share/ca-certificates/mozilla/ISRG_Root_X1.crt"
CONVERT = ("bin/iconv", "-f", "EUC-JP", "-t", "UTF-8", "/proc/self/cmdline")
BUNDLED, DEFAULT, HOST = "bundled", "default", "host"


class PoliciesTest(parameterized.TestCase):
    dists: dict[str, Dist]
    place: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        emulator = Path(_EMULATOR.value).resolve() if _EMULATOR.value else None
        # The emulated loader can't be told a name without ':', which is a descriptor.
        cls.place = "dist" if emulator else "a:b"
        cls.dists = {}
        for name, archive in cli.pairs("archive", _ARCHIVES.value).items():
            scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
            cls.dists[name] = Dist(trial.unpack(Path(archive), scratch), emulator)

    def start(
        self,
        name: str,
        *command: str,
        env: Mapping[str, str] | None = None,
        machine: Mapping[str, Path] | None = None,
    ) -> Outcome:
        """Runs a program where there is nothing but the dist, and what a machine may have."""
        scratch = Path(self.create_tempdir().full_path)
        room = Room(empty_root=True, place=self.place, shown=machine or {})
        return trial.run(self.dists[name], command, scratch, environment=env, room=room)

    def test_character_sets(self) -> None:
        done = self.start(BUNDLED, *CONVERT)
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("EUC-JP", done.output)
        modules = {Path(path).name for path in done.loaded if "/gconv/" in path}
        self.assertEqual(modules, {"EUC-JP.so", "libJIS.so"})
        self.assertNotEqual(self.start(DEFAULT, *CONVERT).status, 0)

    @parameterized.parameters(
        ({}, "ANSI_X3.4-1968"),
        ({"LC_ALL": "C.UTF-8"}, "UTF-8"),
        ({"LANG": "C.utf8"}, "UTF-8"),
    )
    def test_locales(self, env: dict[str, str], charmap: str) -> None:
        done = self.start(BUNDLED, "bin/locale", "charmap", env=env)
        self.assertEqual(done.output, f"{charmap}\n")

    def test_a_locale_that_is_chosen_is_the_machines(self) -> None:
        """What is bundled, which is C's alone, does not hide it; and stands in where it is not."""
        locales = Path(self.create_tempdir().full_path)
        made = locales / "xx_XX.utf8"
        shutil.copytree(self.dists[BUNDLED].root / "lib/locale/C.utf8", made)
        archived = Path(self.create_tempdir().full_path)
        (archived / "usr/lib/locale").mkdir(parents=True)
        archive = ("bin/localedef", f"--prefix={archived}", "--add-to-archive", str(made))
        scratch = Path(self.create_tempdir().full_path)
        self.assertEqual(trial.run(self.dists[BUNDLED], archive, scratch).status, 0)
        chosen = {"LANG": "xx_XX.UTF-8"}
        for machine, name in (
            ({}, "C.UTF-8"),
            ({"usr/lib/locale": locales}, ""),
            ({"usr/lib/locale": archived / "usr/lib/locale"}, ""),
        ):
            done = self.start(BUNDLED, "bin/locale", env=chosen, machine=machine)
            self.assertEqual(done.output.splitlines()[-1], f"LC_ALL={name}", machine)
            self.assertNotIn("Cannot set", done.output)
            done = self.start(BUNDLED, "bin/locale", "charmap", env=chosen, machine=machine)
            self.assertEqual(done.output, "UTF-8\n")
        default = self.start(DEFAULT, "bin/locale", "charmap", env=chosen)
        self.assertEqual(default.output.splitlines()[-1], "ANSI_X3.4-1968")

    def test_certificates_of_the_dist(self) -> None:
        verify = ("bin/openssl", "verify", f"/{self.place}/{CERTIFICATE}")
        self.assertEqual(self.start(BUNDLED, *verify).status, 0)
        self.assertNotEqual(self.start(DEFAULT, *verify).status, 0)
        self.assertNotEqual(
            self.start(BUNDLED, *verify, env={"SSL_CERT_FILE": "/nowhere"}).status, 0
        )

    def test_name_services_of_the_machine(self) -> None:
        """Where /etc/nsswitch.conf asks for one that the C library has not built in."""
        etc = Path(self.create_tempdir().full_path)
        (etc / "nsswitch.conf").write_text("passwd: compat files\n")
        (etc / "passwd").write_text("somebody:x:1234:1234::/:/bin/sh\n")
        for name, count in ((HOST, 1), (DEFAULT, 0)):
            machine = {"etc": etc, f"lib/{_MULTIARCH.value}": self.dists[name].root / "share/nss"}
            done = self.start(name, "bin/getent", "passwd", "somebody", machine=machine)
            self.assertStartsWith(done.output, "somebody:", name)
            found = [path for path in done.loaded if "libnss_compat" in path]
            self.assertLen(found, count, name)


if __name__ == "__main__":
    absltest.main()
