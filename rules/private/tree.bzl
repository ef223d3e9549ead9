"""What all rules that make a tree share."""

load("//rules:providers.bzl", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool")

TREE_ATTRIBUTES = {
    "_tree_directory": tool("tree_directory"),
}

def declare_tree(ctx, suffix = ""):
    """Declares the files of the tree that a target makes.

    Args:
        ctx: the rule's context.
        suffix: of their names, for a tree that is not the target's own.

    Returns:
        TreeInfo: the files, which an action of the rule has to write.
    """
    return TreeInfo(
        tar = ctx.actions.declare_file(ctx.label.name + suffix + ".tar"),
        provenance = ctx.actions.declare_file(ctx.label.name + suffix + ".provenance.jsonl"),
    )

def tree_files(trees):
    """Returns the files of trees, for an action's inputs or outputs.

    Args:
        trees: list of TreeInfo.

    Returns:
        list of File.
    """
    return [file for tree in trees for file in [tree.tar, tree.provenance]]

def tree_flags(args, flag, trees):
    """Adds trees to an action's arguments as `--flag=TAR=PROVENANCE`.

    Args:
        args: the Args object.
        flag: name of the flag.
        trees: list of TreeInfo.
    """
    for tree in trees:
        args.add_joined([tree.tar, tree.provenance], join_with = "=", format_joined = "--" + flag + "=%s")

def tree_outputs(ctx, tree, also = []):
    """Returns the providers that every tree has.

    Args:
        ctx: the rule's context; its attributes include TREE_ATTRIBUTES.
        tree: TreeInfo of the target.
        also: list of further Files that are made with it by default.

    Returns:
        list: the tree, the default outputs, and the unpacked tree as output group `directory`.
    """
    directory = ctx.actions.declare_directory(ctx.label.name + ".directory")
    args = ctx.actions.args()
    args.add(tree.tar, format = "--tar=%s")
    args.add_all([directory], expand_directories = False, format_each = "--out=%s")
    run_tool(
        ctx,
        "tree_directory",
        arguments = [args],
        inputs = [tree.tar],
        outputs = [directory],
        progress_message = "Unpacking %{label}",
    )
    return [
        tree,
        DefaultInfo(files = depset(tree_files([tree]) + also)),
        OutputGroupInfo(directory = depset([directory])),
    ]
