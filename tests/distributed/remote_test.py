"""Dists from a remote cache and from remote workers: the same bytes, and nothing built twice."""

import os
import re
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

from distributed import builds
from distributed.builds import Build
from distributed.cluster import Cluster, grpc_cache, http_cache
from distributed.meter import Meter
from distributed.replay import Replayed, replay
from distributed.servers import ROOT, wait_for
from distributed.spawns import Spawn

DISTS = ("dist/lldb_linux_x86_64", "dist/lldb_linux_arm64")
TARGETS = tuple(f"//{path.replace('/', ':')}" for path in DISTS)
ONE, ITS_TARGET = DISTS[0], TARGETS[0]

# Dists of tests that aren't shared again: the flagship's, which are; those that differ from others
# in a flag alone; and what others are made of.
LEFT_OUT = (
    "//dist:",
    "//tests/integration/deb:demo_2",
    "//tests/integration/deb:other",
    "//tests/integration/embed_arm64:prefix",
    "//tests/integration/forms:isolated_",
    "//tests/integration/forms:pyc",
    "//tests/integration/forms:source",
    "//tests/integration/macos:calculator_application_",
    "//tests/integration/packages:python_",
    "//tests/integration/policies:default_",
    "//tests/integration/standalone:full_dist",
    "//tests/integration/standalone:install_only_dist",
    "//tests/integration/stdlib:",
)
# Made in all forms that there are.
SMALL = "//tests/integration/binaries:dist"
FORMS = (
    "cyclonedx",
    "directory",
    "licenses",
    "linkage",
    "report",
    "spdx",
    "tar.gz",
    "tar.xz",
    "zip",
)

# What actions see of the machine, besides their inputs: what a shell is made of, which starts their
# Python, and the one locale.
SYSTEM = re.compile(
    "|".join(
        (
            r"/(usr/)?bin/(sh|dash)?",
            r"/(usr/)?lib(64)?/(x86_64-linux-gnu/)?(ld-linux-x86-64|libc)\.so\.\d",
            r"/usr/lib/(locale/C\.utf8/.*|x86_64-linux-gnu/gconv/gconv-modules\.cache)",
            r"/dev/null|/proc/(self|\d+)/.*|/proc/stat|/tmp(/.*)?",
            r"/|/replayed",
        )
    )
)

# What an action runs, as the kernel names it: the loader, by which our Python is started.
ACTION = "ld-linux-x86-64"

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
        spawned = cls.local.run(cls.cache, *TARGETS)
        cls.actions = spawned.all
        cls.spawns = spawned.spawns
        cls.expected = cls.local.digests(*DISTS)

    def another(self, name: str) -> Build:
        build = builds.new(name, self.base, **ANOTHER)
        self.addCleanup(build.checkout.close)
        return build

    def test_another_checkout_takes_all_from_the_grpc_cache(self) -> None:
        there = self.another("somewhere/else")
        spawned = there.run(self.cache, *TARGETS)
        self.assertEqual(spawned.others("remote cache hit"), [])
        self.assertEqual(spawned.all, self.actions)
        self.assertEqual(there.digests(*DISTS), self.expected)

    def test_what_configurations_have_in_common_is_made_once(self) -> None:
        mapped = (self.cache, "--experimental_output_paths=strip", "//dist:python")
        made = self.local.run(*mapped)
        self.assertNotIn("remote cache hit", made.runners)
        spawned = self.local.run("--compilation_mode=dbg", *mapped)
        self.assertGreater(spawned.all, 0)
        self.assertEqual(spawned.others("remote cache hit"), [])

    def test_workers_have_no_python(self) -> None:
        self.assertEqual(list((ROOT.directory / "usr/bin").glob("*python*")), [])

    def test_another_checkout_takes_all_from_the_http_cache(self) -> None:
        """Dists of the tests, of all kinds, and one in all forms."""
        port = self.enterContext(http_cache(self.base / "http"))
        cache = f"--remote_cache=http://127.0.0.1:{port}/cache"
        dists = [dist for dist in self.local.dists() if not dist.startswith(LEFT_OUT)]
        self.assertIn(SMALL, dists)
        here, there = self.another("fills it"), self.another("by http")
        for arguments in (dists, [SMALL, f"--output_groups={','.join(FORMS)}"]):
            filled = here.run(cache, *arguments)
            self.assertNotIn("remote cache hit", filled.runners)
            spawned = there.run(cache, *arguments)
            self.assertEqual(spawned.others("remote cache hit"), [])
            # What did not come down before is asked for again.
            self.assertGreaterEqual(spawned.all, filled.all)
            self.assertEqual(spawned.outputs, filled.outputs)
            print(f"{spawned.all} actions, {len(spawned.outputs)} files")

    def test_actions_see_nothing_but_their_inputs(self) -> None:
        execroot = (self.local.checkout.directory / "bazel-out").resolve().parent
        spawns = [spawn for spawn in self.spawns if spawn.remotable]
        self.assertIn("RelocateTree", {spawn.mnemonic for spawn in spawns})

        def again(spawn: Spawn) -> Replayed:
            with tempfile.TemporaryDirectory(dir=self.base) as scratch:
                return replay(spawn, execroot, Path(scratch))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for spawn, replayed in zip(spawns, pool.map(again, spawns), strict=True):
                with self.subTest(str(spawn)):
                    self.assertEqual(replayed.status, 0, replayed.messages)
                    self.assertEqual(replayed.outputs, spawn.outputs)
                    self.assertEqual(
                        [path for path in sorted(replayed.seen) if not SYSTEM.fullmatch(path)], []
                    )
                    self.assertEqual(replayed.sockets, frozenset())
        print(f"{len(spawns)} commands ran again")

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
        self.assertEqual(spawned.stayed(), [])
        self.assertIn("remote", spawned.runners)
        self.assertEqual(spawned.all, self.actions)
        self.assertEqual(there.digests(*DISTS), self.expected)

    def test_a_worker_and_the_server_may_die(self) -> None:
        cluster = self.cluster()
        there = self.another("through a storm")
        died: list[str] = []

        def storm() -> None:
            worker = cluster.workers[0]
            wait_for("an action on a worker", lambda: worker.runs(ACTION), 600)
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
        self.assertEqual(spawned.stayed(), [])
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
