"""Dists from a remote cache and from remote workers: the same bytes, and nothing built twice."""

import threading
import time
import unittest

from distributed import builds
from distributed.cluster import http_cache
from distributed.meter import Meter
from distributed.remote import Remote
from distributed.servers import ROOT, wait_for

# What an action runs, as the kernel names it: the loader, by which our Python is started.
ACTION = "ld-linux-x86-64"


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


class RemoteTest(Remote):
    DISTS = ("dist/lldb_linux_x86_64",)

    def test_workers_have_no_python(self) -> None:
        self.assertEqual(list((ROOT.directory / "usr/bin").glob("*python*")), [])

    def test_another_checkout_takes_all_from_the_grpc_cache(self) -> None:
        there = self.another("somewhere/else")
        spawned = there.run(self.cache, *self.targets())
        self.assertEqual(spawned.others("remote cache hit"), [])
        self.assertEqual(spawned.all, self.actions)
        self.assertEqual(there.digests(*self.DISTS), self.expected)

    def test_all_forms_come_from_the_http_cache(self) -> None:
        """A small dist, in all forms."""
        port = self.enterContext(http_cache(self.base / "http"))
        cache = f"--remote_cache=http://127.0.0.1:{port}/cache"
        wanted = (cache, SMALL, f"--output_groups={','.join(FORMS)}")
        filled = self.another("fills it").run(*wanted)
        self.assertNotIn("remote cache hit", filled.runners)
        there = self.another("by http")
        spawned = there.run(*wanted)
        self.assertEqual(spawned.others("remote cache hit"), [])
        self.assertEqual(spawned.outputs, filled.outputs)

    def test_only_what_is_asked_for_comes_down(self) -> None:
        down: dict[str, int] = {}
        files: dict[str, list[str]] = {}
        there = self.another("asks")
        for mode in ("minimal", "toplevel", "all"):
            meter = Meter(self.port)
            self.addCleanup(meter.close)
            there.checkout.bazel("clean")
            cache = f"--remote_cache=grpc://127.0.0.1:{meter.port}"
            spawned = there.run(cache, f"--remote_download_outputs={mode}", *self.targets())
            self.assertTrue(spawned.only("remote cache hit"), spawned)
            files[mode] = there.outputs()
            down[mode] = meter.down
        print(f"bytes that came down: {down}")
        self.assertEqual(files["minimal"], [])
        self.assertEqual(
            len(files["toplevel"]), len(builds.FILES) * len(self.DISTS), files["toplevel"]
        )
        self.assertLess(down["minimal"], self.size / 100)
        asked = down["toplevel"] - down["minimal"]
        self.assertTrue(self.size <= asked < self.size * 1.01, f"{asked} for {self.size}")
        self.assertGreater(down["all"], down["toplevel"])

    def test_what_configurations_have_in_common_is_made_once(self) -> None:
        mapped = (self.cache, "--experimental_output_paths=strip", "//dist:python")
        self.local.run(*mapped)
        spawned = self.local.run("--compilation_mode=dbg", *mapped)
        self.assertGreater(spawned.all, 0)
        self.assertEqual(spawned.others("remote cache hit"), [])

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
        spawned = there.run(*self.remotely(cluster), *self.targets())
        thread.join()
        self.assertEqual(died, ["worker", "server"])
        self.assertEqual(spawned.stayed(), [])
        self.assertEqual(there.digests(*self.DISTS), self.expected)


if __name__ == "__main__":
    unittest.main()
