"""The target NAME.install of each dist."""

load("@rules_python//python:defs.bzl", "py_binary")
load("//rules:providers.bzl", "RelocatableDistInfo", "TreeInfo")
load("//rules:relocatable_dist.bzl", "relocatable_dist")
load("//rules/private:version.bzl", "VERSION")

# What an attribute of a dist says of its install, too.
_SHARED = [
    "compatible_with",
    "restricted_to",
    "target_compatible_with",
    "testonly",
    "visibility",
]

def _spec_impl(ctx):
    dist = ctx.attr.dist
    spec = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(spec, json.encode_indent({
        "name": dist.label.name,
        "platform": dist[RelocatableDistInfo].platform,
        "tree": dist[TreeInfo].tar.short_path,
        "version": VERSION,
    }) + "\n")
    return [DefaultInfo(
        files = depset([spec]),
        runfiles = ctx.runfiles([spec, dist[TreeInfo].tar]),
    )]

_spec = rule(
    implementation = _spec_impl,
    doc = "Says what NAME.install installs.",
    attrs = {
        "dist": attr.label(
            mandatory = True,
            providers = [RelocatableDistInfo, TreeInfo],
            doc = "The dist.",
        ),
    },
)

def relocatable_dist_with_install(name, **kwargs):
    """Makes a dist, and NAME.install, which installs it: `bazel run :NAME.install -- DIR`.

    Args:
        name: of the dist.
        **kwargs: attributes of the rule `relocatable_dist`.
    """
    relocatable_dist(name = name, **kwargs)
    shared = {key: kwargs[key] for key in _SHARED if key in kwargs}

    # For who asks for it by name: `bazel build //...` makes no more than it would without it.
    shared["tags"] = ["manual"]
    spec = name + ".install.spec"
    _spec(name = spec, dist = name, **shared)
    py_binary(
        name = name + ".install",
        srcs = [Label("//tools:install.py")],
        main = Label("//tools:install.py"),
        args = ["--spec=$(rootpath :%s)" % spec],
        data = [spec],
        legacy_create_init = 0,
        deps = [Label("//tools/relocatable")],
        **shared
    )
