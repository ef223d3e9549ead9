"""What a module's text says of its imports, read whole and read as a skeleton."""

import ast
import textwrap

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.python import imports, skeleton
from relocatable.python.imports import Import, Kind

_MIXED = '''\
"""import nothing"""
import a, b.c as d  # import comment
from .sibling import (  # more
    x,
    y as z,
)
from .. import up; import both
if sys.platform == "win32": import nt
elif True:
    import posix \\
        as p
else:
    import other

@decorated
async def f(argument="import no"):
    """import in a docstring"""
    import deferred
    return f"{argument!r:>{10}}"

class C(Base, metaclass=M):
    import in_class
    x: int = {"a": [1, 2]}

for f in lambda c: c.copy(), copy:
    import looped
while x := 1:
    import loops
with contextlib.suppress(ImportError):
    import suppressed
with open("x") as file, other:
    import opened
match x:
    case {"import": 1}:
        import matched
try:
    import tried
except (ImportError, OSError) as error:
    import rescue
except ValueError:
    import wrong
else:
    import then
finally:
    import finally_
text = """
import not_here
"""
if __name__ == "__main__":
    import main
    m = __import__("called")
'''

# Each is unknown to Python 3.11.
_NEWER = {
    "PEP 695": "type A[T] = list[T]\nclass B[T]: pass\ndef f[T](x: T): import a\nimport b",
    "PEP 701": "x = f\"{y['a']} {f\"{z}\"}\"\nif f'{'a'}':\n    import b\ndef f():\n    import a",
    "PEP 701, lines": 'def f():\n    import a\n    return f"{g(\n  x,\n)}"\nimport b',
    "PEP 758": "try:\n    import c\nexcept ImportError, OSError:\n    pass\nimport b",
    "PEP 750": "x = t'{y}'\nimport b\ndef f(): import a",
}


def found(text: str) -> list[Import]:
    return imports.of_source(textwrap.dedent(text).encode(), "p.q.m", is_package=False)


class ImportsTest(parameterized.TestCase):
    def test_all_kinds(self) -> None:
        lines = {each.name: (each.line, each.kind) for each in found(_MIXED)}
        self.assertEqual(
            lines,
            {
                "a": (2, Kind.REQUIRED),
                "b.c": (2, Kind.REQUIRED),
                "p.q.sibling": (3, Kind.REQUIRED),
                "p.q.sibling.x": (3, Kind.REQUIRED),
                "p.q.sibling.y": (3, Kind.REQUIRED),
                "p": (7, Kind.REQUIRED),
                "p.up": (7, Kind.REQUIRED),
                "both": (7, Kind.REQUIRED),
                "posix": (10, Kind.REQUIRED),
                "deferred": (18, Kind.DEFERRED),
                "in_class": (22, Kind.REQUIRED),
                "looped": (26, Kind.REQUIRED),
                "loops": (28, Kind.REQUIRED),
                "suppressed": (30, Kind.OPTIONAL),
                "opened": (32, Kind.REQUIRED),
                "matched": (35, Kind.REQUIRED),
                "tried": (37, Kind.OPTIONAL),
                "rescue": (39, Kind.FALLBACK),
                "wrong": (41, Kind.REQUIRED),
                "then": (43, Kind.OPTIONAL),
                "finally_": (45, Kind.REQUIRED),
                "main": (50, Kind.MAIN),
                "called": (51, Kind.DEFERRED),
            },
        )

    def test_names_that_may_be_no_modules(self) -> None:
        self.assertEqual(
            found("from a import b, c"),
            [Import("a", 1), Import("a.b", 1, member=True), Import("a.c", 1, member=True)],
        )

    def test_relative_ones_of_a_package(self) -> None:
        names = [each.name for each in imports.of_source(b"from . import x", "p", is_package=True)]
        self.assertEqual(names, ["p", "p.x"])

    def test_beyond_the_top(self) -> None:
        self.assertEqual(imports.of_source(b"from .. import x", "m", is_package=False), [])

    def test_what_a_fallback_is_for(self) -> None:
        text = "try:\n    from _x import a\nexcept ImportError:\n    import y"
        self.assertEqual(found(text)[-1], Import("y", 4, Kind.FALLBACK, instead_of=("_x",)))

    @parameterized.parameters(
        ("sys.platform == 'linux'", {True, False}),
        ("sys.platform in ('linux', 'darwin')", {True}),
        ("sys.platform not in {'win32', 'cygwin'}", {True}),
        ("sys.platform != 'win32' and not TYPE_CHECKING", {True}),
        ("os.name == 'nt' or sys.platform == 'darwin'", {True, False}),
        ("os.name == 'nt' and unknown", {False}),
        ("os.name == 'posix' or unknown", {True}),
        ("os.name == 'posix' and unknown", set()),
        ("sys.platform == 'darwin' and unknown", set()),
        ("'nt' in _names", {False}),
        ("0", {False}),
        ("typing.TYPE_CHECKING", {False}),
        ("hasattr(os, 'fork')", set()),
        ("sys.platform < 'x'", set()),
    )
    def test_conditions(self, text: str, truth: set[bool]) -> None:
        expression = ast.parse(text, mode="eval").body
        self.assertEqual(imports._truth(expression), truth)


class SkeletonTest(parameterized.TestCase):
    def test_it_has_the_same_imports(self) -> None:
        reduced = skeleton.of(_MIXED.encode())
        whole = [each for each in found(_MIXED) if each.name != "called"]
        self.assertEqual(found(reduced), whole)

    @parameterized.parameters(*_NEWER.items())
    def test_newer_syntax(self, name: str, text: str) -> None:
        del name
        kinds = {each.name: each.kind for each in found(text)}
        self.assertEqual(kinds["b"], Kind.REQUIRED)
        self.assertEqual(kinds.get("a", Kind.DEFERRED), Kind.DEFERRED)
        self.assertEqual(kinds.get("c", Kind.OPTIONAL), Kind.OPTIONAL)
        reduced = skeleton.of(text.encode())
        self.assertEqual(
            [each.name for each in found(reduced)], [each.name for each in found(text)]
        )

    def test_lines_stay_where_they_are(self) -> None:
        text = b"\n# c\n\nx = '''\n\n'''\nimport a\n"
        self.assertEqual(skeleton.of(text), "\n\n\npass\n\n\nimport a\n")

    def test_encodings(self) -> None:
        text = "# -*- coding: latin-1 -*-\nx = 'é'\nimport a\n".encode("latin-1")
        self.assertIn("import a", skeleton.of(text))

    @parameterized.parameters(b"import ]", b"\xff\xfe", b"# coding: none\n", b"import a\0b")
    def test_what_is_no_python(self, text: bytes) -> None:
        with self.assertRaisesRegex(RelocatableError, "^can't be parsed: "):
            imports.of_source(text, "m", is_package=False)


if __name__ == "__main__":
    absltest.main()
