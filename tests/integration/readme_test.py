"""What the README shows is what `tests/e2e/smoke` builds and runs, attribute for attribute."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from absl.testing import absltest, parameterized

from support import checkout

_PROJECT = checkout.workspace()
_SMOKE = _PROJECT / "tests/e2e/smoke"
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)

# Where one has a module from is different in the README: there is no release to name yet.
_ELSEWHERE = {"git_override", "module"}


def _blocks(title: str) -> Iterator[tuple[str, str]]:
    """The language and the text of each block below a title of the README."""
    text = (_PROJECT / "README.md").read_text(encoding="utf-8")
    _, heading, rest = text.partition(f"# {title}\n")
    if not heading:
        raise AssertionError(f"the README has no section {title!r}")
    ends = re.search(r"^##+ ", rest, re.MULTILINE)
    for block in _BLOCK.finditer(rest[: ends.start()] if ends else rest):
        yield block["language"], block["code"]


def _calls(starlark: str) -> list[tuple[str, dict[str, str]]]:
    """What is called with keywords, in order: `load` only says which of them there are."""
    found = []
    for node in ast.walk(ast.parse(starlark)):
        if isinstance(node, ast.Call) and node.keywords:
            given = {each.arg or "**": ast.unparse(each.value) for each in node.keywords}
            found.append((ast.unparse(node.func), given))
    return found


class ReadmeTest(parameterized.TestCase):
    @parameterized.parameters(
        ("In your project", "MODULE.bazel"),
        ("Make a dist", "BUILD.bazel"),
        ("Test it", "BUILD.bazel"),
        ("Put Python in", "BUILD.bazel"),
        ("As a Debian package", "BUILD.bazel"),
    )
    def test_what_is_called(self, title: str, file: str) -> None:
        there = _calls((_SMOKE / file).read_text(encoding="utf-8"))
        shown = [
            call
            for language, code in _blocks(title)
            if language == "starlark"
            for call in _calls(code)
            if call[0] not in _ELSEWHERE
        ]
        self.assertNotEmpty(shown)
        for call in shown:
            self.assertIn(call, there)

    def test_benchmarks(self) -> None:
        build = (_PROJECT / "benchmarks/BUILD.bazel").read_text(encoding="utf-8")
        table = build.partition("\nDATA = {\n")[2].partition("\n}\n")[0]
        there = set(re.findall(r'(?m)^    "(\w+)": ', table))
        readme = (_PROJECT / "README.md").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"run //benchmarks:(\w+)", readme)), there)
        development = (_PROJECT / "docs/development.md").read_text(encoding="utf-8")
        rows = development.partition("\n## Benchmarks\n")[2]
        self.assertEqual(set(re.findall(r"(?m)^\| `(\w+)` \|", rows)), there)

    def test_what_is_pinned(self) -> None:
        ((_, code),) = [block for block in _blocks("Pin packages") if block[0] == "json"]
        shown: dict[str, Any] = json.loads(code)["declaration"]
        lock = json.loads((_SMOKE / "debs.lock.json").read_text(encoding="utf-8"))
        self.assertEqual(shown, {key: lock["declaration"][key] for key in shown})


if __name__ == "__main__":
    absltest.main()
