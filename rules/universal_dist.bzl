"""Makes one dist for several kinds of Mac."""

load("//rules:providers.bzl", "RelocatableDistInfo", "TreeInfo")
load("//rules/private:dist_outputs.bzl", "ARCHIVES", "ARCHIVE_ATTRIBUTES", "dist_archive")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_files", "tree_flags", "tree_outputs")

_DISTS = "wanted dists for macOS, one for each machine, found {}"

def _universal_dist_impl(ctx):
    dists = [dist[RelocatableDistInfo] for dist in ctx.attr.dists]
    platforms = [dist.platform for dist in dists]
    others = [dist for dist in dists if dist.object_format != "mach-o"]
    if len(dists) < 2 or others or len({platform: None for platform in platforms}) < len(platforms):
        fail(_DISTS.format(", ".join(platforms)), attr = "dists")
    for form in ctx.attr.formats:
        if form not in ARCHIVES:
            fail("wanted some of {}, found {}".format(", ".join(ARCHIVES), repr(form)), attr = "formats")
    tree = declare_tree(ctx)
    trees = [dist[TreeInfo] for dist in ctx.attr.dists]
    args = tool_args(ctx)
    tree_flags(args, "tree", trees)
    args.add_all(platforms, format_each = "--name=%s")
    args.add_all(ctx.attr.either, format_each = "--either=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    run_tool(
        ctx,
        "universal_dist",
        arguments = [args],
        inputs = tree_files(trees),
        outputs = tree_files([tree]),
        progress_message = "Merging %{label}",
    )
    archives = {form: dist_archive(ctx, dists[0], tree, form) for form in ARCHIVES}
    groups = {form: depset([made.archive, made.sha256]) for form, made in archives.items()}
    default, directory = tree_outputs(ctx, tree)[1:]
    return [
        tree,
        DefaultInfo(files = depset(transitive = [groups[form] for form in ctx.attr.formats])),
        OutputGroupInfo(
            # Of the dists: what they promise, this one keeps with the same bytes.
            _validation = depset(transitive = [dist[OutputGroupInfo]._validation for dist in ctx.attr.dists]),
            directory = directory.directory,
            tree = default.files,
            **groups
        ),
    ]

universal_dist = rule(
    implementation = _universal_dist_impl,
    doc = """Makes one dist for several kinds of Mac, of one for each.

Programs and libraries become universal files; what is the same in all dists is there once, and what only
one has is taken. Another file that differs is an error that names it and the dists, unless `either`
says that any will do.""",
    attrs = TREE_ATTRIBUTES | ARCHIVE_ATTRIBUTES | {
        "dists": attr.label_list(
            doc = "Targets of `relocatable_dist`, of the same parts for different machines.",
            mandatory = True,
            providers = [RelocatableDistInfo, TreeInfo],
        ),
        "either": attr.string_list(
            doc = "Patterns of paths, as in `deb_extract`, at which the dists may differ: the first one's file " +
                  "is taken. For example `**/*.dist-info/WHEEL`, in which the machine stands.",
        ),
        "formats": attr.string_list(
            doc = "Archives that a plain build makes, each with its checksum: `tar.gz`, `tar.xz`, `tar.zst`, " +
                  "`zip`. Each can be asked for as an output group of that name.",
            default = ["tar.zst"],
        ),
        "_universal_dist": tool("universal_dist"),
    },
    provides = [TreeInfo],
)
