"""The targets of each dist: what is made for its platform, NAME in the build's own, and NAME.install."""

load("@rules_python//python:defs.bzl", "py_binary")
load("//rules:providers.bzl", "RelocatableDistInfo", "TreeInfo")
load("//rules:relocatable_dist.bzl", "relocatable_dist")
load("//rules/private:dist_here.bzl", "dist_here")
load("//rules/private:tool.bzl", "FOR_PLATFORM")
load("//rules/private:version.bzl", "VERSION")

# What an attribute of a dist says of the targets over it, too. What the dist is not compatible with, they
# are not either.
_SHARED = [
    "compatible_with",
    "deprecation",
    "restricted_to",
    "tags",
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
    shared = {key: kwargs[key] for key in _SHARED if key in kwargs}

    # Only NAME is for others, and for `bazel build //...`.
    hidden = {
        "tags": kwargs.get("tags", []) + ["manual"],
        "visibility": ["//visibility:private"],
    }
    relocatable_dist(name = FOR_PLATFORM + name, **(kwargs | hidden))
    dist_here(name = name, dist = FOR_PLATFORM + name, **shared)

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
