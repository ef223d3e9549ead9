"""What a release is made by, in files that nothing else holds together."""

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import yaml
from absl.testing import absltest

ROOT = Path(__file__).absolute().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"

# The registry's verifier wants a version here; it takes no commit for who attests.
ATTESTING = (
    r"bazel-contrib/\.github/\.github/workflows/release_ruleset\.yaml@v\d+\.\d+\.\d+",
    r"bazel-contrib/publish-to-bcr/\.github/workflows/publish\.yaml@v\d+\.\d+\.\d+",
)
PINNED = r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def document(path: str) -> Any:
    return yaml.safe_load(text(path))


def module(field: str) -> str:
    """A field of the module itself, which comes before all that it names."""
    found = re.search(rf'^    {field} = "([^"]+)",$', text("MODULE.bazel"), re.MULTILINE)
    if found is None:
        raise AssertionError(f"MODULE.bazel has no {field}")
    return found[1]


def changelog() -> list[tuple[str, str]]:
    """Each version and when it was released, the newest first."""
    return re.findall(r"^## \[(.*)\] - (.*)$", text("CHANGELOG.md"), re.MULTILINE)


class VersionTest(absltest.TestCase):
    def test_the_newest_in_the_changelog_is_the_modules(self) -> None:
        version, day = changelog()[0]
        self.assertEqual(version, module("version"))
        self.assertRegex(day, r"^(unreleased|\d{4}-\d{2}-\d{2})$")

    def test_all_others_are_released_and_older(self) -> None:
        versions = [tuple(int(part) for part in version.split(".")) for version, _ in changelog()]
        self.assertEqual(versions, sorted(set(versions), reverse=True))
        for _, day in changelog()[1:]:
            self.assertRegex(day, r"^\d{4}-\d{2}-\d{2}$")


class RegistryTest(absltest.TestCase):
    """`.bcr`, whose templates publish-to-bcr fills."""

    def test_metadata(self) -> None:
        metadata = json.loads(text(".bcr/metadata.template.json"))
        self.assertEqual(metadata["versions"], [])
        self.assertEqual(metadata["yanked_versions"], {})
        [repository] = metadata["repository"]
        self.assertRegex(repository, rf"^github:[\w-]+/{module('name')}$")
        self.assertEqual(metadata["homepage"], repository.replace("github:", "https://github.com/"))
        for maintainer in metadata["maintainers"]:
            wanted = {"email", "github", "github_user_id", "name"}
            self.assertEqual(set(maintainer), wanted)

    def test_the_archive_is_the_one_that_is_made(self) -> None:
        source = json.loads(text(".bcr/source.template.json"))
        self.assertEqual(source["integrity"], "")
        directory, _, archive = source["url"].rpartition("/")
        self.assertEqual(directory, "https://github.com/{OWNER}/{REPO}/releases/download/{TAG}")
        filled = {"REPO": module("name"), "VERSION": "1.2.3", "TAG": "v1.2.3"}
        made = text(".github/workflows/release_prep.sh")
        self.assertIn(f"\nname={module('name')}\n", made)
        self.assertIn('--prefix="$name-$version/"', made)
        self.assertIn('>"$name-$tag.tar.gz"', made)
        self.assertEqual(source["strip_prefix"].format_map(filled), f"{filled['REPO']}-1.2.3")
        self.assertEqual(archive.format_map(filled), f"{filled['REPO']}-v1.2.3.tar.gz")
        release = document(".github/workflows/release.yml")["jobs"]["release"]["with"]
        self.assertTrue(fnmatch.fnmatch(archive.format_map(filled), release["release_files"]))

    def test_what_the_registry_tries(self) -> None:
        """A module that a release has, on all that we say is supported."""
        test = document(".bcr/presubmit.yml")["bcr_test_module"]
        self.assertIn(f"\n/{test['module_path']} -export-ignore\n", text(".gitattributes"))
        axes = {f"${{{{ {name} }}}}": values for name, values in test["matrix"].items()}
        for task in test["tasks"].values():
            self.assertIn(task["platform"], axes)
            self.assertEqual(axes[task["bazel"]], ["7.x", "8.x", "9.x"])

    def test_the_one_module(self) -> None:
        self.assertEqual(document(".bcr/config.yml"), {"moduleRoots": ["."]})


class WorkflowsTest(absltest.TestCase):
    def test_what_they_use_is_pinned(self) -> None:
        """By commit, with the version for who reads it."""
        for path in sorted(WORKFLOWS.glob("*.yml")):
            for used in re.findall(r"^ *(?:- )?uses: (.*)$", path.read_text("utf-8"), re.MULTILINE):
                with self.subTest(path=path.name, used=used):
                    if used.startswith("./"):
                        self.assertTrue((ROOT / used).is_file())
                    else:
                        self.assertRegex(used, f"^({'|'.join((PINNED, *ATTESTING))})$")

    def test_they_may_do_no_more_than_they_say(self) -> None:
        for path in sorted(WORKFLOWS.glob("*.yml")):
            with self.subTest(path.name):
                workflow = yaml.safe_load(path.read_text("utf-8"))
                self.assertIn(workflow["permissions"], ({}, {"contents": "read"}))

    def test_the_oldest_and_the_newest_bazels_are_tried(self) -> None:
        [oldest] = re.findall(r'bazel_compatibility = \[">=([\d.]+)"\]', text("MODULE.bazel"))
        jobs = document(".github/workflows/ci.yml")["jobs"]
        for name in ("consumers", "mac"):
            bazels = jobs[name]["strategy"]["matrix"]["bazel"]
            self.assertEqual(bazels[1:], ["7.x", "8.x", "9.x"])
            self.assertEqual(bazels[0].split(".")[:2], oldest.split(".")[:2])

    def test_nothing_is_released_untested(self) -> None:
        jobs = document(".github/workflows/release.yml")["jobs"]
        self.assertEqual(jobs["release"]["needs"], ["ci", "macos"])
        self.assertEqual(jobs["publish"]["needs"], "release")
        self.assertEqual(jobs["finish"]["needs"], "publish")


if __name__ == "__main__":
    absltest.main()
