"""Holds what is in a dist against a listing that is committed."""

load("@rules_python//python:defs.bzl", "py_binary", "py_test")
load("//rules:providers.bzl", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "tree_files", "tree_flags")

_TOOL = Label("//tools:dist_listing_test.py")

# tools/relocatable/listing.py says what others there are.
_COLUMNS = [
    "kind",
    "package",
]

_NOT_HERE = "wanted a listing in the workspace of {}, which its update can write; found {}"

def _listing_impl(ctx):
    listing = ctx.actions.declare_file(ctx.label.name + ".txt")
    tree = ctx.attr.dist[TreeInfo]
    args = tool_args(ctx)
    tree_flags(args, "tree", [tree])
    args.add_all(ctx.attr.columns, format_each = "--column=%s")
    args.add_all(ctx.attr.exclude, format_each = "--exclude=%s")
    args.add(listing, format = "--out=%s")
    run_tool(
        ctx,
        "dist_listing",
        arguments = [args],
        inputs = tree_files([tree]),
        outputs = [listing],
        progress_message = "Listing %{label}",
    )
    return [DefaultInfo(files = depset([listing]))]

_listing = rule(
    implementation = _listing_impl,
    doc = "Writes what dist_listing_test compares.",
    attrs = {
        "columns": attr.string_list(mandatory = True, doc = "What stands before each path."),
        "dist": attr.label(mandatory = True, providers = [TreeInfo], doc = "The tree."),
        "exclude": attr.string_list(doc = "Patterns of paths that are left out."),
        "_dist_listing": tool("dist_listing"),
    },
)

def dist_listing_test(name, dist, golden, columns = _COLUMNS, exclude = [], **kwargs):
    """Fails if what is in a dist is not what a committed listing says, and shows the difference.

    `bazel run //your:NAME.update` writes the listing into the source tree, the first one too.

    Args:
        name: a unique name for this target.
        dist: label of a `relocatable_dist`, or of any other target that gives a tree.
        golden: label of the listing: a source file of the same repository.
        columns: what stands before each path: `kind`, `package`, `version`, `size`, `sha256`; see
            docs/dist_listing_test.md.
        exclude: patterns of paths that are left out, as in `deb_extract`; each has to match
            something.
        **kwargs: passed on to `py_test`, for example `size` or `target_compatible_with`.
    """
    common = {key: kwargs[key] for key in ["tags", "target_compatible_with", "visibility"] if key in kwargs}
    here = native.package_relative_label(":" + name)
    file = native.package_relative_label(golden)
    if file.repo_name != here.repo_name:
        fail(_NOT_HERE.format(here, file))
    listing = ":{}.listing".format(name)
    args = [
        "--dist={}".format(_shown(native.package_relative_label(dist))),
        "--listing=$(rootpath {})".format(listing),
        "--command='bazel run {}.update'".format(_shown(here)),
    ]
    _listing(
        name = name + ".listing",
        testonly = True,
        dist = dist,
        columns = columns,
        exclude = exclude,
        **common
    )
    py_test(
        name = name,
        srcs = [_TOOL],
        main = _TOOL,
        args = args + ["--golden=$(rootpath {})".format(golden)],
        data = [
            golden,
            listing,
        ],
        legacy_create_init = 0,
        deps = [Label("//tools/relocatable")],
        **kwargs
    )

    # Without the listing that it writes, which at first isn't there.
    py_binary(
        name = name + ".update",
        testonly = True,
        srcs = [_TOOL],
        main = _TOOL,
        args = args + [
            "--golden=" + "/".join([part for part in [file.package, file.name] if part]),
            "--update",
        ],
        data = [listing],
        legacy_create_init = 0,
        deps = [Label("//tools/relocatable")],
        **common
    )

def _shown(label):
    """A label as it is written in its own workspace."""
    return "//{}:{}".format(label.package, label.name) if not label.repo_name else str(label)
