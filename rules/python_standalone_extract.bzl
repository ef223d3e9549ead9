"""Unpacks a CPython of the project python-build-standalone."""

load("//rules:providers.bzl", "LicenseTextsInfo", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_files", "tree_flags", "tree_outputs")

def _python_standalone_extract_impl(ctx):
    tree = declare_tree(ctx)
    licenses = ctx.actions.declare_file(ctx.label.name + ".licenses.json")
    texts = declare_tree(ctx, ".licenses")
    args = tool_args(ctx)
    args.add(ctx.file.archive, format = "--archive=%s")
    args.add(ctx.attr.python_version, format = "--python_version=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    args.add(licenses, format = "--licenses=%s")
    tree_flags(args, "license_texts", [texts])
    run_tool(
        ctx,
        "python_standalone_extract",
        arguments = [args],
        inputs = [ctx.file.archive],
        outputs = tree_files([tree, texts]) + [licenses],
        progress_message = "Extracting Python %{label}",
    )
    return tree_outputs(ctx, tree, also = [licenses]) + [LicenseTextsInfo(texts = texts)]

python_standalone_extract = rule(
    implementation = _python_standalone_extract_impl,
    doc = """Unpacks a python-build-standalone archive, for Linux with glibc or for macOS, into a tree.

The tree has `bin`, `lib`, `include`, `share`, and is what `stdlib_trim` takes as `src` and
`py_runtime_bundle` as `runtime`. Writes NAME.licenses.json beside it: which licences apply to
CPython and what is linked into it, if the archive is a full one, which tells that.""",
    attrs = {
        "archive": attr.label(
            doc = "The archive, full or `install_only`, for example of an `http_file`.",
            allow_single_file = [".tar.gz", ".tar.zst", ".tar.xz", ".tar"],
            mandatory = True,
        ),
        "python_version": attr.string(
            doc = "MAJOR.MINOR of the Python in it, for example \"3.11\".",
            mandatory = True,
        ),
        "_python_standalone_extract": tool("python_standalone_extract"),
    } | TREE_ATTRIBUTES,
    provides = [TreeInfo, LicenseTextsInfo],
)
