"""Dists from a remote cache and from remote workers: the same bytes, and nothing built twice."""

import threading
import time
import unittest

from distributed.remote import Remote
from distributed.servers import ROOT, wait_for

# What an action runs, as the kernel names it: the loader, by which our Python is started.
ACTION = "ld-linux-x86-64"


class RemoteTest(Remote):
    DISTS = ("dist/lldb_linux_x86_64",)

    def test_workers_have_no_python(self) -> None:
        self.assertEqual(list((ROOT.directory / "usr/bin").glob("*python*")), [])

    def test_another_checkout_takes_all_from_the_grpc_cache(self) -> None:
        there = self.another("somewhere/else")
        spawned = there.run(self.cache, *self.targets())
        # What makes the actions' Python stays at home, and BuildGrid has been seen to forget of it.
        missed = [each for each in spawned.spawns if each.runner != "remote cache hit"]
        self.assertEqual([str(each) for each in missed if each.remotable], [])
        self.assertEqual(spawned.all, self.actions)
        self.assertEqual(there.digests(*self.DISTS), self.expected)

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
