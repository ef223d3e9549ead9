"""Takes one file out of a tree, for rules that want a file: an emulator, a tool."""

load("//rules:providers.bzl", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool")

def _tree_file_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    tree = ctx.attr.tree[TreeInfo]
    args = ctx.actions.args()
    args.add(tree.tar, format = "--tar=%s")
    args.add(ctx.attr.path, format = "--path=%s")
    args.add(out, format = "--out=%s")
    run_tool(
        ctx,
        "tree_file",
        arguments = [args],
        inputs = [tree.tar],
        outputs = [out],
        progress_message = "Extracting %{label}",
    )
    return [DefaultInfo(files = depset([out]), executable = out)]

tree_file = rule(
    implementation = _tree_file_impl,
    doc = "Takes one file out of a tree; it is named as the target, and executable.",
    attrs = {
        "path": attr.string(
            doc = "The file's path in the tree; links are followed.",
            mandatory = True,
        ),
        "tree": attr.label(
            doc = "The tree.",
            mandatory = True,
            providers = [TreeInfo],
        ),
        "_tree_file": tool("tree_file"),
    },
    executable = True,
)
