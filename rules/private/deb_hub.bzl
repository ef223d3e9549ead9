"""The repository that a lock is used through: a target per package, and groups."""

# What @platforms//cpu calls Debian's architectures.
CPUS = {
    "amd64": "x86_64",
    "arm64": "aarch64",
}

_HEADER = '''"""The Debian packages of {lock}. Not listed here: not in the lock."""

package(default_visibility = ["//visibility:public"])
'''

_CONFIG_SETTING = '''
config_setting(
    name = "{name}",
    constraint_values = [
        "@platforms//os:linux",
        "@platforms//cpu:{cpu}",
    ],
)
'''

_ALIAS = '''
alias(
    name = "{name}",
    actual = "{actual}",
)
'''

_SELECT = '''
alias(
    name = "{name}",
    actual = select(
        {branches},
        no_match_error = "{error}",
    ),
)
'''

_GROUP = '''
filegroup(
    name = "{name}",
    srcs = {srcs},
)
'''

_NO_MATCH = "{name} is in {lock} for {found} only, and the target platform is none of these: build \
with --platforms=PLATFORM, name a target like :{name}_{example}, or lock the architecture: {update}"

# Debian's package names have no underscore, so that no name with one can be a package's.
def _setting(architecture):
    return "target_is_" + architecture

def _for_target(name, architectures, ctx):
    """An alias that stands for `<name>_<architecture of the target platform>`."""
    return _SELECT.format(
        branches = json.encode_indent(
            {":" + _setting(a): ":{}_{}".format(name, a) for a in architectures},
            prefix = "        ",
            indent = "    ",
        ),
        error = _NO_MATCH.format(
            example = architectures[0],
            found = " and ".join(["linux " + a for a in architectures]),
            lock = ctx.attr.lock,
            name = name,
            update = ctx.attr.update,
        ),
        name = name,
    )

def _deb_hub_impl(ctx):
    closures = {architecture: [] for architecture in ctx.attr.architectures}
    architectures = {}
    parts = [_HEADER.format(lock = ctx.attr.lock)]
    for architecture in closures:
        parts.append(_CONFIG_SETTING.format(
            name = _setting(architecture),
            cpu = CPUS[architecture],
        ))
    for target, repository in ctx.attr.packages.items():
        name, _, architecture = target.rpartition("_")
        architectures.setdefault(name, []).append(architecture)
        closures[architecture].append(":" + target)
        parts.append(_ALIAS.format(name = target, actual = "@{}//:deb".format(repository)))
    for name, found in architectures.items():
        parts.append(_for_target(name, found, ctx))
    for architecture, targets in closures.items():
        parts.append(_GROUP.format(
            name = "all_" + architecture,
            srcs = json.encode_indent(targets, prefix = "    ", indent = "    "),
        ))
    parts.append(_for_target("all", closures.keys(), ctx))
    ctx.file("BUILD.bazel", "".join(parts))

    # Bazel before 8.3 has no repo_metadata; there nothing is the same as `reproducible`.
    return ctx.repo_metadata(reproducible = True) if hasattr(ctx, "repo_metadata") else None

deb_hub = repository_rule(
    implementation = _deb_hub_impl,
    doc = "Names for the packages of a lock: by target platform, by fixed architecture, and all.",
    attrs = {
        "architectures": attr.string_list(
            doc = "Debian architectures that the lock has a closure for.",
            mandatory = True,
        ),
        "lock": attr.string(doc = "The lock file's label, for messages.", mandatory = True),
        "packages": attr.string_dict(
            doc = "From `<package>_<target architecture>` to the repository of its .deb file.",
            mandatory = True,
        ),
        "update": attr.string(doc = "The command that refreshes the lock.", mandatory = True),
    },
)
