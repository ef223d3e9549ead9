"""The machine's apt, asked about indices that a test has.

It sees them from a directory or a server, with a root of its own: nothing of the machine's is read
or changed but apt itself.
"""

import dataclasses
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote

_CONFIGURATION = """
Dir "{root}"; Dir::State "state"; Dir::State::status "{root}/status";
Dir::Cache "cache"; Dir::Etc "etc"; #clear DPkg; #clear APT::Update;
Acquire::http::Proxy "DIRECT"; Acquire::Retries::Delay "false";
APT::Architecture "{architecture}"; #clear APT::Architectures;
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "{recommends}";
APT::Sandbox::User "root"; Acquire::Languages "none";
// Ubuntu keeps an update from some machines for some days.
APT::Get::Always-Include-Phased-Updates "true";
"""


@dataclasses.dataclass(frozen=True)
class Apt:
    """An apt on a machine with nothing installed.

    Attributes:
        indices: Packages files by name of their source.
        architecture: Debian architecture.
        priorities: Of the sources, by name.
        pins: Pattern of a package's name, and of which source it has to be.
        recommends: Whether Recommends are followed.
    """

    indices: Mapping[str, bytes]
    architecture: str = "amd64"
    priorities: Mapping[str, int] = dataclasses.field(default_factory=dict)
    pins: Iterable[tuple[str, str]] = ()
    recommends: bool = False

    def install(self, roots: list[str]) -> set[str]:
        """What apt would install, as `name=version`; nothing if it finds no such set."""
        # It makes names of files out of the way to them, which Bazel's make too long.
        with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
            root = Path(scratch)
            self._set_up(root)
            updated = _run(root, "update")
            assert updated.returncode == 0, updated.stdout + updated.stderr
            done = _run(root, "install", "-s", *roots)
        lines = re.findall(r"^Inst (\S+) \((\S+) ", done.stdout, re.MULTILINE)
        return {f"{name}={version}" for name, version in lines}

    def _set_up(self, root: Path) -> None:
        configuration = _CONFIGURATION.format(
            root=root, architecture=self.architecture, recommends=str(self.recommends).lower()
        )
        _set_up(root, configuration)
        lines = []
        for name, index in self.indices.items():
            (root / name).mkdir()
            (root / name / "Packages").write_bytes(index)
            (root / name / "Release").write_text(f"Origin: {name}\nSuite: {name}\n", "utf-8")
            lines.append(f"deb [trusted=yes] file:{root}/{name} ./\n")
        preferred = [(pattern, source, 1001) for pattern, source in self.pins]
        preferred += [("*", source, priority) for source, priority in self.priorities.items()]
        preferences = [
            f"Package: {pattern}\nPin: release a={source}\nPin-Priority: {priority}\n"
            for pattern, source, priority in preferred
        ]
        (root / "etc/sources.list").write_text("".join(lines), encoding="utf-8")
        (root / "etc/preferences").write_text("\n".join(preferences), encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class Downloaded:
    """What `apt-get update` and `apt-get download` did.

    Attributes:
        versions: Of the package, where it was downloaded: one, or none.
        said: All that they said.
    """

    versions: tuple[str, ...]
    said: str


def download(
    url: str, suite: str, components: Iterable[str], keyring: bytes, package: str
) -> Downloaded:
    """What apt on a machine with nothing installed makes of an archive on a server.

    Args:
        url: The archive's root.
        suite: As in sources.list(5).
        components: As there.
        keyring: Whose signatures are good.
        package: What is wanted.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        root = Path(scratch)
        _set_up(root, _CONFIGURATION.format(root=root, architecture="amd64", recommends="false"))
        (root / "keys.asc").write_bytes(keyring)
        (root / "etc/sources.list").write_text(
            f"deb [signed-by={root}/keys.asc] {url} {suite} {' '.join(components)}\n", "utf-8"
        )
        done = [_run(root, "update"), _run(root, "download", package)]
        names = [path.name for path in root.glob("*.deb")]
    return Downloaded(
        tuple(unquote(name.split("_")[1]) for name in names),
        "".join(each.stdout + each.stderr for each in done),
    )


def _set_up(root: Path, configuration: str) -> None:
    for directory in ("apt.conf.d", "preferences.d", "sources.list.d", "trusted.gpg.d"):
        (root / "etc" / directory).mkdir(parents=True)
    for directory in ("state/lists/partial", "cache/archives/partial"):
        (root / directory).mkdir(parents=True)
    (root / "status").touch()
    (root / "apt.conf").write_text(configuration, encoding="utf-8")


def _run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "-q", *command],
        env={"APT_CONFIG": str(root / "apt.conf"), "PATH": "/usr/bin:/bin"},
        cwd=root,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
