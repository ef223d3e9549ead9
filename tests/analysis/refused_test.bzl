"""A test that a target is refused, and how."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

def _refused_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

refused_test = analysistest.make(
    _refused_test_impl,
    attrs = {"message": attr.string(doc = "What the error has to say.", mandatory = True)},
    expect_failure = True,
)
