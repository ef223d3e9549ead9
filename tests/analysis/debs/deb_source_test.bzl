"""Tests for `deb_source.bzl` and for how words get to the tool."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")

# buildifier: disable=bzl-visibility
load("//rules/private:deb_source.bzl", "OPTIONAL", "difference", "expand", "said")

# buildifier: disable=bzl-visibility
load("//rules/private:deb_update.bzl", "quoted")

_LOCKED = {"components": ["main"], "keyring": "debian", "name": "a", "suite": "bookworm"}
_DECLARED = OPTIONAL | _LOCKED

def _difference_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, difference([_DECLARED], [_LOCKED]))
    asserts.equals(env, None, difference([_DECLARED | {"mirrors": ["https://x.example"]}], [_LOCKED]))
    asserts.equals(
        env,
        "wanted debs.source(name = \"a\", keyring = \"keys/a.asc\", priority = 9), as in MODULE.bazel, " +
        "found keyring = \"debian\", priority = 500",
        difference([_DECLARED | {"keyring": "keys/a.asc", "priority": 9}], [_LOCKED]),
    )

    # Locks of earlier days say of nobody that he is to be believed.
    earlier = {key: value for key, value in _LOCKED.items() if key != "keyring"}
    asserts.equals(
        env,
        "wanted debs.source(name = \"a\", keyring = \"debian\"), as in MODULE.bazel, found keyring = \"\"",
        difference([_DECLARED], [earlier]),
    )
    asserts.equals(
        env,
        "wanted the sources [\"a\", \"b\"], as in MODULE.bazel, found [\"b\", \"a\"]",
        difference(
            [_DECLARED, _DECLARED | {"name": "b"}],
            [_LOCKED | {"name": "b"}, _LOCKED],
        ),
    )
    return unittest.end(env)

def _words_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, _LOCKED, said(_DECLARED))
    asserts.equals(env, "https://x.example/20260131T000000Z/debian", expand(
        "https://x.example/{snapshot}/debian",
        "20260131T000000Z",
    ))
    asserts.equals(env, "'--x={\"a\": \"it'\\''s $$5\"}'", quoted("--x={\"a\": \"it's $5\"}"))
    return unittest.end(env)

_difference_test = unittest.make(_difference_test_impl)
_words_test = unittest.make(_words_test_impl)

def deb_source_test_suite(name):
    """Declares the tests.

    Args:
        name: Name of the suite.
    """
    unittest.suite(name, _difference_test, _words_test)
