"""`wheels`: pinned wheels of other platforms than the host's, as files, for the tests.

A hub of `pip.parse` has packages as the host would import them. The rules want the .whl file that is
for the platform of a dist; `pip download` gets it, by its hash, from the index that this machine's
pip is set to.
"""

# Of manylinux, the C libraries up to that of Debian 12 (2.36).
_GLIBC = [5, 12, 17, 24, 26, 27, 28, 31, 34, 35]

def _manylinux(machine):
    return ["manylinux_2_{}_{}".format(minor, machine) for minor in _GLIBC] + ["manylinux2014_" + machine]

# By platform: what `select` tells it by, and tags of wheels. pip knows which older macOS a tag includes.
_PLATFORMS = {
    "linux_arm64": struct(cpu = "aarch64", os = "linux", tags = _manylinux("aarch64")),
    "linux_x86_64": struct(cpu = "x86_64", os = "linux", tags = _manylinux("x86_64")),
    "macos_arm64": struct(cpu = "aarch64", os = "macos", tags = ["macosx_11_0_arm64", "macosx_11_0_universal2"]),
    "macos_x86_64": struct(cpu = "x86_64", os = "macos", tags = ["macosx_10_15_x86_64", "macosx_11_0_universal2"]),
}

_BUILD = """filegroup(
    name = "wheel",
    srcs = glob(["*.whl"]),
    visibility = ["//visibility:public"],
)
"""

_ALIAS = """alias(
    name = "{name}",
    actual = select({{
        {branches}
    }}),
    visibility = ["//visibility:public"],
)

"""

_BRANCH = """":{platform}": ":{name}_{platform}","""

_CONDITION = """config_setting(
    name = "{platform}",
    constraint_values = [
        "@platforms//cpu:{cpu}",
        "@platforms//os:{os}",
    ],
)

"""

_FOR_PLATFORM = """alias(
    name = "{name}_{platform}",
    actual = "@{prefix}_{name}_{platform}//:wheel",
    visibility = ["//visibility:public"],
)

"""

def _wheel_impl(ctx):
    python = ctx.which("python3")
    if not python:
        fail("wanted python3 with pip on PATH, to download {}; found none".format(ctx.attr.requirement))
    ctx.file("requirement.txt", ctx.attr.requirement + "\n")
    result = ctx.execute([
        python,
        "-I",
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--requirement=requirement.txt",
        "--dest=.",
        "--implementation=cp",
        "--python-version=" + ctx.attr.python_version,
        "--abi=cp" + ctx.attr.python_version.replace(".", ""),
        "--abi=abi3",
        "--abi=none",
    ] + ["--platform=" + tag for tag in _PLATFORMS[ctx.attr.platform].tags])
    if result.return_code:
        fail("{} can't be downloaded by {}:\n{}".format(ctx.attr.requirement, python, result.stderr))
    ctx.file("BUILD.bazel", _BUILD)

_wheel = repository_rule(
    implementation = _wheel_impl,
    doc = "The wheel of one locked requirement for one platform.",
    attrs = {
        "platform": attr.string(doc = "Of dists.", mandatory = True),
        "python_version": attr.string(doc = "MAJOR.MINOR.", mandatory = True),
        "requirement": attr.string(doc = "Its entry in the lock, hashes included.", mandatory = True),
    },
)

def _hub_impl(ctx):
    platforms = {name: _PLATFORMS[name] for name in ctx.attr.platforms}
    ctx.file("BUILD.bazel", "".join([
        _CONDITION.format(platform = name, cpu = platform.cpu, os = platform.os)
        for name, platform in platforms.items()
    ] + [
        _ALIAS.format(
            name = name,
            branches = "\n        ".join([
                _BRANCH.format(name = name, platform = platform)
                for platform in platforms
            ]),
        )
        for name in ctx.attr.packages
    ] + [
        _FOR_PLATFORM.format(name = name, platform = platform, prefix = ctx.attr.prefix)
        for name in ctx.attr.packages
        for platform in platforms
    ]))

_hub = repository_rule(
    implementation = _hub_impl,
    doc = "For each package its wheel: PACKAGE for the target platform, PACKAGE_PLATFORM for a given one.",
    attrs = {
        "packages": attr.string_list(doc = "Their names.", mandatory = True),
        "platforms": attr.string_list(doc = "Of dists.", mandatory = True),
        "prefix": attr.string(doc = "Of the names of their repositories.", mandatory = True),
    },
)

def _requirements(text):
    """Splits a lock file into its entries by name, each in one line."""
    found = {}
    for line in text.replace("\\\n", " ").split("\n"):
        line = " ".join([word for word in line.split(" ") if word])
        if line and not line.startswith("#"):
            found[line.partition("==")[0]] = line
    return found

def _wheels_impl(ctx):
    for module in ctx.modules:
        for tag in module.tags.lock:
            requirements = _requirements(ctx.read(tag.requirements_lock))
            for name, requirement in requirements.items():
                for platform in tag.platforms:
                    _wheel(
                        name = "{}_{}_{}".format(tag.name, name, platform),
                        platform = platform,
                        python_version = tag.python_version,
                        requirement = requirement,
                    )
            _hub(
                name = tag.name,
                packages = requirements.keys(),
                platforms = tag.platforms,
                prefix = tag.name,
            )
    return ctx.extension_metadata(reproducible = True)

wheels = module_extension(
    implementation = _wheels_impl,
    doc = "Pinned wheels by target platform.",
    tag_classes = {
        "lock": tag_class(
            doc = "A repository with a target for each wheel of a lock file.",
            attrs = {
                "name": attr.string(doc = "Of the repository.", mandatory = True),
                "platforms": attr.string_list(
                    doc = "Of dists; by default those for Linux.",
                    default = ["linux_arm64", "linux_x86_64"],
                ),
                "python_version": attr.string(doc = "MAJOR.MINOR.", mandatory = True),
                "requirements_lock": attr.label(doc = "Requirements with hashes.", mandatory = True),
            },
        ),
    },
)
