"""Unpacks Debian packages into one tree."""

load("//rules:providers.bzl", "LicenseTextsInfo", "TreeInfo")
load("//rules/private:deb_file.bzl", "collect_deb_origins", "deb_origin_flags")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_files", "tree_flags", "tree_outputs")

def _deb_extract_impl(ctx):
    tree = declare_tree(ctx)
    texts = declare_tree(ctx, ".licenses")
    packages = ctx.actions.declare_file(ctx.label.name + ".packages.json")
    args = tool_args(ctx)
    args.add_all(ctx.files.debs, format_each = "--deb=%s")
    deb_origin_flags(args, ctx.attr.debs)
    args.add_all(ctx.attr.include, format_each = "--include=%s")
    args.add_all(ctx.attr.exclude, format_each = "--exclude=%s")
    args.add("--strip_prefix=" + ctx.attr.strip_prefix)
    args.add_all(["%s=%s" % pair for pair in ctx.attr.remap.items()], format_each = "--remap=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.links.items()], format_each = "--link=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.diversions.items()], format_each = "--diversion=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.alternatives.items()], format_each = "--alternative=%s")
    args.add(packages, format = "--packages=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    tree_flags(args, "licenses", [texts])
    run_tool(
        ctx,
        "deb_extract",
        arguments = [args],
        inputs = ctx.files.debs,
        outputs = tree_files([tree, texts]) + [packages],
        progress_message = "Extracting packages of %{label}",
        resource_set = _resources,
    )
    return tree_outputs(ctx, tree, also = [packages]) + [LicenseTextsInfo(texts = texts)]

def _resources(_os, inputs):
    # A thread per core, each with a decoder of up to 64 MiB.
    return {"cpu": min(inputs, 2), "memory": 256}

deb_extract = rule(
    implementation = _deb_extract_impl,
    doc = """Unpacks Debian packages into one tree, without dpkg and without maintainer scripts.

Paths are those of a system with merged /usr: what a package has in /lib is in `usr/lib`. Absolute
links become relative. Packages that bring different files of one path are an error, unless one
declares that it `Replaces` the other.

A pattern (`*`, `?`, `[abc]` within a name, `**` for any names) that matches a directory matches
everything below it; one that matches nothing is an error.""",
    attrs = {
        "alternatives": attr.string_dict(
            doc = "Links that update-alternatives would have made, such as " +
                  "`{\"usr/bin/vi\": \"usr/bin/vim.tiny\"}`: from path to path as packages have " +
                  "them; `remap` moves both. What it leads to has to be in the tree.",
        ),
        "debs": attr.label_list(
            doc = "The packages: targets of a `debs` repository, or .deb files.",
            allow_files = [".deb"],
            aspects = [collect_deb_origins],
            mandatory = True,
            allow_empty = False,
        ),
        "diversions": attr.string_dict(
            doc = "Paths of packages that go elsewhere, as with dpkg-divert: " +
                  "`{\"dash:usr/bin/sh\": \"usr/bin/sh.distrib\"}` is for all packages but dash; " +
                  "without a package in front, for all. Before everything else.",
        ),
        "exclude": attr.string_list(
            doc = "Patterns of paths that are left out, even if `include` matches them.",
        ),
        "include": attr.string_list(
            doc = "Patterns of paths that are taken; empty means all.",
        ),
        "links": attr.string_dict(
            doc = "Links to add, from path to path of the tree: what maintainer scripts, ldconfig " +
                  "or update-alternatives would have made.",
        ),
        "remap": attr.string_dict(
            doc = "Directories to move: a pattern for leading directories, and what takes their " +
                  "place (\"\" is the root). The longest match counts. Links are adjusted.",
        ),
        "strip_prefix": attr.string(
            doc = "A directory, after `remap`; what is below it makes up the tree, the rest is left out.",
        ),
        "_deb_extract": tool("deb_extract"),
    } | TREE_ATTRIBUTES,
    provides = [TreeInfo, LicenseTextsInfo],
)
