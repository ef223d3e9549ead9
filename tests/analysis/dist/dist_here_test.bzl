"""Tests for `dist_here`: where the outputs of a dist for another platform are."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "file_tree", "relocatable_dist")

_GROUPS = ["archive", "cyclonedx", "directory", "licenses", "report", "tar", "tar.gz", "tar.xz", "tree", "zip"]

def _here_test_impl(ctx):
    env = analysistest.begin(ctx)
    dist = analysistest.target_under_test(env)
    prefix = "{}/{}/{}.".format(ctx.bin_dir.path, dist.label.package, dist.label.name)
    groups = [dist[OutputGroupInfo][name].to_list() for name in _GROUPS]
    for files in [dist[DefaultInfo].files.to_list()] + groups:
        asserts.true(env, files, "wanted outputs, found none")
        for file in files:
            asserts.true(
                env,
                file.path.startswith(prefix),
                "wanted {}*, found {}".format(prefix, file.path),
            )
    return analysistest.end(env)

_here_test = analysistest.make(_here_test_impl)

def dist_here_test_suite(name):
    """Defines a test for each platform.

    Args:
        name: of the suite.
    """
    file_tree(
        name = "here_layer",
        testonly = True,
        files = {"BUILD.bazel": "share/x"},
        tags = ["manual"],
    )
    platforms = ["linux_arm64", "linux_x86_64", "macos_arm64"]
    for platform in platforms:
        relocatable_dist(
            name = "here_" + platform,
            testonly = True,
            formats = ["tar.zst", "report"],
            layers = [":here_layer"],
            platform = "//toolchains:" + platform,
            tags = ["manual"],
        )
        _here_test(
            name = "here_{}_test".format(platform),
            target_under_test = "here_" + platform,
        )
    native.test_suite(
        name = name,
        tests = ["here_{}_test".format(platform) for platform in platforms],
    )
