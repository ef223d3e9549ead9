"""Builds targets for another platform than that of the build, and puts files together."""

def _transition_impl(_settings, attr):
    return {"//command_line_option:platforms": [attr.platform]}

_transition = transition(
    implementation = _transition_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

def _for_platform_impl(ctx):
    files = depset(transitive = [src[DefaultInfo].files for src in ctx.attr.srcs])
    groups = [src[OutputGroupInfo] for src in ctx.attr.srcs if OutputGroupInfo in src]
    validation = depset(transitive = [group._validation for group in groups if hasattr(group, "_validation")])
    return [DefaultInfo(files = files), OutputGroupInfo(_validation = validation)]

for_platform = rule(
    implementation = _for_platform_impl,
    doc = "The files of targets, built and validated for a platform.",
    attrs = {
        "platform": attr.label(doc = "For which.", mandatory = True),
        "srcs": attr.label_list(doc = "The targets.", cfg = _transition, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)

def _together_impl(ctx):
    files = []
    for src in ctx.files.srcs:
        if src.basename.endswith(ctx.attr.ending):
            files.append(ctx.actions.declare_file("{}/{}".format(ctx.label.name, src.basename)))
            ctx.actions.symlink(output = files[-1], target_file = src)
    return [DefaultInfo(files = depset(files))]

together = rule(
    implementation = _together_impl,
    doc = "A directory with files of other targets, each of which may be built for its own platform.",
    attrs = {
        "ending": attr.string(doc = "Of the names of the files that are taken.", mandatory = True),
        "srcs": attr.label_list(doc = "The targets.", mandatory = True),
    },
)
