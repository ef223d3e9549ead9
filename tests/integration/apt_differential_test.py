"""Resolves real sets from Debian's indices of today, and asks apt for the same ones.

apt sees the indices that ours sees, from a directory, with a root of its own: nothing of the
machine's is read or changed but apt itself.
"""

import dataclasses
import re
import subprocess
import time
from pathlib import Path
from typing import ClassVar

from absl import logging
from absl.testing import absltest, parameterized

from relocatable.apt import sources
from relocatable.apt.archive import open_archive
from relocatable.apt.index import Catalogue, Pin
from relocatable.apt.keyrings import keyring
from relocatable.apt.resolve import resolve
from relocatable.apt.trust import Trust
from relocatable.deb_lock import Source

SOURCES = {
    source.name: source
    for source in (
        Source("main", "bookworm", ("main",), keyring="debian"),
        Source("security", "bookworm-security", ("main",), keyring="debian"),
        Source("updates", "bookworm-updates", ("main",), keyring="debian"),
    )
}


@dataclasses.dataclass(frozen=True)
class Set:
    """What is resolved.

    Attributes:
        roots: Names of packages.
        architecture: Debian architecture.
        sources: Names of sources.
        recommends: Whether Recommends are followed.
        pins: As in a declaration.
        ours: Packages that only we take.
        theirs: Packages that only apt takes.
        why: The reason for the difference.
    """

    roots: str
    architecture: str = "amd64"
    sources: str = "main"
    recommends: bool = False
    pins: tuple[str, ...] = ()
    ours: str = ""
    theirs: str = ""
    why: str = ""


SETS = (
    Set("lldb-16 python3-lldb-16 libpython3.11"),
    Set("lldb-16 python3-lldb-16 libpython3.11", "arm64"),
    Set("clang-16 lld-16"),
    Set("build-essential", "arm64"),
    Set("build-essential", recommends=True),
    Set("gdb", recommends=True),
    Set("python3-numpy python3-scipy"),
    Set("python3-matplotlib", "arm64"),
    Set("python3-pyqt5"),
    Set("git"),
    Set("git", "arm64", recommends=True),
    Set("nginx"),
    Set("apache2 php libapache2-mod-php"),
    Set("postgresql"),
    Set("default-jdk"),
    Set("default-jre-headless", "arm64"),
    Set("ffmpeg"),
    Set(
        "gimp",
        theirs="fonts-dejavu-core=2.37-6",
        why="fonts-urw-base35, which libgs10-common needs, is also one of the fonts that "
        "fontconfig-config asks for; apt chooses its font before it knows",
    ),
    Set("texlive-latex-base"),
    Set("r-base-core"),
    Set("octave"),
    Set("emacs-nox"),
    Set("vim-gtk3"),
    Set("mailutils"),
    Set("postfix bsd-mailx"),
    Set("systemd dbus"),
    Set("xfce4-terminal"),
    Set("qemu-system-arm"),
    Set("libreoffice-calc"),
    Set("cmake ninja-build pkg-config"),
    Set("openssh-server curl", sources="main security updates"),
    Set("firefox-esr", sources="security main"),
    Set("libssl-dev", "arm64", sources="main security", pins=("*ssl*/main",)),
)


class AptDifferentialTest(parameterized.TestCase):
    """Ours and apt's answers to the same questions."""

    _indices: ClassVar[dict[tuple[str, str], bytes]] = {}

    def _packages(self, source: str, architecture: str) -> bytes:
        """An index, fetched once."""
        key = (source, architecture)
        if key not in self._indices:
            wanted = SOURCES[source]
            trust = Trust(keyring(wanted, Path()))
            archive = open_archive(wanted, sources.mirrors(wanted), trust, warn=logging.warning)
            (self._indices[key],) = archive.packages(architecture)
        return self._indices[key]

    @parameterized.named_parameters(
        (re.sub(r"\W+", "_", f"{s.roots} {s.architecture} {s.sources} {s.recommends}"), s)
        for s in SETS
    )
    def test_the_same_set(self, wanted: Set) -> None:
        indices = {n: self._packages(n, wanted.architecture) for n in wanted.sources.split()}
        catalogue = Catalogue(wanted.architecture, map(Pin.parse, wanted.pins))
        for name, index in indices.items():
            catalogue.add(name, index)
        start = time.monotonic()
        closure = resolve(catalogue, tuple(wanted.roots.split()), (), recommends=wanted.recommends)
        ours = {f"{p.name}={p.version}" for p in closure.packages.values()}
        logging.info("%s: %d, %.2f s", wanted.roots, len(ours), time.monotonic() - start)
        theirs = self._apt(wanted, indices)
        self.assertEqual(
            (" ".join(sorted(ours - theirs)), " ".join(sorted(theirs - ours))),
            (wanted.ours, wanted.theirs),
            wanted.why,
        )
        self.assertEqual(bool(wanted.ours or wanted.theirs), bool(wanted.why))

    def _apt(self, wanted: Set, indices: dict[str, bytes]) -> set[str]:
        """What apt would install, as `name=version`."""
        root = Path(self.create_tempdir().full_path)
        for directory in ("state/lists/partial", "cache/archives/partial", "etc"):
            (root / directory).mkdir(parents=True)
        (root / "status").touch()
        lines = []
        for name, index in indices.items():
            (root / name).mkdir()
            (root / name / "Packages").write_bytes(index)
            (root / name / "Release").write_text(f"Origin: {name}\nSuite: {name}\n", "utf-8")
            lines.append(f"deb [trusted=yes] file:{root}/{name} ./\n")
        pins = [
            f"Package: {pin.pattern}\nPin: release a={pin.source}\nPin-Priority: 1001\n"
            for pin in map(Pin.parse, wanted.pins)
        ]
        (root / "etc/sources.list").write_text("".join(lines), encoding="utf-8")
        (root / "etc/preferences").write_text("\n".join(pins), encoding="utf-8")
        (root / "apt.conf").write_text(
            f'Dir "{root}"; Dir::State "state"; Dir::State::status "{root}/status";\n'
            'Dir::Cache "cache"; Dir::Etc "etc"; #clear DPkg; #clear APT::Update;\n'
            f'APT::Architecture "{wanted.architecture}";\n'
            f'APT::Architectures {{ "{wanted.architecture}"; }};\n'
            f'APT::Install-Recommends "{str(wanted.recommends).lower()}";\n'
            'APT::Sandbox::User "root"; Acquire::Languages "none";\n',
            encoding="utf-8",
        )
        environment = {"APT_CONFIG": str(root / "apt.conf"), "PATH": "/usr/bin:/bin"}
        for command in (["update"], ["install", "-s", *wanted.roots.split()]):
            done = subprocess.run(
                ["apt-get", "-q", *command],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return {
            f"{name}={version}"
            for name, version in re.findall(r"^Inst (\S+) \((\S+) ", done.stdout, re.MULTILINE)
        }


if __name__ == "__main__":
    absltest.main()
