"""Programs that start by the loader beside them: on this machine and under an emulator."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import elf
from relocatable.trial import unpack

# By machine: the loader's name, and what runs its programs here.
MACHINES = {
    "arm64": ("ld-linux-aarch64.so.1", ["third_party/qemu/qemu_aarch64"]),
    "x86_64": ("ld-linux-x86-64.so.2", []),
}
SERVER, LLDB = "lldb-server", "lldb"


def run(
    command: list[str | Path], environment: Mapping[str, str] | None = None, **more: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command,
        env=dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **more,
    )


class StartTest(parameterized.TestCase):
    def dist(self, machine: str) -> Path:
        """A dist in whose directory `bin` are programs that need no launcher."""
        place = Path(self.create_tempdir().full_path, "a place")
        place.mkdir()
        root = unpack(Path(f"dist/lldb_linux_{machine}.tar.zst"), place)
        for name in (SERVER, LLDB):
            program = (root / "libexec" / name).resolve()
            data = program.read_bytes()
            view = memoryview(data)
            file = elf.read(view, name)
            path = elf.Edits(search_path="$ORIGIN/../lib", search_path_tag="rpath")
            data = elf.plan(file, view, path).apply(data)
            file, view = elf.read(memoryview(data), name), memoryview(data)
            target = root / "bin" / name
            target.unlink()
            target.write_bytes(
                elf.plan_start(file, view, f"../lib/{MACHINES[machine][0]}").apply(data)
            )
            target.chmod(0o755)
        return root

    @parameterized.parameters(*MACHINES)
    def test_starts(self, machine: str) -> None:
        root, emulator = self.dist(machine), MACHINES[machine][1]
        (root / "link").symlink_to(f"bin/{SERVER}")
        for program in (root / "bin" / SERVER, root / "link"):
            done = run([*emulator, program, "version"])
            self.assertIn("version 16.0.6", done.stdout + done.stderr, program)

    @parameterized.parameters(*MACHINES)
    def test_says_what_is_missing(self, machine: str) -> None:
        root, emulator = self.dist(machine), MACHINES[machine][1]
        alone = root.parent / "alone"
        alone.mkdir()
        shutil.copy(root / "bin" / SERVER, alone)
        done = run([*emulator, alone / SERVER, "version"])
        loader = f"{alone}/../lib/{MACHINES[machine][0]}"
        self.assertEqual(done.stderr, f"{loader}: the program's loader can't be opened (error 2)\n")
        self.assertEqual(done.returncode, 127)

    def test_is_the_process(self) -> None:
        """The program itself, not its loader: its file, its name, its arguments, Python in it."""
        root = self.dist("x86_64")
        code = (
            "import os; print([os.readlink('/proc/self/exe'), "
            "open('/proc/self/comm').read(), open('/proc/self/cmdline').read().split(chr(0))[0]])"
        )
        done = run(
            [LLDB, "--batch", "-o", f"script {code}"],
            {"PYTHONHOME": str(root)},
            executable=root / "bin" / LLDB,
        )
        self.assertIn(str([f"{root}/bin/{LLDB}", f"{LLDB}\n", LLDB]), done.stdout, done.stderr)

    def test_a_loader_that_is_asked_to(self) -> None:
        root = self.dist("x86_64")
        done = run([root / "lib" / MACHINES["x86_64"][0], root / "bin" / SERVER, "version"])
        self.assertIn("version 16.0.6", done.stdout + done.stderr)

    def test_without_proc(self) -> None:
        if os.geteuid():
            self.skipTest("chroot is root's")
        root = self.dist("x86_64")
        (root / "link").symlink_to(f"bin/{SERVER}")
        for started, place in ((f"/bin/{SERVER}", "/"), ("/link", "/"), (f"./{SERVER}", "/bin")):

            def enter(place: str = place) -> None:
                os.chroot(root)
                os.chdir(place)

            done = run([started, "version"], {"LD_ORIGIN_PATH": "/wrong"}, preexec_fn=enter)
            self.assertIn("version 16.0.6", done.stdout + done.stderr, started)


if __name__ == "__main__":
    absltest.main()
