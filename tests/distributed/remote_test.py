"""Dists from a remote cache and from remote workers: the same bytes, and nothing built twice."""

import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import ClassVar

from distributed import builds
from distributed.builds import Build
from distributed.cluster import Cluster, grpc_cache, http_cache
from distributed.meter import Meter
from distributed.servers import wait_for

DISTS = ("dist/lldb_linux_x86_64", "dist/lldb_linux_arm64")
TARGETS = tuple(f"//{path.replace('/', ':')}" for path in DISTS)
ONE, ITS_TARGET = DISTS[0], TARGETS[0]

# Of a developer who shares nothing with the first but the cache.
ANOTHER = {
    "HOME": "/nonexistent",
    "LANG": "de_DE.ISO-8859-1",
    "LOGNAME": "another",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "USER": "another",
}


class RemoteTest(unittest.TestCase):
    base: ClassVar[Path]
    local: ClassVar[Build]
    expected: ClassVar[dict[str, str]]
    port: ClassVar[int]
    cache: ClassVar[str]
    actions: ClassVar[int]

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
        spawned = cls.local.run(cls.cache, *TARGETS)
        cls.actions = spawned.all
        cls.expected = cls.local.digests(*DISTS)

    def another(self, name: str) -> Build:
        build = builds.new(name, self.base, **ANOTHER)
        self.addCleanup(build.checkout.close)
        return build

    def test_another_checkout_takes_all_from_the_grpc_cache(self) -> None:
        there = self.another("somewhere/else")
        spawned = there.run(self.cache, *TARGETS)
        self.assertTrue(spawned.only("remote cache hit"), spawned)
        self.assertEqual(spawned.all, self.actions)
        self.assertEqual(there.digests(*DISTS), self.expected)

    def test_another_checkout_takes_all_from_the_http_cache(self) -> None:
        port = self.enterContext(http_cache(self.base / "http"))
        cache = f"--remote_cache=http://127.0.0.1:{port}/cache"
        self.local.checkout.bazel("clean")
        filled = self.local.run(cache, ITS_TARGET)
        self.assertNotIn("remote cache hit", filled.runners)
        there = self.another("by http")
        spawned = there.run(cache, ITS_TARGET)
        self.assertTrue(spawned.only("remote cache hit"), spawned)
        self.assertEqual(spawned.all, filled.all)
        self.assertEqual(there.digests(ONE), self.of_one())

    def test_only_what_is_asked_for_comes_down(self) -> None:
        down: dict[str, int] = {}
        files: dict[str, list[str]] = {}
        for mode in ("minimal", "toplevel", "all"):
            meter = Meter(self.port)
            self.addCleanup(meter.close)
            there = self.another(mode)
            cache = f"--remote_cache=grpc://127.0.0.1:{meter.port}"
            spawned = there.run(cache, f"--remote_download_outputs={mode}", ITS_TARGET)
            self.assertTrue(spawned.only("remote cache hit"), spawned)
            files[mode] = there.outputs()
            down[mode] = meter.down
        print(f"bytes that came down: {down}")
        self.assertEqual(files["minimal"], [])
        self.assertEqual(len(files["toplevel"]), len(builds.FILES), files["toplevel"])
        size = sum(len(self.local.checkout.output(ONE + ending)) for ending in builds.FILES)
        self.assertLess(down["minimal"], size / 100)
        asked = down["toplevel"] - down["minimal"]
        self.assertTrue(size <= asked < size * 1.01, f"{asked} for {size}")
        self.assertGreater(down["all"], down["toplevel"])

    def test_all_actions_run_remotely(self) -> None:
        cluster = self.cluster()
        there = self.another("remote")
        spawned = there.run(*self.remotely(cluster), *TARGETS)
        self.assertTrue(spawned.only("remote"), spawned)
        self.assertEqual(spawned.all, self.actions)
        self.assertEqual(there.digests(*DISTS), self.expected)

    def test_a_worker_and_the_server_may_die(self) -> None:
        cluster = self.cluster()
        there = self.another("through a storm")
        died: list[str] = []

        def storm() -> None:
            worker = cluster.workers[0]
            wait_for("an action on a worker", lambda: worker.runs("python3"), 600)
            worker.kill()
            died.append("worker")
            time.sleep(5)
            cluster.buildgrid.kill()
            died.append("server")

        thread = threading.Thread(target=storm)
        thread.start()
        spawned = there.run(*self.remotely(cluster), ITS_TARGET)
        thread.join()
        self.assertEqual(died, ["worker", "server"])
        self.assertNotIn("linux-sandbox", spawned.runners)
        self.assertEqual(there.digests(ONE), self.of_one())

    def cluster(self) -> Cluster:
        started = Cluster(self.base / f"cluster-{self.id().rpartition('.')[2]}", workers=2)
        self.addCleanup(started.close)
        return started

    def remotely(self, cluster: Cluster) -> tuple[str, ...]:
        # Bazel would wait for ever for a worker: `timeout` is for what can't be foreseen.
        return (
            f"--remote_executor=grpc://127.0.0.1:{cluster.port}",
            "--remote_retries=20",
            "--jobs=4",
        )

    def of_one(self) -> dict[str, str]:
        return {name: digest for name, digest in self.expected.items() if name.startswith(ONE)}


if __name__ == "__main__":
    unittest.main()
