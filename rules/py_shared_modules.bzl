"""Makes one tree of Python modules for several interpreters."""

load("@rules_python//python:defs.bzl", "PyInfo")
load("//rules:providers.bzl", "TreeInfo")
load("//rules/private:py_sources.bzl", "imports_flags", "source_list", "sources_of")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_files", "tree_flags", "tree_outputs")

def _py_shared_modules_impl(ctx):
    tree = declare_tree(ctx)
    modules = [each[TreeInfo] for each in ctx.attr.modules]
    args = tool_args(ctx)
    args.add(ctx.attr.package or ctx.label.name, format = "--package=%s")
    args.add(ctx.attr.version, format = "--package_version=%s")
    args.add(ctx.attr.packages_directory, format = "--directory=%s")
    args.add_all(ctx.attr.python_versions, format_each = "--python_version=%s")
    args.add(ctx.attr.requires_python, format = "--requires_python=%s")
    tree_flags(args, "modules", modules)
    inputs = tree_files(modules)
    for flag, targets in (("extensions", ctx.attr.extensions), ("interpreter", ctx.attr.interpreters)):
        for target, version in targets.items():
            tree_flags(args, flag + "=" + version, [target[TreeInfo]])
            inputs += tree_files([target[TreeInfo]])
    imports_flags(ctx, args, [dep[PyInfo].imports for dep in ctx.attr.deps])
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    sources = sources_of(ctx.attr.deps)
    run_tool(
        ctx,
        "py_shared_modules",
        arguments = [args, source_list(ctx, sources)],
        inputs = depset(inputs, transitive = [sources]),
        outputs = tree_files([tree]),
        progress_message = "Sharing the modules of %{label}",
    )
    return tree_outputs(ctx, tree)

py_shared_modules = rule(
    implementation = _py_shared_modules_impl,
    doc = """Makes one tree of Python modules for several interpreters, each module stored once.

What is shared lies in `share/pyshared/PACKAGE`, and `lib/pythonX.Y/site-packages` of each version has
relative links to it, with the extension modules of that version beside them. Give it to a
`relocatable_dist` among the `layers`.""",
    attrs = {
        "deps": attr.label_list(
            doc = "Python targets (`py_library`, those of `pip.parse`) whose files all versions share, " +
                  "each below its import root.",
            providers = [PyInfo],
        ),
        "extensions": attr.label_keyed_string_dict(
            doc = "From trees, laid out as site-packages are, to the one version that each is for, for " +
                  "example \"3.11\": extension modules.",
            providers = [TreeInfo],
        ),
        "interpreters": attr.label_keyed_string_dict(
            cfg = "exec",
            doc = "From trees that have a Python for the machine that builds to its version. It judges whether the modules are of " +
                  "that version; without one, the Python of the build does as well as it can.",
            providers = [TreeInfo],
        ),
        "modules": attr.label_list(
            doc = "Trees, laid out as site-packages are, that all versions share.",
            providers = [TreeInfo],
        ),
        "package": attr.string(doc = "Name of the package; by default the target's."),
        "packages_directory": attr.string(
            doc = "Of each version's library, where it looks for packages: `dist-packages` for Debian's own.",
            default = "site-packages",
        ),
        "python_versions": attr.string_list(
            doc = "MAJOR.MINOR of the interpreters that there are or may come to be.",
            mandatory = True,
            allow_empty = False,
        ),
        "requires_python": attr.string(
            doc = "The range of those that get links, for example `>= 3.11, < 3.14`; by default all do.",
        ),
        "version": attr.string(
            doc = "The package's version, which its list of files is called by.",
            mandatory = True,
        ),
        "_py_shared_modules": tool("py_shared_modules"),
    } | TREE_ATTRIBUTES,
    provides = [TreeInfo],
)
