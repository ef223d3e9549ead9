"""Tests for `apt_sources.bzl`: the same cases as tests/unit/apt_sources_test.py."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")

# buildifier: disable=bzl-visibility
load(
    "//rules/private:apt_sources.bzl",
    "parse_deb822",
    "parse_one_line",
    "select_mirrors",
)

def _entry(uri, suites, components):
    return struct(uri = uri, suites = suites, components = components)

def _one_line_test_impl(ctx):
    env = unittest.begin(ctx)
    text = "\n".join([
        "# deb http://commented.example/ bookworm main",
        "deb-src http://sources.example/ bookworm main",
        "deb [arch=amd64 signed-by=/x.gpg]\thttps://a.example/debian/ bookworm main x # y",
        "deb https://flat.example/ ./",
        "deb half",
    ])
    asserts.equals(env, [
        _entry("https://a.example/debian", ["bookworm"], ["main", "x"]),
        _entry("https://flat.example", ["./"], []),
    ], parse_one_line(text))
    return unittest.end(env)

def _deb822_test_impl(ctx):
    env = unittest.begin(ctx)
    text = "\n".join([
        "# Written by an installer.",
        "Types: deb deb-src",
        "URIs: http://a.example/debian/",
        " http://b.example/debian",
        "Suites: bookworm bookworm-updates",
        "# a comment inside",
        "components: main",
        "Signed-By:",
        " -----BEGIN PGP PUBLIC KEY BLOCK-----",
        " .",
        " ",
        "Types: deb",
        "Enabled: no",
        "URIs: http://disabled.example",
        "Suites: bookworm",
        "Components: main",
        "",
        "Types: deb-src",
        "URIs: http://sources.example",
        "Suites: bookworm",
        "Components: main",
    ])
    suites = ["bookworm", "bookworm-updates"]
    asserts.equals(env, [
        _entry("http://a.example/debian", suites, ["main"]),
        _entry("http://b.example/debian", suites, ["main"]),
    ], parse_deb822(text))
    return unittest.end(env)

def _select_test_impl(ctx):
    env = unittest.begin(ctx)
    entries = [
        _entry("http://security.example", ["bookworm-security"], ["main"]),
        _entry("http://contrib.example", ["bookworm"], ["contrib"]),
        _entry("http://flat.example", ["./"], []),
        _entry("mirror+file:/etc/apt/mirrors/x.list", ["bookworm"], ["main"]),
        _entry("tor+http://x.example", ["bookworm"], ["main"]),
        _entry("http://b.example", ["bookworm"], ["contrib", "main"]),
        _entry("https://a.example", ["trixie", "bookworm"], ["main"]),
        _entry("http://b.example", ["bookworm"], ["main"]),
    ]
    asserts.equals(
        env,
        ["http://b.example", "https://a.example"],
        select_mirrors(entries, "bookworm", ["main"]),
    )
    asserts.equals(env, [], select_mirrors(entries, "sid", ["main"]))

    # Which flat repository it is, only its URL says.
    asserts.equals(env, [], select_mirrors(entries, "./", []))
    return unittest.end(env)

_one_line_test = unittest.make(_one_line_test_impl)
_deb822_test = unittest.make(_deb822_test_impl)
_select_test = unittest.make(_select_test_impl)

def apt_sources_test_suite(name):
    """Declares the tests.

    Args:
        name: Name of the suite.
    """
    unittest.suite(name, _one_line_test, _deb822_test, _select_test)
