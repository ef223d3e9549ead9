"""What tests of remote caches and remote workers begin with: a build here, which fills a cache."""

import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

from distributed import builds
from distributed.builds import Build
from distributed.cluster import Cluster, grpc_cache
from distributed.spawns import Spawn

# Of a developer who shares nothing with the first but the cache.
ANOTHER = {
    "HOME": "/nonexistent",
    "LANG": "de_DE.ISO-8859-1",
    "LOGNAME": "another",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "USER": "another",
}


class Remote(unittest.TestCase):
    """A checkout with dists that are built, and a cache that this has filled."""

    DISTS: ClassVar[tuple[str, ...]]
    """What is built, as the paths of its files without their endings."""

    base: ClassVar[Path]
    local: ClassVar[Build]
    expected: ClassVar[dict[str, str]]
    size: ClassVar[int]
    port: ClassVar[int]
    cache: ClassVar[str]
    actions: ClassVar[int]
    spawns: ClassVar[list[Spawn]]

    @classmethod
    def setUpClass(cls) -> None:
        """Builds all dists in one checkout, which fills a cache."""
        cls.base = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="distributed-")))
        # The database's user has to get in.
        cls.base.chmod(0o755)
        cls.port = cls.enterClassContext(grpc_cache(cls.base / "grpc"))
        cls.cache = f"--remote_cache=grpc://127.0.0.1:{cls.port}"
        cls.local = builds.new("here", cls.base)
        cls.addClassCleanup(cls.local.checkout.close)
        spawned = cls.local.run(cls.cache, *cls.targets())
        cls.actions = spawned.all
        cls.spawns = spawned.spawns
        cls.expected = cls.local.digests(*cls.DISTS)
        cls.size = sum(
            len(cls.local.checkout.output(path + ending))
            for path in cls.DISTS
            for ending in builds.FILES
        )

    @classmethod
    def targets(cls) -> list[str]:
        """The labels of the dists."""
        return [f"//{path.replace('/', ':')}" for path in cls.DISTS]

    def another(self, name: str) -> Build:
        """A checkout of somebody who shares nothing with the first."""
        build = builds.new(name, self.base, **ANOTHER)
        self.addCleanup(build.checkout.close)
        return build

    def cluster(self) -> Cluster:
        """Workers for one test."""
        started = Cluster(self.base / f"cluster-{self.id().rpartition('.')[2]}", workers=2)
        self.addCleanup(started.close)
        return started

    def remotely(self, cluster: Cluster) -> tuple[str, ...]:
        """The flags that have them do the work."""
        # Bazel would wait for ever for a worker: `timeout` is for what can't be foreseen.
        return (
            f"--remote_executor=grpc://127.0.0.1:{cluster.port}",
            "--remote_retries=20",
            "--jobs=4",
        )
