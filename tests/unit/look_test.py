"""What is said of the archive of a dist for macOS."""

import io
import tarfile
from pathlib import Path

from absl.testing import absltest

from relocatable import content, launcher
from relocatable.errors import RelocatableError
from relocatable.launcher import Settings
from relocatable.look import look_into
from relocatable.tree import File, Link
from support.macho_trees import SYSTEM, macho, program, signed, tree

LAUNCHER = (
    Path(__file__).absolute().parents[2] / "toolchains" / "launcher" / "macos_arm64"
).read_bytes()


class LookTest(absltest.TestCase):
    def archive(self, **changes: bytes | str) -> Path:
        files: dict[str, bytes | str] = {
            "bin/tool": launcher.patch(LAUNCHER, Settings(1, "libexec/tool", None)),
            "bin/same": "tool",
            "lib/liba.dylib": signed(macho("@rpath/liba.dylib", SYSTEM)),
            "libexec/tool": signed(
                program("@rpath/liba.dylib", SYSTEM, rpaths=("@executable_path/../lib",))
            ),
        }
        path = Path(self.create_tempdir()) / "app.tar.gz"
        with tarfile.open(path, "w:gz") as made:
            for name, node in tree(files | changes):
                info = tarfile.TarInfo(f"app/{name}")
                if isinstance(node, File):
                    data = content.read(node.content)
                    info.size = len(data)
                    made.addfile(info, io.BytesIO(data))
                elif isinstance(node, Link):
                    info.type, info.linkname = tarfile.SYMTYPE, node.target
                    made.addfile(info)
        return path

    def test_sound(self) -> None:
        archive = self.archive()
        for name in ("bin/tool", "bin/same"):
            look_into(archive, name)

    def test_no_launcher(self) -> None:
        for name in ("bin/other", "lib/liba.dylib", "../bin/tool"):
            with self.assertRaisesRegex(
                RelocatableError, "is no launcher of the dist; these are: bin/tool"
            ):
                look_into(self.archive(), name)

    def test_all_that_is_wrong(self) -> None:
        wrong = bytearray(signed(macho("@rpath/liba.dylib", "@rpath/libgone.dylib")))
        wrong[0x4000] ^= 1
        changed = self.archive(**{"lib/liba.dylib": bytes(wrong)})
        with self.assertRaisesRegex(RelocatableError, "needs @rpath/libgone.dylib(?s:.*)hash"):
            look_into(changed, "bin/tool")


if __name__ == "__main__":
    absltest.main()
