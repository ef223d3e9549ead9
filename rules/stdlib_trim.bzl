"""Trims Python's standard library to what is wanted of it."""

load("//rules:providers.bzl", "PyStdlibInfo", "TreeInfo")
load("//rules/private:tree.bzl", "ENVIRONMENT", "TREE_ATTRIBUTES", "declare_tree", "tool_args", "tree_files", "tree_flags", "tree_outputs")

def _stdlib_trim_impl(ctx):
    tree = declare_tree(ctx)
    source = ctx.attr.src[TreeInfo]
    report = ctx.actions.declare_file(ctx.label.name + ".report.json")
    args = tool_args(ctx)
    tree_flags(args, "tree", [source])
    args.add(ctx.attr.python_version, format = "--python_version=%s")
    args.add_all(ctx.attr.exclude_features, format_each = "--exclude_feature=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    args.add(report, format = "--report=%s")
    ctx.actions.run(
        executable = ctx.executable._stdlib_trim,
        arguments = [args],
        inputs = tree_files([source]),
        outputs = tree_files([tree]) + [report],
        env = ENVIRONMENT,
        mnemonic = "StdlibTrim",
        progress_message = "Trimming the standard library of %{label}",
    )
    return tree_outputs(ctx, tree, also = [report]) + [
        PyStdlibInfo(python_version = ctx.attr.python_version, report = report),
    ]

stdlib_trim = rule(
    implementation = _stdlib_trim_impl,
    doc = """Takes Python's standard library out of a tree, at `lib/pythonX.Y`, without named features.

Writes a report beside the tree: sizes before and after, and what each feature took away.""",
    attrs = {
        "exclude_features": attr.string_list(
            doc = "Features to leave out, for example `test`, `idlelib`, `ensurepip`; an unknown " +
                  "name is an error that lists all. See docs/stdlib_trim.md.",
        ),
        "python_version": attr.string(
            doc = "MAJOR.MINOR of the library in `src`, for example \"3.11\".",
            mandatory = True,
        ),
        "src": attr.label(
            doc = "A tree that has one pythonX.Y directory, for example made by `deb_extract` from " +
                  "libpython3.11-minimal and libpython3.11-stdlib.",
            mandatory = True,
            providers = [TreeInfo],
        ),
        "_stdlib_trim": attr.label(
            default = Label("//tools:stdlib_trim"),
            executable = True,
            cfg = "exec",
        ),
    } | TREE_ATTRIBUTES,
    provides = [TreeInfo, PyStdlibInfo],
)
