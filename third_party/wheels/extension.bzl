"""`wheels`: pinned wheels of other platforms than the host's, as files, for the tests.

A hub of `pip.parse` has packages as the host would import them. The rules want the .whl file that is
for the platform of a dist; `pip download` gets it, by its hash, from the index that this machine's
pip is set to.
"""

# buildifier: disable=bzl-visibility
load("//rules/private:generated.bzl", "build_file", "call")

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

_PUBLIC = ["//visibility:public"]

# A name as PyPI normalises it: it becomes part of a repository's name.
_DIGITS = "0123456789"
_FIRST = "abcdefghijklmnopqrstuvwxyz" + _DIGITS
_NAME = _FIRST + "-"
_VERSION = _FIRST + "_.+!"
_HASH = "--hash=sha256:"

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
    ctx.file("BUILD.bazel", build_file([
        call("filegroup", name = "wheel", srcs = call("glob", ["*.whl"]), visibility = _PUBLIC),
    ]))

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
    platforms = ctx.attr.platforms
    ctx.file("BUILD.bazel", build_file([
        call(
            "config_setting",
            name = platform,
            constraint_values = [
                "@platforms//cpu:" + _PLATFORMS[platform].cpu,
                "@platforms//os:" + _PLATFORMS[platform].os,
            ],
        )
        for platform in platforms
    ] + [
        call("alias", name = name, actual = call("select", {
            ":" + platform: ":{}_{}".format(name, platform)
            for platform in platforms
        }), visibility = _PUBLIC)
        for name in ctx.attr.packages
    ] + [
        call(
            "alias",
            name = "{}_{}".format(name, platform),
            actual = "@{}_{}_{}//:wheel".format(ctx.attr.prefix, name, platform),
            visibility = _PUBLIC,
        )
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

def requirements(text):
    """Splits a lock file into its entries by name, each in one line.

    Such a line is read by pip, to which other words than these say where to download from, or what to run.

    Args:
        text: The file's text.

    Returns:
        A dict from name to `name==version --hash=sha256:…`, and what is wrong or "".
    """
    found = {}
    for line in text.replace("\\\n", " ").split("\n"):
        words = [word for word in line.split(" ") if word]
        if not words or words[0].startswith("#"):
            continue
        name, _, version = words[0].partition("==")
        hashes = [word.removeprefix(_HASH) for word in words[1:] if word.startswith(_HASH)]
        others = [each for each in hashes if len(each) != 64 or each.strip("abcdef" + _DIGITS)]
        odd = not name or name[0] not in _FIRST or name.strip(_NAME)
        odd = odd or not version or version[0] not in _FIRST or version.strip(_VERSION)
        if odd or not hashes or others or len(hashes) + 1 != len(words):
            return {}, "wanted name==version --hash=sha256:…, found {}".format(repr(line))
        if name in found:
            return {}, "{} stands there twice".format(name)
        found[name] = " ".join(words)
    return found, ""

def _wheels_impl(ctx):
    for module in ctx.modules:
        for tag in module.tags.lock:
            found, fault = requirements(ctx.read(tag.requirements_lock))
            if fault:
                fail("{}: {}".format(tag.requirements_lock, fault))
            for name, requirement in found.items():
                for platform in tag.platforms:
                    _wheel(
                        name = "{}_{}_{}".format(tag.name, name, platform),
                        platform = platform,
                        python_version = tag.python_version,
                        requirement = requirement,
                    )
            _hub(
                name = tag.name,
                packages = found.keys(),
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
