"""A Debian package of a dist."""

load("//rules:providers.bzl", "DebControlInfo")
load("//rules/private:tool.bzl", "dist_name", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "tree_files", "tree_flags")
load("//rules/private:version.bzl", "VERSION")

DEB = "deb"

_NO_CONTROL = "wanted `deb`, a target of deb_control, as formats has \"deb\""
_NO_DEBIAN = "wanted nothing, as there are no Debian packages for {}"

DEB_ATTRIBUTES = {
    "deb": attr.label(
        doc = "The control block of the Debian package, a target of `deb_control`, for the format `deb`.",
        providers = [DebControlInfo],
    ),
    "_dist_deb": tool("dist_deb"),
}

def dist_deb(ctx, target, tree, texts, levels):
    """Declares the Debian package of a dist.

    Args:
        ctx: the rule's context; its attributes include DEB_ATTRIBUTES and LICENSES_ATTRIBUTES.
        target: TargetFactsInfo.
        tree: TreeInfo of the dist.
        texts: list of TreeInfo: what `license_texts` gave.
        levels: dict of compression to how hard it compresses.

    Returns:
        struct(archive, sha256), or None if the dist has no control block.
    """
    if not ctx.attr.deb:
        if DEB in ctx.attr.formats:
            fail(_NO_CONTROL, attr = "deb")
        return None
    if target.object_format != "elf":
        fail(_NO_DEBIAN.format(target.name), attr = "deb")
    info = ctx.attr.deb[DebControlInfo]
    archive = ctx.actions.declare_file(ctx.label.name + ".deb")
    sha256 = ctx.actions.declare_file(ctx.label.name + ".deb.sha256")
    args = tool_args(ctx)
    tree_flags(args, "tree", [tree])
    tree_flags(args, "files", info.files)
    for name, script in info.scripts.items():
        args.add(script, format = "--script=" + name + "=%s")
    tree_flags(args, "texts", texts)
    args.add(ctx.file._own_license, format = "--own=%s")
    args.add(info.control, format = "--control=%s")
    args.add(target.facts, format = "--target=%s")
    args.add(dist_name(ctx), format = "--name=%s")
    args.add(VERSION, format = "--tool_version=%s")
    args.add(levels["xz"], format = "--xz_level=%s")
    args.add(levels["zst"], format = "--zst_level=%s")
    args.add(archive, format = "--out=%s")
    args.add(sha256, format = "--sha256=%s")
    run_tool(
        ctx,
        "dist_deb",
        arguments = [args],
        inputs = tree_files([tree] + info.files + texts) + info.scripts.values() +
                 [ctx.file._own_license, info.control, target.facts],
        outputs = [archive, sha256],
        progress_message = "Packing %{label} to %{output}",
        resource_set = _resources,
    )
    return struct(archive = archive, sha256 = sha256)

def _resources(_os, _inputs):
    # xz -9 holds 700 MiB.
    return {"cpu": 1, "memory": 768}
