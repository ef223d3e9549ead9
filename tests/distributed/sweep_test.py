"""What takes long: both flagships on workers, dists of all kinds, each command once more."""

import os
import re
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from distributed.cluster import http_cache
from distributed.remote import Remote
from distributed.replay import Replayed, replay
from distributed.spawns import Spawn

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


class SweepTest(Remote):
    DISTS = ("dist/lldb_linux_x86_64", "dist/lldb_linux_arm64")

    def test_all_actions_run_remotely(self) -> None:
        cluster = self.cluster()
        there = self.another("remote")
        spawned = there.run(*self.remotely(cluster), *self.targets())
        self.assertEqual(spawned.stayed(), [])
        self.assertIn("remote", spawned.runners)
        self.assertEqual(spawned.all, self.actions)
        self.assertEqual(there.digests(*self.DISTS), self.expected)

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

    def test_another_checkout_takes_dists_of_all_kinds(self) -> None:
        dists = [dist for dist in self.local.dists() if not dist.startswith(LEFT_OUT)]
        self.assertGreater(len(dists), 10)
        web = self.enterContext(http_cache(self.base / "http"))
        for kind, cache in (
            ("http", f"--remote_cache=http://127.0.0.1:{web}/cache"),
            ("grpc", self.cache),
        ):
            with self.subTest(kind):
                here, there = self.another(f"fills {kind}"), self.another(f"by {kind}")
                filled = here.run(cache, *dists)
                spawned = there.run(cache, *dists)
                self.assertEqual(spawned.others("remote cache hit"), [])
                self.assertEqual(spawned.all, filled.all)
                self.assertEqual(spawned.outputs, filled.outputs)
                print(f"{kind}: {len(dists)} dists, {spawned.all} actions")


if __name__ == "__main__":
    unittest.main()
