"""Resolves real sets from the indices of today, and asks apt for the same ones.

Debian's suites all come from where the machine's apt has its own release from;
`--test_arg=--ubuntu=URL,KEYRING` adds sets of Ubuntu.
"""

import dataclasses
import re
import time
from pathlib import Path
from typing import ClassVar

from absl import flags, logging
from absl.testing import absltest, parameterized

from relocatable.apt import sources
from relocatable.apt.archive import Archive, open_archive
from relocatable.apt.index import Catalogue, Pin
from relocatable.apt.keyrings import keyring
from relocatable.apt.openpgp import Keyring
from relocatable.apt.resolve import resolve
from relocatable.apt.trust import Trust
from relocatable.deb_lock import PRIORITY, Source
from support.apt_answers import QUESTIONS
from support.real_apt import Apt

_UBUNTU = flags.DEFINE_string(
    "ubuntu", None, "URL,KEYRING: Ubuntu's archive, and the file of its keys."
)


def _debian(name: str, suite: str, *components: str, priority: int = PRIORITY) -> Source:
    # A mirror that is behind will do, since it is the same for both.
    return Source(
        name,
        suite,
        components or ("main",),
        keyring="debian",
        allow_expired=True,
        priority=priority,
    )


# What of the machine's apt has the suites of each kind.
_HOME = _debian("home", "bookworm")
_SECURITY = _debian("security", "bookworm-security")
# As in the suite's Release file: NotAutomatic, ButAutomaticUpgrades.
_BACKPORTS = 100
SOURCES = {
    source.name: source
    for source in (
        _debian("main", "bookworm"),
        _debian("security", "bookworm-security"),
        _debian("updates", "bookworm-updates"),
        _debian("backports", "bookworm-backports", priority=_BACKPORTS),
        _debian("everything", "bookworm", "main", "contrib", "non-free", "non-free-firmware"),
        _debian("trixie", "trixie"),
        _debian("trixie-security", "trixie-security"),
        _debian("trixie-backports", "trixie-backports", priority=_BACKPORTS),
        _debian("forky", "forky"),
        Source("noble", "noble", ("main", "universe"), keyring="ubuntu"),
        Source("noble-updates", "noble-updates", ("main", "universe"), keyring="ubuntu"),
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
    Set("gimp"),
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
    Set("cmake curl", sources="main security backports"),
    Set("cmake", sources="main security backports", pins=("cmake*/backports",)),
    Set("steam-devices nvidia-smi", sources="everything"),
    Set("lldb-19 python3-lldb-19 libpython3.13", sources="trixie trixie-security"),
    Set("lldb-19 python3-lldb-19 libpython3.13", "arm64", sources="trixie"),
    Set("build-essential git", sources="trixie", recommends=True),
    Set("gnome-terminal", "arm64", sources="trixie trixie-security"),
    Set("systemd dbus libpam-systemd", sources="trixie trixie-backports"),
    Set("default-jdk", sources="trixie"),
    Set("lldb-21 python3-lldb-21", sources="forky"),
    Set("lldb-21 python3-lldb-21", "arm64", sources="forky"),
    Set("python3-scipy bazel-bootstrap", sources="forky"),
    Set("ffmpeg", "arm64", sources="forky"),
)

UBUNTU_SETS = (
    Set("lldb-18 python3-lldb-18", sources="noble"),
    Set("build-essential", sources="noble noble-updates", recommends=True),
    Set("git nginx", sources="noble noble-updates"),
    Set("python3-scipy", sources="noble"),
    Set("ffmpeg", sources="noble noble-updates"),
    Set("default-jdk-headless", sources="noble noble-updates"),
)


def _open(source: Source) -> Archive:
    """The archive of a source, where it is on this machine."""
    if source.keyring == "ubuntu":
        url, _, file = (_UBUNTU.value or "").partition(",")
        return open_archive(source, [url], Trust(Keyring.parse(Path(file).read_bytes(), file)))
    near = _SECURITY if source.suite.endswith("-security") else _HOME
    trust = Trust(keyring(source, Path()))
    return open_archive(source, sources.mirrors(near), trust, warn=logging.warning)


class AptDifferentialTest(parameterized.TestCase):
    """Ours and apt's answers to the same questions."""

    _indices: ClassVar[dict[tuple[str, str], bytes]] = {}

    def _packages(self, source: str, architecture: str) -> bytes:
        """An index, fetched once."""
        key = (source, architecture)
        if key not in self._indices:
            found = _open(SOURCES[source]).packages(architecture)
            self._indices[key] = b"\n".join(found)
        return self._indices[key]

    @parameterized.named_parameters(
        (re.sub(r"\W+", "_", f"{s.roots} {s.architecture} {s.sources} {s.recommends}"), s)
        for s in SETS
    )
    def test_the_same_set(self, wanted: Set) -> None:
        self._compare(wanted)

    def test_the_same_sets_of_ubuntu(self) -> None:
        if not _UBUNTU.value:
            self.skipTest("--ubuntu doesn't say where it is")
        for wanted in UBUNTU_SETS:
            with self.subTest(wanted.roots):
                self._compare(wanted)

    @parameterized.parameters(*QUESTIONS)
    def test_a_question(self, name: str) -> None:
        question = QUESTIONS[name]
        found = Apt({"main": question.packages.encode()}).install(question.roots.split())
        names = {package.partition("=")[0] for package in found}
        self.assertEqual(" ".join(sorted(names)), question.answer)

    def _compare(self, wanted: Set) -> None:
        indices = {n: self._packages(n, wanted.architecture) for n in wanted.sources.split()}
        catalogue = Catalogue(wanted.architecture, map(Pin.parse, wanted.pins))
        for name, index in indices.items():
            catalogue.add(name, index, SOURCES[name].priority)
        start = time.monotonic()
        closure = resolve(catalogue, tuple(wanted.roots.split()), (), recommends=wanted.recommends)
        ours = {f"{p.name}={p.version}" for p in closure.packages.values()}
        logging.info("%s: %d, %.2f s", wanted.roots, len(ours), time.monotonic() - start)
        apt = Apt(
            indices,
            wanted.architecture,
            {name: SOURCES[name].priority for name in indices},
            [(pin.pattern, pin.source) for pin in map(Pin.parse, wanted.pins)],
            recommends=wanted.recommends,
        )
        theirs = apt.install(wanted.roots.split())
        self.assertEqual(
            (" ".join(sorted(ours - theirs)), " ".join(sorted(theirs - ours))),
            (wanted.ours, wanted.theirs),
            wanted.why,
        )
        self.assertEqual(bool(wanted.ours or wanted.theirs), bool(wanted.why))


if __name__ == "__main__":
    absltest.main()
