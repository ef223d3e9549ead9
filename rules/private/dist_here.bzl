"""A dist where its user looks for it: in the build's own configuration, whatever its platform is."""

load("//rules:providers.bzl", "RelocatableDistInfo", "TreeInfo")
load("//rules/private:tool.bzl", "FOR_PLATFORM")

_VALIDATION = "_validation"

# What `bazel run` of a dist answers. The here-document is quoted: a shell expands nothing in it.
_USAGE = """#!/bin/sh
cat >&2 <<'USAGE'
error: {label} is a dist: a directory with programs in it, not a program that bazel run can start.
To install it:        bazel run {label}.install -- DIR
To make its archive:  bazel build {label}
To test a program:    relocatable_dist_test
USAGE
exit 2
"""

def _dist_here_impl(ctx):
    dist = ctx.attr.dist
    here = {}
    groups = {
        name: depset([_here(ctx, here, file) for file in dist[OutputGroupInfo][name].to_list()])
        for name in dist[OutputGroupInfo]
        if name != _VALIDATION
    }
    usage = ctx.actions.declare_file(ctx.label.name + ".usage.sh")
    label = str(ctx.label) if ctx.label.repo_name else str(ctx.label).removeprefix("@@")
    ctx.actions.write(usage, _USAGE.format(label = label), is_executable = True)
    return [
        dist[TreeInfo],
        dist[RelocatableDistInfo],
        DefaultInfo(
            executable = usage,
            files = depset([_here(ctx, here, file) for file in dist[DefaultInfo].files.to_list()]),
        ),
        OutputGroupInfo(_validation = dist[OutputGroupInfo][_VALIDATION], **groups),
    ]

def _here(ctx, here, file):
    """Returns a link to an output of the dist, by the same name; declared once for each.

    Args:
        ctx: the rule's context.
        here: dict of short path to File: those declared so far, which it adds to.
        file: File: the dist's output.

    Returns:
        File.
    """
    if file.short_path not in here:
        declare = ctx.actions.declare_directory if file.is_directory else ctx.actions.declare_file
        link = declare(file.short_path.removeprefix(_start(ctx)))
        ctx.actions.symlink(output = link, target_file = file)
        here[file.short_path] = link
    return here[file.short_path]

def _start(ctx):
    """Returns what the short paths of all outputs of the dist begin with."""
    label = ctx.attr.dist.label
    external = ["..", label.repo_name] if label.repo_name else []
    return "/".join(external + [part for part in [label.package] if part] + [FOR_PLATFORM])

dist_here = rule(
    implementation = _dist_here_impl,
    doc = """Gives a dist's outputs in the build's own configuration.

A dist is made in the configuration of its platform, whose directory `bazel-bin` leads to only if all that was
built last is for that platform. This target is of no platform, so `bazel-bin/PACKAGE/NAME.*` is there
whatever else is built. `bazel run` of it says what to run instead.""",
    attrs = {
        "dist": attr.label(
            mandatory = True,
            providers = [RelocatableDistInfo, TreeInfo],
            doc = "The dist, of the same package.",
        ),
    },
    executable = True,
    provides = [TreeInfo, RelocatableDistInfo],
)
