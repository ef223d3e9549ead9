"""The repository that a lock is used through: a target per package, groups, and `:update`."""

load("//rules/private:deb_source_package.bzl", "source_targets")
load("//rules/private:deb_update.bzl", "quoted")
load("//rules/private:generated.bzl", "build_file", "call")

# What @platforms//cpu calls Debian's architectures.
_CPUS = {
    "amd64": "x86_64",
    "arm64": "aarch64",
}

# What follows a package's name, and what its repository calls that.
_PARTS = {"": "deb", ".control": "control", ".copyright": "copyright"}

_NO_MATCH = "{name} is in {lock} for {found} only, and the target platform is none of these: build \
with --platforms=PLATFORM, name a target like :{name}_{example}, or lock the architecture: {update}"

_ELSEWHERE = "{lock} is a file of another module, which can't be written from here: {update}"

# A package that is called so has only the name with its architecture.
_TAKEN = ["all", "update"]

_RULE = Label("//rules/private:deb_update.bzl")

# Debian's package names have no underscore, so that no name with one can be a package's.
def _setting(architecture):
    return "target_is_" + architecture

def _for_target(name, architectures, ctx, ending = ""):
    """An alias that stands for `<name>_<architecture of the target platform><ending>`."""
    branches = {":" + _setting(a): ":{}_{}{}".format(name, a, ending) for a in architectures}
    error = _NO_MATCH.format(
        example = architectures[0],
        found = " and ".join(["linux " + a for a in architectures]),
        lock = ctx.attr.lock,
        name = name,
        update = ctx.attr.update,
    )
    return call("alias", name = name + ending, actual = call("select", branches, no_match_error = error))

def _header(ctx):
    """The file's start, with `:update`."""
    attr = ctx.attr
    flags = ["--lock=" + attr.lock_path, "--hub=" + attr.declared_name, "--module=" + attr.sources]
    return [
        # Who asks for a package that isn't here is led to this file.
        "The Debian packages of {}. Not listed here: not in the lock. {}".format(attr.lock, attr.problem).strip(),
        call("load", str(_RULE), "deb_unlocked", "deb_update"),
        call("package", default_visibility = ["//visibility:public"]),
        call(
            "deb_update",
            name = "update",
            args = [quoted(flag) for flag in flags],
            problem = "" if attr.lock_path else _ELSEWHERE.format(lock = attr.lock, update = attr.update),
            tags = ["manual"],
        ),
    ]

def _unlocked(ctx):
    """Instead of each package that there should be, a message."""
    targets = ctx.attr.packages.keys()
    packages = targets + [target.rpartition("_")[0] for target in targets]
    names = [name + ending for name in packages for ending in _PARTS if name + ending not in _TAKEN]
    names += ["all"] + ["all_" + architecture for architecture in ctx.attr.architectures]
    return [
        call("deb_unlocked", name = name, problem = ctx.attr.problem)
        for name in {name: None for name in names}
    ]

def _packages(ctx):
    """The targets of a lock that is made."""
    closures = {architecture: [] for architecture in ctx.attr.architectures}
    architectures = {}
    parts = []
    for architecture in closures:
        parts.append(call(
            "config_setting",
            name = _setting(architecture),
            constraint_values = ["@platforms//os:linux", "@platforms//cpu:" + _CPUS[architecture]],
        ))
    for target, repository in ctx.attr.packages.items():
        name, _, architecture = target.rpartition("_")
        architectures.setdefault(name, []).append(architecture)
        closures[architecture].append(":" + target)
        for ending, actual in _PARTS.items():
            parts.append(call("alias", name = target + ending, actual = "@{}//:{}".format(repository, actual)))
    for name, found in architectures.items():
        parts += [_for_target(name, found, ctx, ending) for ending in _PARTS if name + ending not in _TAKEN]
    for architecture, targets in closures.items():
        parts.append(call("filegroup", name = "all_" + architecture, srcs = targets))
    parts.append(_for_target("all", closures.keys(), ctx))
    return parts + source_targets(ctx.attr.source_packages)

def _deb_hub_impl(ctx):
    targets = _unlocked(ctx) if ctx.attr.problem else _packages(ctx)
    ctx.file("BUILD.bazel", build_file(_header(ctx) + targets))

    # Bazel before 8.3 has no repo_metadata; there nothing is the same as `reproducible`.
    return ctx.repo_metadata(reproducible = True) if hasattr(ctx, "repo_metadata") else None

deb_hub = repository_rule(
    implementation = _deb_hub_impl,
    doc = "Names for the packages of a lock: by target platform, by fixed architecture, and all.",
    attrs = {
        "architectures": attr.string_list(
            doc = "Debian architectures that the lock has a closure for.",
        ),
        "declared_name": attr.string(doc = "What its declaration calls it.", mandatory = True),
        "lock": attr.string(doc = "The lock file's label, for messages.", mandatory = True),
        "lock_path": attr.string(
            doc = "The lock file's path in the root module's workspace; empty if it is in another.",
        ),
        "packages": attr.string_dict(
            doc = "From `<package>_<target architecture>` to the repository of its .deb file.",
        ),
        "problem": attr.string(doc = "Why no package may be used; empty if they may."),
        "source_packages": attr.string_list_dict(
            doc = "Labels of source packages, by name of the package that was built from them.",
        ),
        "sources": attr.string(doc = "What the module declares, as JSON for the tool.", mandatory = True),
        "update": attr.string(doc = "The command that refreshes the lock.", mandatory = True),
    },
)
