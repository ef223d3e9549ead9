"""`@NAME//:update`, which makes or refreshes a lock, and what stands for packages until it did."""

def _deb_update_impl(ctx):
    if ctx.attr.problem:
        fail(ctx.attr.problem)
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = program,
        is_executable = True,
        target_file = ctx.executable.tool,
    )
    return [DefaultInfo(
        executable = program,
        runfiles = ctx.attr.tool[DefaultInfo].default_runfiles,
    )]

deb_update = rule(
    implementation = _deb_update_impl,
    doc = "Runs the tool that makes locks; `args` say for which.",
    attrs = {
        "problem": attr.string(doc = "Why this lock can't be made here; empty if it can."),
        # It runs where Bazel does, whatever platform a user builds for.
        "tool": attr.label(
            default = "//tools:update_deb_lock",
            doc = "The tool.",
            cfg = "exec",
            executable = True,
        ),
    },
    executable = True,
)

def _deb_unlocked_impl(ctx):
    fail(ctx.attr.problem)

deb_unlocked = rule(
    implementation = _deb_unlocked_impl,
    doc = "A package of a lock that has to be made first.",
    attrs = {"problem": attr.string(doc = "Why, and what to do.", mandatory = True)},
)

def quoted(argument):
    """A word for `args`, which Bazel expands and splits as a shell would.

    Args:
        argument: What the program is to get.

    Returns:
        A string.
    """
    return "'" + argument.replace("'", "'\\''").replace("$", "$$") + "'"
