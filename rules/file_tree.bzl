"""Makes a tree of a build's own files."""

load("//rules:providers.bzl", "TreeInfo")
load("//rules/private:tree.bzl", "ENVIRONMENT", "TREE_ATTRIBUTES", "declare_tree", "tool_args", "tree_files", "tree_outputs")

_SEVERAL = "{} has {} files for one path, {}: end it with a slash to have them in that directory"
_NO_PROGRAM = "{} is no program: name it in `files`, or a target that can be run"

def _placed(target, path, files, attr):
    """Pairs files with their paths: `path` itself, or the directory that it names."""
    if path.endswith("/"):
        return [(file, path + file.basename) for file in files]
    if len(files) != 1:
        fail(_SEVERAL.format(target.label, len(files), repr(path)), attr = attr)
    return [(files[0], path)]

def _file_tree_impl(ctx):
    tree = declare_tree(ctx)
    args = tool_args(ctx)
    inputs = []
    for target, path in ctx.attr.files.items():
        for file, there in _placed(target, path, target[DefaultInfo].files.to_list(), "files"):
            args.add_joined([file, there], join_with = "=", format_joined = "--file=%s")
            inputs.append(file)
    for target, path in ctx.attr.programs.items():
        program = target[DefaultInfo].files_to_run.executable
        if not program:
            fail(_NO_PROGRAM.format(target.label), attr = "programs")
        for file, there in _placed(target, path, [program], "programs"):
            args.add_joined([file, there], join_with = "=", format_joined = "--program=%s")
            inputs.append(file)
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    ctx.actions.run(
        executable = ctx.executable._file_tree,
        arguments = [args],
        inputs = inputs,
        outputs = tree_files([tree]),
        env = ENVIRONMENT,
        mnemonic = "FileTree",
        progress_message = "Collecting files of %{label}",
    )
    return tree_outputs(ctx, tree)

file_tree = rule(
    implementation = _file_tree_impl,
    doc = """Makes a tree of files that the build has or makes, to be a layer of a dist.

A path that ends with a slash is a directory, and the files keep their names in it. A program's
runfiles stay behind: what is to be in the dist has to be named.""",
    attrs = {
        "files": attr.label_keyed_string_dict(
            doc = "From files, or targets that make some, to their path in the tree. They are not " +
                  "executable there.",
            allow_files = True,
        ),
        "programs": attr.label_keyed_string_dict(
            doc = "From targets that can be run (`cc_binary`), or scripts, to the path of the " +
                  "program, which is executable there.",
            allow_files = True,
        ),
        "_file_tree": attr.label(
            default = Label("//tools:file_tree"),
            executable = True,
            cfg = "exec",
        ),
    } | TREE_ATTRIBUTES,
    provides = [TreeInfo],
)
