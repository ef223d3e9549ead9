"""The licence texts of all that is in a dist."""

load("//rules:providers.bzl", "LicenseTextsInfo", "TreeInfo")
load("//rules/private:tool.bzl", "dist_name", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "declare_tree", "tree_files", "tree_flags")
load("//rules/private:version.bzl", "VERSION")

LICENSES = "licenses"

_CollectedInfo = provider(
    doc = "What packages say about their licences, of all rules that a tree was made by.",
    fields = {"texts": "depset of TreeInfo."},
)

def _targets(value):
    if type(value) == "Target":
        return [value]
    if type(value) == "list":
        return [each for each in value if type(each) == "Target"]
    if type(value) == "dict":
        return [each for each in value if type(each) == "Target"]
    return []

def _collect_impl(target, ctx):
    return [_CollectedInfo(texts = depset(
        [target[LicenseTextsInfo].texts] if LicenseTextsInfo in target else [],
        transitive = [
            each[_CollectedInfo].texts
            for name in dir(ctx.rule.attr)
            for each in _targets(getattr(ctx.rule.attr, name))
            if _CollectedInfo in each
        ],
    ))]

# Goes from tree to tree, and nowhere else: not to tools, not to a program's libraries.
collect_license_texts = aspect(
    implementation = _collect_impl,
    doc = "Finds the licence texts behind a tree.",
    attr_aspects = ["*"],
    required_providers = [TreeInfo],
)

LICENSES_ATTRIBUTES = {
    "license_texts": attr.string(
        doc = "A directory of the dist, for example `share/licenses`, that the texts of all licences " +
              "and their index go to; by default they are not in the dist.",
    ),
    "_dist_licenses": tool("dist_licenses"),
    "_own_license": attr.label(
        default = Label("//:LICENSE"),
        allow_single_file = True,
    ),
}

def license_texts(ctx):
    """Returns what packages behind a dist say about their licences.

    Args:
        ctx: the rule's context; `collect_license_texts` has been where its trees are from.

    Returns:
        list of TreeInfo.
    """
    trees = ctx.attr.layers + ctx.attr.libraries + ([ctx.attr.runtime] if ctx.attr.runtime else [])
    found = [tree[_CollectedInfo].texts for tree in trees if _CollectedInfo in tree]
    return depset(transitive = found).to_list()

def dist_licenses(ctx, tree, texts):
    """Declares the archive of all licence texts of a dist.

    Args:
        ctx: the rule's context; its attributes include LICENSES_ATTRIBUTES.
        tree: TreeInfo of the dist.
        texts: list of TreeInfo: what `license_texts` gave.

    Returns:
        File: a zip archive.
    """
    archive = ctx.actions.declare_file(ctx.label.name + ".licenses.zip")
    args = tool_args(ctx)
    args.add(archive, format = "--zip=%s")
    _run(ctx, args, tree, texts, [archive])
    return archive

def without_licenses(ctx, tree):
    """Declares what a dist is before licence texts are put into it.

    Args:
        ctx: the rule's context; its attributes include LICENSES_ATTRIBUTES.
        tree: TreeInfo of the dist.

    Returns:
        TreeInfo: of files to write; `tree` itself if no texts are wanted.
    """
    return declare_tree(ctx, ".without_licenses") if ctx.attr.license_texts else tree

def put_licenses(ctx, without, tree):
    """Puts licence texts into a dist, if they are wanted.

    Args:
        ctx: the rule's context; its attributes include LICENSES_ATTRIBUTES.
        without: TreeInfo: what `without_licenses` gave.
        tree: TreeInfo of the dist.
    """
    if ctx.attr.license_texts:
        args = tool_args(ctx)
        args.add(ctx.attr.license_texts, format = "--into=%s")
        args.add(tree.tar, format = "--out=%s")
        args.add(tree.provenance, format = "--provenance=%s")
        _run(ctx, args, without, license_texts(ctx), tree_files([tree]))

def _run(ctx, args, tree, texts, outputs):
    tree_flags(args, "tree", [tree])
    tree_flags(args, "texts", texts)
    args.add(ctx.file._own_license, format = "--own=%s")
    args.add(dist_name(ctx), format = "--name=%s")
    args.add(VERSION, format = "--tool_version=%s")
    run_tool(
        ctx,
        "dist_licenses",
        arguments = [args],
        inputs = tree_files([tree] + texts) + [ctx.file._own_license],
        outputs = outputs,
        progress_message = "Collecting licences of %{label}",
    )
