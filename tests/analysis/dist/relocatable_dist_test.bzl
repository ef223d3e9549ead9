"""Tests for `relocatable_dist`: wrong attributes give one clear line."""

load("@rules_python//python:defs.bzl", "py_binary")
load("//rules:defs.bzl", "dist_layers", "file_tree", "relocatable_dist", "universal_dist")
load("//tests/analysis:refused_test.bzl", "refused_test")

# By test: the attributes, and what the error says.
_CASES = {
    "bundled_on_macos": (
        {
            "layers": [":layer"],
            "libc": "bundled",
            "platform": "//toolchains:macos_arm64",
        },
        "wanted \"host\", as programs of macos_arm64 run on the system's C library only; found \"bundled\"",
    ),
    "deb_without_control": (
        {
            "formats": ["deb"],
            "layers": [":layer"],
        },
        "wanted `deb`, a target of deb_control",
    ),
    "min_glibc_on_macos": (
        {
            "layers": [":layer"],
            "min_glibc": "2.28",
            "platform": "//toolchains:macos_arm64",
        },
        "wanted nothing, as macos_arm64 has no glibc; say min_macos instead",
    ),
    "min_glibc_without_host": (
        {
            "layers": [":layer"],
            "min_glibc": "2.28",
        },
        "wanted libc = \"host\" with it",
    ),
    "min_macos_on_linux": (
        {
            "layers": [":layer"],
            "min_macos": "12.0",
            "platform": "//toolchains:linux_arm64",
        },
        "wanted nothing, as linux_arm64 has glibc; say min_glibc instead",
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
    "universal_on_linux": (
        {
            "layers": [":layer"],
            "platform": "//toolchains:linux_arm64",
            "universal": True,
        },
        "wanted False, as a file for linux_arm64 is for one machine",
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
            # They fail by themselves.
            tags = ["manual"],
            **({"platform": "//toolchains:linux_x86_64"} | attributes)
        )
        refused_test(
            name = case + "_test",
            message = message,
            target_under_test = case,
        )
    for platform in ["linux_arm64", "linux_x86_64"]:
        relocatable_dist(
            name = "of_" + platform,
            testonly = True,
            layers = [":layer"],
            platform = "//toolchains:" + platform,
            tags = ["manual"],
        )
    universal_dist(
        name = "universal_dist_of_linux",
        testonly = True,
        dists = [":of_linux_x86_64"],
        tags = ["manual"],
    )
    dist_layers(
        name = "layers_of_two_platforms",
        testonly = True,
        dists = [
            ":of_linux_x86_64",
            ":of_linux_arm64",
        ],
        package_dir = "/opt/app",
        tags = ["manual"],
    )
    dist_layers(
        name = "layers_nowhere",
        testonly = True,
        dists = [":of_linux_x86_64"],
        package_dir = "/",
        tags = ["manual"],
    )
    others = {
        "layers_nowhere": "wanted where the dists lie in the image, for example \"/opt/app\", found \"/\"",
        "layers_of_two_platforms": "wanted dists for one platform, found linux_x86_64, linux_arm64",
        "universal_dist_of_linux": "wanted dists for macOS, one for each machine, found linux_x86_64",
    }
    for case, message in others.items():
        refused_test(
            name = case + "_test",
            message = message,
            target_under_test = case,
        )
    native.test_suite(
        name = name,
        tests = [case + "_test" for case in _CASES.keys() + others.keys()],
    )
