"""Tests for `stdlib_trim`: wrong attributes give one clear line."""

load("//rules:defs.bzl", "file_tree", "stdlib_trim")
load("//tests/analysis:refused_test.bzl", "refused_test")

# By test: the attributes, and what the error says.
_CASES = {
    "form_without_interpreter": (
        {"form": "pyc"},
        "form = \"pyc\" wants an interpreter that compiles: a tree with bin/python3.11",
    ),
    "interpreter_without_form": (
        {"interpreter": ":tree"},
        "form = \"source\" has nothing for an interpreter to compile: name another form",
    ),
    "roots_without_modules": (
        {"root_srcs": [":BUILD.bazel"]},
        "wanted a tree or .py files, found",
    ),
    "two_archives": (
        {"src": ":archives"},
        "wanted a tree (deb_extract, py_runtime_tree, …) or one archive",
    ),
}

def stdlib_trim_test_suite(name):
    """Defines a test for each case.

    Args:
        name: of the suite.
    """
    file_tree(
        name = "tree",
        testonly = True,
        files = {"BUILD.bazel": "lib/python3.11/os.py"},
        tags = ["manual"],
    )
    native.filegroup(
        name = "archives",
        testonly = True,
        srcs = [
            "@cpython_3_11//:file",
            "@cpython_3_13//:file",
        ],
        tags = ["manual"],
    )
    for case, (attributes, message) in _CASES.items():
        stdlib_trim(
            name = case,
            testonly = True,
            python_version = "3.11",
            # They fail by themselves.
            tags = ["manual"],
            **({"src": ":tree"} | attributes)
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
