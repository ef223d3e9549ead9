"""Makes layers of container images from dists."""

load("//rules:providers.bzl", "RelocatableDistInfo", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")

# What an image may have its layers in, by the media types of the OCI image specification.
_LEVELS = {
    "tar": {"dbg": 0, "fastbuild": 0, "opt": 0},
    "tar.gz": {"dbg": 6, "fastbuild": 6, "opt": 9},
    "tar.zst": {"dbg": 3, "fastbuild": 3, "opt": 19},
}

_NO_DIRECTORY = "wanted where the dists lie in the image, for example \"/opt/app\", found {}"
_PLATFORMS = "wanted dists for one platform, found {}"

def _dist_layers_impl(ctx):
    dists = ctx.attr.dists
    platforms = {dist[RelocatableDistInfo].platform: None for dist in dists}.keys()
    if len(platforms) != 1:
        fail(_PLATFORMS.format(", ".join(platforms) or "none"), attr = "dists")
    directory = ctx.attr.package_dir.removeprefix("/").removesuffix("/")
    if not directory:
        fail(_NO_DIRECTORY.format(repr(ctx.attr.package_dir)), attr = "package_dir")
    layers = [
        _layer(ctx, index, directory, dist, dists[index - 1] if index else None)
        for index, dist in enumerate(dists)
    ]
    return [
        DefaultInfo(files = depset(layers, order = "preorder")),
        OutputGroupInfo(
            # Of the dists: what they promise holds for their files in layers.
            _validation = depset(transitive = [dist[OutputGroupInfo]._validation for dist in dists]),
        ),
    ]

def _layer(ctx, index, directory, dist, below):
    layer = ctx.actions.declare_file("{}.{}.{}".format(ctx.label.name, index, ctx.attr.form))
    trees = [dist[TreeInfo].tar]
    args = tool_args(ctx)
    args.add(dist[TreeInfo].tar, format = "--tar=%s")
    if below:
        trees.append(below[TreeInfo].tar)
        args.add(below[TreeInfo].tar, format = "--below=%s")
    args.add(directory, format = "--directory=%s")
    args.add(ctx.attr.form, format = "--format=%s")
    args.add(_LEVELS[ctx.attr.form][ctx.var["COMPILATION_MODE"]], format = "--level=%s")
    args.add(layer, format = "--out=%s")
    run_tool(
        ctx,
        "dist_layers",
        arguments = [args],
        inputs = trees,
        outputs = [layer],
        progress_message = "Layering %{label} to %{output}",
        resource_set = _parallel if ctx.attr.form == "tar.zst" else None,
    )
    return layer

def _parallel(_os, _inputs):
    # A worker per core, as of an archive.
    return {"cpu": 2, "memory": 768}

dist_layers = rule(
    implementation = _dist_layers_impl,
    doc = """Makes layers of a container image from dists, so that images share what their dists share.

The first layer is the first dist, whole; each further one is what its dist adds to or changes of the one
before. So with a dist of a runtime alone and one of the same runtime with an application, the
runtime's layer has the same bytes in the image of each application.

Gives NAME.0.tar, NAME.1.tar and so on, in this order: what `oci_image(tars = [":NAME"])` of rules_oci
takes.""",
    attrs = {
        "dists": attr.label_list(
            doc = "Targets of `relocatable_dist` for one platform, the lowest first. Each has to have all paths " +
                  "of the one before, as dists with the same `runtime` do.",
            mandatory = True,
            providers = [RelocatableDistInfo, TreeInfo],
        ),
        "form": attr.string(
            doc = "What layers are: `tar`, `tar.gz` or `tar.zst`. Compressed as archives of a dist are.",
            default = "tar",
            values = _LEVELS.keys(),
        ),
        "package_dir": attr.string(
            doc = "The directory of the image in which the dists lie, for example `/opt/app`. All images that " +
                  "are to share a layer have the same one.",
            mandatory = True,
        ),
        "_dist_layers": tool("dist_layers"),
    },
)
