"""Makes a tree of a build's own files."""

load("//rules:providers.bzl", "TreeInfo")
load("//rules/private:collect.bzl", "COLLECT_ATTRIBUTES", "collect", "place_files", "place_programs")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_outputs")

def _file_tree_impl(ctx):
    tree = declare_tree(ctx)
    collect(
        ctx,
        tree,
        files = place_files(ctx.attr.files, "files"),
        programs = place_programs(ctx.attr.programs, "programs"),
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
    } | TREE_ATTRIBUTES | COLLECT_ATTRIBUTES,
    provides = [TreeInfo],
)
