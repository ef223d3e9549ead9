"""Tests for `archive_path.bzl`: the cases of tests/unit/deb_lock_test.py and apt_download_test.py."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")

# buildifier: disable=bzl-visibility
load("//rules/private:archive_path.bzl", "file_name", "is_path", "url_path")

# What a lock's bytes are to Bazel, which reads files as Latin-1: these three are "ü", U+009B and "—".
_UMLAUT = "\303\274"
_CONTROL = "\302\233"
_DASH = "\342\200\224"

_PATHS = [
    "x.deb",
    "pool/main/f/foo/foo_1%3a2.0~rc1+b1_amd64.deb",
    "pool//x.deb",
    "/pool/x.deb",
    "pool/a b@c#d:e?f.deb",
    "pool/" + _UMLAUT + "n" + _DASH + ".deb",
]

_REFUSED = [
    "",
    ".deb",
    "a/../x.deb",
    "../x.deb",
    "a/./x.deb",
    "a/.x.deb",
    "a/.deb",
    "http://evil.invalid/x.deb",
    "x.deb/",
    "x.tar",
    "a\033x.deb",
    "a\nx.deb",
    "a\177x.deb",
    "a" + _CONTROL + "x.deb",
]

_URLS = {
    "\"<>[\\]^`{|}": "%22%3c%3e%5b%5c%5d%5e%60%7b%7c%7d",
    "/pool//x.deb": "/pool//x.deb",
    "a b@c#d:e?f.deb": "a%20b@c%23d:e%3ff.deb",
    _UMLAUT + _DASH: "%c3%bc%e2%80%94",
    "azAZ09-._/:@!$&'()*,;=": "azAZ09-._/:@!$&'()*,;=",
    "foo_1%3a2.0~rc1+b1.deb": "foo_1%253a2.0%7erc1%2bb1.deb",
}

_NAMES = {
    "@a=b,\"c\":d.deb": "%40a%3db%2c%22c%22%3ad.deb",
    "libroot++_1%3a2.0~rc1.deb": "libroot++_1%3a2.0~rc1.deb",
    "pool//x.deb": "x.deb",
    "pool/BUILD": "%42UILD",
    "pool/Module.Bazel": "%4dodule.Bazel",
    "pool/REPO.bazel": "%52EPO.bazel",
    "pool/REPO.bazel.xz": "REPO.bazel.xz",
    "pool/WORKSPACE": "%57ORKSPACE",
    "pool/a b" + _UMLAUT + ".deb": "a%20b%c3%bc.deb",
    "pool/build.bazel": "%62uild.bazel",
}

def _path_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, [], [path for path in _PATHS if not is_path(path, ".deb")])
    asserts.equals(env, [], [path for path in _REFUSED if is_path(path, ".deb")])
    asserts.true(env, is_path("pool/x_1.dsc"))
    return unittest.end(env)

def _url_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, _URLS.values(), [url_path(path) for path in _URLS])
    asserts.equals(env, _NAMES.values(), [file_name(path) for path in _NAMES])
    return unittest.end(env)

_path_test = unittest.make(_path_test_impl)
_url_test = unittest.make(_url_test_impl)

def archive_path_test_suite(name):
    """Declares the tests.

    Args:
        name: Name of the suite.
    """
    unittest.suite(name, _path_test, _url_test)
