"""Tests for `relocatable_dist`: wrong attributes give one clear line."""

load("@rules_python//python:defs.bzl", "py_binary")
load("//rules:defs.bzl", "file_tree", "relocatable_dist")
load("//tests/analysis:refused_test.bzl", "refused_test")

# By test: the attributes, and what the error says.
_CASES = {
    "min_glibc_without_host": (
        {
            "layers": [":layer"],
            "min_glibc": "2.28",
        },
        "wanted libc = \"host\" with it",
    ),
    "no_program": (
        {"binaries": {":files": "bin/x"}},
        "is no program",
    ),
    "nothing_in_it": (
        {},
        "wanted trees to make a dist of, found neither layers, binaries nor a runtime",
    ),
    "python_program_without_runtime": (
        {"binaries": {":python_binary": "bin/python_binary"}},
        "the Python program @@//tests/analysis/dist:python_binary wants a runtime",
    ),
}

def relocatable_dist_test_suite(name):
    """Defines a test for each case.

    Args:
        name: of the suite.
    """
    file_tree(
        name = "layer",
        testonly = True,
        files = {"BUILD.bazel": "share/x"},
        tags = ["manual"],
    )
    native.filegroup(
        name = "files",
        testonly = True,
        srcs = [
            "BUILD.bazel",
            "relocatable_dist_test.bzl",
        ],
        tags = ["manual"],
    )
    py_binary(
        name = "python_binary",
        testonly = True,
        srcs = ["python_binary.py"],
        legacy_create_init = 0,
        tags = ["manual"],
    )
    for case, (attributes, message) in _CASES.items():
        relocatable_dist(
            name = case,
            testonly = True,
            platform = "//toolchains:linux_x86_64",
            # They fail by themselves.
            tags = ["manual"],
            **attributes
        )
        refused_test(
            name = case + "_test",
            message = message,
            target_under_test = case,
        )
    native.test_suite(
        name = name,
        tests = [case + "_test" for case in _CASES],
    )
