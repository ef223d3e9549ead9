"""Locks that somebody made to run code: nothing of them is evaluated, and readers agree on them.

A lock is read by builds (`rules/private/deb_lock.bzl`) and by the tool that makes it
(`relocatable.deb_lock`). Bazel reads thousands of hostile locks here, all in one workspace.
"""

import copy
import dataclasses
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from absl.testing import absltest

from relocatable import deb_lock
from relocatable.deb_lock import Promise, SourceFile, SourcePackage, words
from relocatable.errors import RelocatableError
from support import consumer, deb_builder
from support.hostile_strings import BROKEN, GOOD, HOSTILE
from support.lock_example import LOCK
from support.mirror import Mirror

_STRINGS = tuple(text.encode() for text in (*HOSTILE, *GOOD))

_OTHERS: tuple[object, ...] = (None, True, 0, -1, 1, 1.5, 10**30, [], {}, [""], [[]])
_SEPARATOR = b"\n= the next =\n"

_WORDS = {
    "architecture": words.ARCHITECTURE,
    "component": words.COMPONENT,
    "deb_path": words.DEB_PATH,
    "file_path": words.FILE_PATH,
    "fingerprint": words.FINGERPRINT,
    "keyring": words.KEYRING,
    "line": words.LINE,
    "moment": words.MOMENT,
    "name": words.NAME,
    "pattern": words.PATTERN,
    "pin": words.PIN,
    "release_suite": words.RELEASE_SUITE,
    "sha256": words.SHA256,
    "source": words.SOURCE,
    "suite": words.SUITE,
    "target": words.TARGET,
    "url": words.URL,
    "version": words.VERSION,
}

# The attack that was found: with it, building @my_debs//:jq ran `id`.
_ATTACK = """x" + str(len(existing_rules())), problem = "p")
[genrule(name = "jq", outs = ["jq_1.6_amd64.deb"], cmd = "id > $@", local = True, \
visibility = ["//visibility:public"]) for i in [1] if not existing_rule("jq")]
deb_unlocked(name = str(len(existing_rules())) + "a_y"""

_EXTENSION = '''"""Asks the project's own code, and writes down what it says."""

load("@rules_relocatable//rules/private:deb_hub.bzl", "deb_hub")
load("@rules_relocatable//rules/private:deb_lock.bzl", "decode_lock")
load("@rules_relocatable//rules/private:deb_words.bzl", "WORDS")
load("@rules_relocatable//rules/private:generated.bzl", "build_file", "call")
load("@rules_relocatable//third_party/wheels:extension.bzl", "requirements")
load(":strings.bzl", "ATTACK", "BROKEN", "SEPARATOR", "STRINGS", "WHEELS")

# What Bazel 7 gives every struct.
_METHODS = ["to_json", "to_proto"]

def _verdicts_impl(ctx):
    locks = [decode_lock(data)[1] for data in ctx.read(Label("//:locks/all")).split(SEPARATOR)]
    words = {
        name: [getattr(WORDS, name).matches(text) for text in STRINGS + BROKEN]
        for name in dir(WORDS)
        if name not in _METHODS
    }
    ctx.file("verdicts.json", json.encode({
        # By repr, which has no bytes that json.encode would let through.
        "locks": [repr(fault)[:99] if fault else "" for fault in locks],
        "wheels": [requirements(text)[1] != "" for text in WHEELS],
        "words": words,
    }))
    ctx.file("BUILD.bazel", build_file([call("filegroup", name = "done")]))

_verdicts = repository_rule(_verdicts_impl)

def _written_impl(ctx):
    """Every string, in every place that a call has for one."""
    statements = ["\\n".join(STRINGS), call("load", "@@//:expect.bzl", "expect")]
    for number, text in enumerate(STRINGS + BROKEN):
        select = call("select", {"//conditions:default": text}, no_match_error = text)
        statements += [
            text,
            call("expect", number, text, [text] * 2, {text: text}, text = text, chosen = select),
        ]
    ctx.file("BUILD.bazel", build_file(statements))

_written = repository_rule(_written_impl)

def _hostile_impl(_):
    _verdicts(name = "verdicts")
    _written(name = "written")

    # As if a reader had let all of it through.
    for number, text in enumerate(STRINGS + [ATTACK]):
        for name, problem in {"made": "", "broken": text}.items():
            deb_hub(
                name = "hub_%s_%d" % (name, number),
                architectures = ["amd64"],
                declared_name = text,
                lock = text,
                lock_path = text,
                packages = {"zz_amd64": "zz"},
                problem = problem,
                source_packages = {"zz": ["@zz//:source"]},
                sources = text,
                update = text,
            )
            deb_hub(
                name = "hub_%s_named_%d" % (name, number),
                architectures = ["amd64"],
                declared_name = text,
                lock = text,
                lock_path = text,
                packages = {"zz_amd64": text, text + "_amd64": text},
                problem = problem,
                source_packages = {text: [text]},
                sources = text,
                update = text,
            )

hostile = module_extension(_hostile_impl)
'''

_EXPECT = """load(":strings.bzl", "BROKEN", "STRINGS")

def expect(number, positional, items, entries, text, chosen):
    wanted = (STRINGS + BROKEN)[number]
    found = [positional, text] + items + entries.keys() + entries.values()
    name = "same" if found == [wanted] * 6 else "other"
    native.filegroup(name = "{}_{}".format(name, number), licenses = [], tags = chosen and [])
"""

# A suite that this machine's apt does not have: its mirrors would be asked before ours.
_MODULE = """
debs = use_extension("@rules_relocatable//rules:extensions.bzl", "debs")
debs.source(
    name = "main",
    allow_unsigned = True,
    components = ["main"],
    mirrors = ["{mirror}"],
    suite = "nowhere",
)
{locks}
"""

_LOCK = """
debs.lock(
    name = "{name}",
    lock = "//:locks/{name}",
)
use_repo(debs, "{name}")
"""

# The lock is made or has a problem; hostile strings are all but names of packages, or those, too.
_HUBS = [
    f"hub_{kind}_{number}"
    for kind in ("made", "broken", "made_named", "broken_named")
    for number in range(len(_STRINGS) + 1)
]
_HOSTILE = f"""
hostile = use_extension("//:hostile.bzl", "hostile")
use_repo(hostile, {json.dumps(["verdicts", "written", *_HUBS])[1:-1]})
"""

# The targets of a hub of one package, by kind of rule.
_PARTS = ("", ".control", ".copyright")
_MADE = {
    "alias": [*(name + part for name in ("zz", "zz_amd64") for part in _PARTS), "all"],
    "config_setting": ["target_is_amd64"],
    "deb_update": ["update"],
    "filegroup": ["all_amd64", "all_sources", "zz_source"],
}
_BROKEN = {
    "deb_unlocked": [
        *(name + part for name in ("zz", "zz_amd64") for part in _PARTS),
        "all",
        "all_amd64",
    ],
    "deb_update": ["update"],
}
_KINDS = _MADE.keys() | _BROKEN.keys()


def _starlark(texts: tuple[bytes, ...]) -> str:
    """A list as Starlark, in octal escapes alone."""
    quoted = ("".join(f"\\{byte:03o}" for byte in text) for text in texts)
    return "[" + "".join(f'"{text}",\n' for text in quoted) + "]"


def _full() -> dict[str, Any]:
    """A lock with all that may be in one."""
    source = dataclasses.replace(
        LOCK.declaration.sources[0],
        mirrors=("https://mirror.invalid/{snapshot}",),
        architectures=("amd64",),
        priority=100,
        snapshot="20260131T000000Z",
        release_suite="7.0",
    )
    digest = LOCK.packages[0].sha256
    full = dataclasses.replace(
        LOCK,
        declaration=dataclasses.replace(
            LOCK.declaration,
            sources=(source,),
            pins=("root=1:2.0~rc1+b1-3",),
            recommends=True,
            with_source=("root",),
        ),
        promises=(Promise("perl", ("amd64",), ("perl (>= 5.36)",)),),
        source_packages=(
            SourcePackage("root", "1", "main", ("root",), (SourceFile("a/a.dsc", 1, digest),)),
        ),
    )
    found: dict[str, Any] = json.loads(deb_lock.render(full))
    return found


def _places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to each value in a value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in entries:
        yield (*way, key)
        if isinstance(each, dict | list):
            yield from _places(each, (*way, key))


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _changed(lock: dict[str, Any], way: tuple[str | int, ...], value: object) -> bytes:
    """The lock with another value in one place."""
    other = copy.deepcopy(lock)
    inner: Any = other
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    return _encoded(other)


def _locks() -> Iterator[bytes]:
    """Each string in each place, values of other types, keys that are too many or too few."""
    full = _full()
    yield _encoded(full)
    yield _encoded({"declaration": {"architectures": ["amd64"], "roots": ["root"]}})
    # Of several alike, one will do: they are read by the same code.
    seen = set()
    for way in _places(full):
        kind = (*(key for key in way if isinstance(key, str)), type(way[-1]))
        if kind in seen:
            continue
        seen.add(kind)
        for value in (*HOSTILE, *GOOD, *_OTHERS):
            yield _changed(full, way, value)
    yield from _texts(_encoded(full))


def _texts(good: bytes) -> Iterator[bytes]:
    """What is wrong with a lock before it is decoded."""
    yield b""
    yield b" \n"
    yield b"[]"
    yield b"null"
    yield b"\xef\xbb\xbf" + good
    yield good.decode().encode("utf-16")
    yield good + b"x"
    yield good + good
    yield b"<<<<<<< HEAD\n" + good + b"\n=======\n" + good + b"\n>>>>>>> theirs\n"
    yield good.replace(b"Debian", b'\\"Debian\\\\')
    for key in {str(way[-1]) for way in _places(json.loads(good)) if isinstance(way[-1], str)}:
        word = b'"%s": ' % key.encode()
        assert word in good
        # The last one wins for most readers, and the first for some.
        yield good.replace(word, word + b"1, " + word, 1)
        yield good.replace(word, b"", 1)
        yield good.replace(word, b'"x' + word[1:], 1)
        yield good.replace(word, b'"\\u%04x' % word[1] + word[2:], 1)
        yield good.replace(word, b'"x": 1, ' + word, 1)
    for escape in (rb"\u0001", rb"\u000a", rb"\n", rb"\/", rb"\u2028", rb"\ud800", rb"\u00e9"):
        yield good.replace(b"Debian", escape)
    for broken in BROKEN:
        yield good.replace(b"Debian", broken)


def _read(data: bytes) -> str:
    """What the tool that makes locks says of one."""
    try:
        deb_lock.parse(data, "lock")
    except RelocatableError as error:
        return str(error)
    return ""


_WHEEL = f"x==1 --hash=sha256:{'0' * 64}"
# What is neither a word nor a comment.
_ODD = [text for text in HOSTILE if not text.isalpha() and not text.startswith("#")]
_WHEELS = {
    _WHEEL: False,
    f"a-b==1.0.post1+x \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}": False,
    f"# x\n{_WHEEL}\n": False,
    "x==1": True,
    f"{_WHEEL}\n{_WHEEL}": True,
    f"{_WHEEL} -r other": True,
    f"--index-url=https://evil.invalid\n{_WHEEL}": True,
    f"{_WHEEL}\r--index-url=https://evil.invalid": True,
    f"{_WHEEL}\f-e evil": True,
    **{f"{text}=={_WHEEL.partition('==')[2]}": True for text in _ODD},
    **{f"x=={text} {_WHEEL.partition(' ')[2]}": True for text in _ODD},
}


class DebsHostileTest(absltest.TestCase):
    user: consumer.Consumer
    mirror: Mirror
    module: str
    locks: list[bytes]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        cls.mirror = Mirror()
        cls.addClassCleanup(cls.mirror.close)
        cls.user = consumer.make(base, "", "")
        cls.addClassCleanup(cls.user.close)
        cls.module = (cls.user.directory / "MODULE.bazel").read_text(encoding="utf-8")
        cls.locks = list(_locks())
        directory = cls.user.directory
        (directory / "locks").mkdir()
        (directory / "locks/all").write_bytes(_SEPARATOR.join(cls.locks))
        strings = (
            f"STRINGS = {_starlark(_STRINGS)}\nBROKEN = {_starlark(BROKEN)}\n"
            f"WHEELS = {_starlark(tuple(text.encode() for text in _WHEELS))}\n"
            f"ATTACK = {_starlark((_ATTACK.encode(),))}[0]\n"
            f"SEPARATOR = {_starlark((_SEPARATOR,))}[0]\n"
        )
        for path, text in {
            "strings.bzl": strings,
            "expect.bzl": _EXPECT,
            "hostile.bzl": _EXTENSION,
        }.items():
            (directory / path).write_text(text, encoding="ascii")

    def setUp(self) -> None:
        super().setUp()
        self.declare(_HOSTILE)

    def declare(self, text: str) -> None:
        """Writes MODULE.bazel."""
        (self.user.directory / "MODULE.bazel").write_text(self.module + text, encoding="utf-8")

    def declare_locks(self, locks: Mapping[str, object]) -> None:
        """Has a module use locks."""
        for name, lock in locks.items():
            (self.user.directory / "locks" / name).write_bytes(_encoded(lock))
        uses = "".join(_LOCK.format(name=name) for name in locks)
        self.declare(_MODULE.format(mirror=self.mirror.url, locks=uses))

    def query(self, expression: str, *flags: str) -> list[str]:
        """Asks Bazel; returns the lines of its answer, after having looked for what was run."""
        done = self.user.bazel("query", *flags, expression)
        for sign in ("DEBUG", "Error in fail: pwned", "syntax error", "invalid escape", "unclosed"):
            self.assertNotIn(sign, done.stdout)
        return done.stdout.splitlines()

    def verdicts(self) -> Any:
        self.assertIn("@verdicts//:done", self.query("@verdicts//:all"))
        (file,) = self.user.output_base.glob("external/*verdicts/verdicts.json")
        return json.loads(file.read_bytes())

    def test_both_readers_say_the_same(self) -> None:
        verdicts = self.verdicts()
        self.assertLen(verdicts["locks"], len(self.locks))
        for data, found in zip(self.locks, verdicts["locks"], strict=True):
            wanted = _read(data)
            self.assertEqual(bool(found), bool(wanted), f"{data!r}: {found} / {wanted}")
        good = verdicts["locks"].count("")
        self.assertBetween(good, 50, len(self.locks) // 4)

        self.assertEqual(verdicts["words"].keys(), _WORDS.keys())
        for name, kind in _WORDS.items():
            wanted_words = {
                text: bool(kind.pattern.fullmatch(text.decode())) for text in _STRINGS
            } | dict.fromkeys(BROKEN, False)
            pairs = zip((*_STRINGS, *BROKEN), verdicts["words"][name], strict=True)
            self.assertEqual(dict(pairs), wanted_words, name)
            self.assertCountEqual(set(wanted_words.values()), {False, True}, name)

        self.assertEqual(dict(zip(_WHEELS, verdicts["wheels"], strict=True)), _WHEELS)

    def test_what_is_written_is_quoted(self) -> None:
        found = self.query("@written//:all")
        self.assertCountEqual(
            [line for line in found if line.startswith("@written")],
            [f"@written//:same_{number}" for number in range(len(_STRINGS) + len(BROKEN))],
        )

    def test_nothing_of_a_hub_is_evaluated(self) -> None:
        # In a hub, `:all` is a target, and `:*` may be one.
        found = self.query(
            " + ".join(f"@{name}//:all-targets" for name in _HUBS),
            "--keep_going",
            "--output=label_kind",
        )
        rules = {line for line in found if " rule @hub_" in line}
        wanted = {
            f"{kind} rule @hub_{hub}_{number}//:{name}"
            for number, text in enumerate((*_STRINGS, _ATTACK))
            for hub, targets in (("made", _MADE), ("broken", _BROKEN if text else _MADE))
            for kind, names in targets.items()
            for name in names
        }
        named = {line for line in rules if "_named_" in line}
        errors = [line for line in found if re.match("ERROR: .*hub_(made|broken)_[0-9]", line)]
        self.assertEqual(errors, [])
        self.assertEqual({line.partition(" rule ")[0] for line in rules}, _KINDS)
        self.assertEqual(rules - named, wanted)
        # The first name that can't be a target's ends these: with it, Bazel stops reading the file.
        self.assertContainsSubset(
            {f"deb_update rule @{hub}//:update" for hub in _HUBS if "_named_" in hub}, named
        )

    def test_the_attack_that_was_found(self) -> None:
        lock = self.lock("zz")
        lock["packages"][0]["targets"].append(_ATTACK)
        self.declare_locks({"my_debs": lock})
        done = self.user.bazel("build", "@my_debs//:jq")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(
            "Error in fail: @@//:locks/my_debs: wanted characters as they are, found the escape "
            "\\n; correct it, or restore it from version control\n",
            done.stdout,
        )
        self.assertNotIn(
            "genrule", "".join(self.query("@my_debs//:all-targets", "--output=label_kind"))
        )

    def lock(self, name: str, origin: str = "") -> dict[str, Any]:
        """A good lock of one package, which the mirror has."""
        deb = deb_builder.deb(
            Path(self.create_tempdir().full_path) / f"{name}_1_amd64.deb", [], name=name
        )
        self.mirror.files[f"/{deb.name}"] = deb.read_bytes()
        source = deb_lock.Source("main", "nowhere", ("main",), allow_unsigned=True)
        package = deb_lock.Package(
            name=name,
            architecture="amd64",
            version="1",
            source="main",
            path=deb.name,
            size=deb.stat().st_size,
            sha256=deb_builder.sha256(deb),
            targets=("amd64",),
            depends=(),
        )
        index = deb_lock.Index("main", origin, "", "0" * 64)
        declaration = deb_lock.Declaration((source,), ("amd64",), (name,))
        found: dict[str, Any] = json.loads(
            deb_lock.render(deb_lock.Lock(declaration, (index,), (package,)))
        )
        return found

    def test_what_an_archive_calls_itself(self) -> None:
        texts = [text for text in (*HOSTILE, *GOOD) if words.LINE.pattern.fullmatch(text)]
        self.assertGreater(len(texts), 50)
        names = {f"lock{number}": text for number, text in enumerate(texts)}
        self.declare_locks({name: self.lock("root", text) for name, text in names.items()})
        found = self.query(
            " + ".join(f"deps(@{name}//:root_amd64, 2)" for name in names), "--output=build"
        )
        said = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
        self.assertCountEqual(
            [line.strip() for line in found if line.startswith("  vendor = ")],
            [f'vendor = "{text}",' for text in said],
        )


if __name__ == "__main__":
    absltest.main()
