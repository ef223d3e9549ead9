"""Trees of files that a build has or makes."""

load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "tree_files")

_SEVERAL = "{} has {} files for one path, {}: end it with a slash to have them in that directory"
_NO_PROGRAM = "{} is no program: name it in `files` of a file_tree, or a target that can be run"

# Of a rule that collects.
COLLECT_ATTRIBUTES = {
    "_file_tree": tool("file_tree"),
}

def _placed(target, path, files, attr):
    """Pairs files with their paths: `path` itself, or the directory that it names."""
    if path.endswith("/"):
        return [(file, path + file.basename) for file in files]
    if len(files) != 1:
        fail(_SEVERAL.format(target.label, len(files), repr(path)), attr = attr)
    return [(files[0], path)]

def place_files(targets, attr):
    """Pairs the files that targets make with their paths in a tree.

    Args:
        targets: dict from target to path; one that ends with a slash is a directory.
        attr: name of the attribute, for messages.

    Returns:
        list of pairs of File and string.
    """
    return [
        pair
        for target, path in targets.items()
        for pair in _placed(target, path, target[DefaultInfo].files.to_list(), attr)
    ]

def place_programs(targets, attr):
    """Pairs the programs of targets with their paths in a tree.

    Args:
        targets: dict from target to path; one that ends with a slash is a directory.
        attr: name of the attribute, for messages.

    Returns:
        list of pairs of File and string.
    """
    found = []
    for target, path in targets.items():
        program = target[DefaultInfo].files_to_run.executable
        if not program:
            fail(_NO_PROGRAM.format(target.label), attr = attr)
        found += _placed(target, path, [program], attr)
    return found

def collect(ctx, tree, files = [], programs = []):
    """Makes a tree of files.

    Args:
        ctx: the rule's context; its attributes include COLLECT_ATTRIBUTES.
        tree: TreeInfo of the files to write.
        files: list of pairs of File and path.
        programs: the same; they are executable in the tree.
    """
    args = tool_args(ctx)
    for flag, pairs in (("--file=%s", files), ("--program=%s", programs)):
        for file, path in pairs:
            args.add_joined([file, path], join_with = "=", format_joined = flag)
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    run_tool(
        ctx,
        "file_tree",
        arguments = [args],
        inputs = [file for file, _ in files + programs],
        outputs = tree_files([tree]),
        progress_message = "Collecting files of %{label}",
    )
