"""Bills of materials of a dist, in each format an action of its own."""

load("//rules/private:tool.bzl", "dist_name", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "tree_files", "tree_flags")
load("//rules/private:version.bzl", "VERSION")

# What `formats` calls them, and what their files end with.
_SUFFIXES = {
    "cyclonedx": ".cdx.json",
    "spdx": ".spdx.json",
}

SBOM_FORMATS = _SUFFIXES.keys()

SBOM_ATTRIBUTES = {
    "deb_vendor": attr.string(
        doc = "In SBOMs: the distribution that Debian packages are from which no lock tells it of, as " +
              "package URLs call it, for example `ubuntu`.",
        default = "debian",
    ),
    "version": attr.string(
        doc = "In SBOMs: the version of the dist itself; by default none.",
    ),
    "_dist_sbom": tool("dist_sbom"),
}

def dist_sboms(ctx, target, tree, texts):
    """Declares the bills of materials of a dist.

    Args:
        ctx: the rule's context; its attributes include SBOM_ATTRIBUTES.
        target: TargetFactsInfo.
        tree: TreeInfo of the dist.
        texts: list of TreeInfo: what its packages say about their licences.

    Returns:
        dict of format to File.
    """
    return {form: _sbom(ctx, target, tree, texts, form) for form in SBOM_FORMATS}

def _sbom(ctx, target, tree, texts, form):
    document = ctx.actions.declare_file(ctx.label.name + _SUFFIXES[form])
    args = tool_args(ctx)
    tree_flags(args, "tree", [tree])
    tree_flags(args, "texts", texts)
    args.add(target.facts, format = "--target=%s")
    args.add(dist_name(ctx), format = "--name=%s")
    args.add(ctx.attr.version, format = "--version=%s")
    args.add(ctx.attr.deb_vendor, format = "--deb_vendor=%s")
    args.add(VERSION, format = "--tool_version=%s")
    args.add(form, format = "--format=%s")
    args.add(document, format = "--out=%s")
    run_tool(
        ctx,
        "dist_sbom",
        arguments = [args],
        inputs = tree_files([tree] + texts) + [target.facts],
        outputs = [document],
        progress_message = "Writing the %s SBOM of %%{label}" % form,
    )
    return document
