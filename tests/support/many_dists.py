"""A workspace with many dists that share all but a program each, as a team's monorepo has them."""

from pathlib import Path

from support import checkout, consumer, deb_builder, wheel_builder

_EXAMPLE = "examples/python_app"

_MODULE = """
bazel_dep(name = "rules_python", version = "1.7.0")

debs = use_extension("@rules_relocatable//rules:extensions.bzl", "debs")
debs.source(
    name = "bookworm",
    components = ["main"],
    keyring = "debian",
    mirrors = {mirrors},
    suite = "bookworm",
)
debs.lock(name = "shared_debs", lock = "//:debs.lock.json")
use_repo(debs, "shared_debs")
"""

_BUILD = """
load("@rules_python//python:defs.bzl", "py_binary")
load(
    "@rules_relocatable//rules:defs.bzl",
    "deb_extract",
    "py_runtime_bundle",
    "relocatable_dist",
    "stdlib_trim",
)

deb_extract(
    name = "python_debs",
    include = ["usr/bin/python3.11", "usr/lib/python3.11"],
    debs = ["@shared_debs//:" + package for package in [
        "libpython3.11-minimal",
        "libpython3.11-stdlib",
        "python3.11-minimal",
    ]],
)

stdlib_trim(
    name = "stdlib",
    src = ":python_debs",
    exclude_features = [
        "config",
        "distutils",
        "ensurepip",
        "idlelib",
        "lib2to3",
        "test",
        "tkinter",
    ],
    python_version = "3.11",
)

deb_extract(
    name = "package",
    debs = ["python3-package.deb"],
    strip_prefix = "usr/lib/python3/dist-packages",
)

py_runtime_bundle(
    name = "python",
    runtime = [":python_debs"],
    site_packages = [":package"],
    stdlib = ":stdlib",
    wheels = ["wheel-1.0-py3-none-any.whl"],
)

deb_extract(
    name = "libraries",
    include = ["usr/lib/*-linux-gnu/*.so*", "usr/share/spare"],
    debs = ["@shared_debs//:all", "spare.deb"],
)

[py_binary(name = "app_%d" % n, srcs = ["app_%d.py" % n]) for n in range({count})]

[
    relocatable_dist(
        name = "dist_%d" % n,
        binaries = {{"app_%d" % n: "bin/app"}},
        env = {{"CHANGED": "1"}} if n == {changed} else {{}},
        libraries = [":libraries"],
        platform = "@rules_relocatable//toolchains:linux_x86_64",
        runtime = ":python",
    )
    for n in range({count})
]

# Of one configuration, as the platform says it.
filegroup(name = "dists", srcs = ["dist_%d" % n for n in range({count})])
"""

_PROGRAM = "import package, wheel\n\nprint({number}, package.VERSION, wheel.VERSION)\n"


class ManyDists:
    """The workspace; each method is a change that somebody makes to it.

    Attributes:
        consumer: where it is.
        count: how many dists it has.
    """

    def __init__(self, base: Path, count: int) -> None:
        """Makes it below `base`, a directory.

        Args:
            base: an existing directory.
            count: of dists.
        """
        self.count = count
        lock = checkout.workspace() / _EXAMPLE / "debs.lock.json"
        mirrors = lock.read_text().partition('"mirrors": ')[2].partition("]")[0] + "]"
        self.consumer = consumer.make(base, _MODULE.format(mirrors=mirrors), "")
        (self.consumer.directory / lock.name).write_bytes(lock.read_bytes())
        for number in range(count):
            program = self.consumer.directory / f"app_{number}.py"
            program.write_text(_PROGRAM.format(number=number))
        self.write(count)
        self.package("1.0")
        self.spare("1.0")
        self.wheel("1.0")

    def write(self, count: int, *, changed: int = -1) -> None:
        """Makes it have that many of its dists, one of them with another setting."""
        text = _BUILD.format(count=count, changed=changed)
        (self.consumer.directory / "BUILD.bazel").write_text(text)

    def program(self, version: str) -> None:
        """Another version of one program."""
        program = self.consumer.directory / "app_0.py"
        program.write_text(_PROGRAM.format(number=version))

    def package(self, version: str) -> None:
        """Another version of a package whose files all dists have."""
        path = "./usr/lib/python3/dist-packages/package.py"
        self._deb("python3-package", path, version)

    def spare(self, version: str) -> None:
        """Another version of a package from which any dist could take a library, and none does."""
        self._deb("spare", "./usr/share/spare", version)

    def wheel(self, version: str) -> None:
        """Another version of a wheel that all dists have."""
        files = {"wheel.py": _module(version)}
        made = wheel_builder.wheel(self.consumer.directory, files, name="wheel")
        assert made.name == "wheel-1.0-py3-none-any.whl", made

    def _deb(self, name: str, path: str, version: str) -> None:
        file = self.consumer.directory / f"{name}.deb"
        deb_builder.deb(file, [deb_builder.file(path, _module(version))], name=name)


def _module(version: str) -> bytes:
    return f"VERSION = {version!r}\n".encode()
