"""What takes long: both flagships on workers, dists of all kinds, each command once more."""

import os
import re
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from distributed import builds
from distributed.cluster import http_cache
from distributed.meter import Meter
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

    def test_another_checkout_takes_all_from_the_http_cache(self) -> None:
        """Dists of the tests, of all kinds."""
        port = self.enterContext(http_cache(self.base / "http"))
        cache = f"--remote_cache=http://127.0.0.1:{port}/cache"
        dists = [dist for dist in self.local.dists() if not dist.startswith(LEFT_OUT)]
        self.assertGreater(len(dists), 10)
        here, there = self.another("fills it"), self.another("by http")
        filled = here.run(cache, *dists)
        self.assertNotIn("remote cache hit", filled.runners)
        spawned = there.run(cache, *dists)
        self.assertEqual(spawned.others("remote cache hit"), [])
        self.assertEqual(spawned.all, filled.all)
        self.assertEqual(spawned.outputs, filled.outputs)
        print(f"{len(dists)} dists, {spawned.all} actions, {len(spawned.outputs)} files")

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


if __name__ == "__main__":
    unittest.main()
