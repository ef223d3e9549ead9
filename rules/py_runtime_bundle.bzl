"""Makes a Python home that works from anywhere."""

load("//rules:providers.bzl", "PyRuntimeBundleInfo", "PyStdlibInfo", "TreeInfo")
load("//rules/private:tree.bzl", "ENVIRONMENT", "TREE_ATTRIBUTES", "declare_tree", "tool_args", "tree_files", "tree_flags", "tree_outputs")

def _py_runtime_bundle_impl(ctx):
    tree = declare_tree(ctx)
    version = ctx.attr.stdlib[PyStdlibInfo].python_version
    parts = {
        "runtime": [target[TreeInfo] for target in ctx.attr.runtime],
        "site_packages": [target[TreeInfo] for target in ctx.attr.site_packages],
        "stdlib": [ctx.attr.stdlib[TreeInfo]],
    }
    args = tool_args(ctx)
    args.add(version, format = "--python_version=%s")
    for flag, trees in parts.items():
        tree_flags(args, flag, trees)
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    ctx.actions.run(
        executable = ctx.executable._py_runtime_bundle,
        arguments = [args],
        inputs = [file for trees in parts.values() for file in tree_files(trees)],
        outputs = tree_files([tree]),
        env = ENVIRONMENT,
        mnemonic = "PyRuntimeBundle",
        progress_message = "Bundling Python %s for %%{label}" % version,
    )
    return tree_outputs(ctx, tree) + [PyRuntimeBundleInfo(
        python_version = version,
        # The user's own site directory belongs to another Python.
        environment = {"PYTHONHOME": "{root_without_colon}", "PYTHONNOUSERSITE": "1"},
    )]

py_runtime_bundle = rule(
    implementation = _py_runtime_bundle_impl,
    doc = """Makes one Python home in a prefix layout: `lib/pythonX.Y`, `lib/libpythonX.Y.so`, `bin`.

What a distribution ties to its own place is undone: `sysconfig` finds its prefix when imported,
packages are found in `site-packages`, no link leads to /etc. Programs of a dist that load
libpython find this home without a variable that their child processes would see.""",
    attrs = {
        "runtime": attr.label_list(
            doc = "Trees that have the shared libpython and, if it is wanted, `bin/pythonX.Y`.",
            providers = [TreeInfo],
            mandatory = True,
        ),
        "site_packages": attr.label_list(
            doc = "Trees that go to `lib/pythonX.Y/site-packages`.",
            providers = [TreeInfo],
        ),
        "stdlib": attr.label(
            doc = "The standard library, made by `stdlib_trim`; it tells the version.",
            providers = [TreeInfo, PyStdlibInfo],
            mandatory = True,
        ),
        "_py_runtime_bundle": attr.label(
            default = Label("//tools:py_runtime_bundle"),
            executable = True,
            cfg = "exec",
        ),
    } | TREE_ATTRIBUTES,
    provides = [TreeInfo, PyRuntimeBundleInfo],
)
