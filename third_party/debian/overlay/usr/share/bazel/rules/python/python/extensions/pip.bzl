"""`pip.parse` for Debian's rules_python: today's attributes, installed by the system's own pip.

Makes the hub that today's rules_python makes, from the same hash-locked file: `@hub//absl_py` (also
`@hub//absl_py:pkg`) is the locked package, so that tools run on the same versions of their
requirements, and give the same bytes, as on any other host. One difference: a package here does not
bring what it requires, since the lock file doesn't say; name it in `deps` as well.

There are two Pythons: the system's, and for what runs in actions the one of
@rules_relocatable//toolchains/python/bundle. Each gets the files that are for its version. A hub with
`target_platforms` has those for its own `python_version` instead of the system's, for each platform.
"""

_PYTHON = "/usr/bin/python3"

# Of the bundled Python; and of its C library, whose minor version says which wheels it can load. It is also
# that of Debian 12, which dists are made of.
_BUNDLED = "3.11"
_GLIBC_MINOR = 36

_PACKAGE = """\
load("@rules_python//python:defs.bzl", "py_library")

py_library(
    name = "pkg",
    srcs = glob(["site/**/*.py"], allow_empty = True),
    data = glob(["site/**"], exclude = ["site/.keep", "site/**/*.py"], allow_empty = True),
    imports = ["site"],
    visibility = ["//visibility:public"],
)
"""

_SAME = """\
alias(name = "pkg", actual = "{}", visibility = ["//visibility:public"])
"""

_ALIASES = """\
alias(
    name = "{name}",
    actual = select({{
        "{bundled}": "@{repository}_bundled//:pkg",
        "//conditions:default": ":target",
    }}),
    visibility = ["//visibility:public"],
)

alias(
    name = "target",
    actual = {target},
)

alias(name = "pkg", actual = "{name}", visibility = ["//visibility:public"])
"""

# The index, its certificates and its credentials are the machine's (pip.conf, PIP_*); what would
# change where or how pip installs is not.
_ENVIRONMENT = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PIP_USER": "0",
}

def _for_python(version, machine):
    """Returns pip's arguments for files that are not for the Python that it runs on."""
    names = ["manylinux_2_%d" % minor for minor in range(_GLIBC_MINOR, 4, -1)]
    names += ["manylinux2014", "manylinux2010", "manylinux1", "linux"]
    abi = "cp" + version.replace(".", "")
    return [
        "--python-version=" + version,
        "--implementation=cp",
    ] + ["--abi=" + each for each in (abi, "abi3", "none")] + [
        "--platform={}_{}".format(name, machine)
        for name in names
    ]

def _is_for_any_python(repository_ctx, system):
    """Whether what is installed for the system's Python is what any other gets, by its wheel's tags."""
    found = [
        path.get_child("WHEEL")
        for path in system.dirname.get_child("site").readdir()
        if path.basename.endswith(".dist-info")
    ]
    return any([
        line.startswith("Tag: py3-none-")
        for wheel in found
        for line in repository_ctx.read(wheel).splitlines()
    ])

def _package_impl(repository_ctx):
    system = repository_ctx.attr.system
    if system and _is_for_any_python(repository_ctx, repository_ctx.path(system)):
        repository_ctx.file("BUILD.bazel", _SAME.format(system.relative(":pkg")))
        return
    version = repository_ctx.attr.python_version
    machine = repository_ctx.attr.machine or repository_ctx.os.arch
    repository_ctx.file("requirement.txt", repository_ctx.attr.requirement + "\n")
    repository_ctx.file("BUILD.bazel", _PACKAGE)

    # The marker, if any, is pip's to judge: a package that is not for this machine is empty.
    repository_ctx.file("site/.keep")
    result = repository_ctx.execute(
        [
            _PYTHON,
            "-I",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-compile",
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
            "--requirement=requirement.txt",
            "--target=site",
        ] + (_for_python(version, {"amd64": "x86_64"}.get(machine, machine)) if version else []),
        environment = _ENVIRONMENT,
    )
    if result.return_code:
        fail("{} can't be installed by pip, from the index that this machine's pip is set to:\n{}".format(
            repository_ctx.attr.requirement.partition(" ")[0],
            result.stderr,
        ))

    # A build file of the package's own would hide its directory from the globs above.
    for name in ["BUILD", "BUILD.bazel"]:
        found = repository_ctx.execute(["find", "site", "-name", name, "-type", "f"])
        for path in found.stdout.splitlines():
            repository_ctx.delete(path)

_package = repository_rule(
    doc = "One locked package, downloaded and installed when something first needs it.",
    implementation = _package_impl,
    attrs = {
        "machine": attr.string(doc = "Which it is for, if not for this one: `aarch64`."),
        "python_version": attr.string(doc = "Which it is for, if not for the system's."),
        "requirement": attr.string(doc = "Its entry in the lock file, hashes included."),
        "system": attr.label(doc = "Of one for the bundled Python: that for the system's."),
    },
)

def _hub_impl(repository_ctx):
    repository_ctx.file("BUILD.bazel")
    for name, repository in repository_ctx.attr.packages.items():
        repository_ctx.file(
            name + "/BUILD.bazel",
            _ALIASES.format(
                name = name,
                bundled = repository_ctx.attr.bundled,
                repository = repository,
                target = _target(repository, repository_ctx.attr.targets),
            ),
        )

def _target(repository, targets):
    """Returns what is for the platform that is built for, as an expression."""
    if not targets:
        return '"@{}//:pkg"'.format(repository)
    return "select({%s})" % ", ".join([
        '"@platforms//cpu:{}": "@{}_{}//:pkg"'.format(machine, repository, end)
        for machine, end in targets.items()
    ])

def _machine(platform):
    """Returns the machine of a platform as rules_python writes it."""
    if not platform.startswith("linux_"):
        fail("target_platforms: wanted linux_aarch64 or linux_x86_64, found {}".format(platform))
    return platform.removeprefix("linux_")

_hub = repository_rule(
    doc = "A package of aliases for each locked package.",
    implementation = _hub_impl,
    attrs = {
        "bundled": attr.string(doc = "The condition for the bundled Python."),
        "packages": attr.string_dict(doc = "Normalised package name to its repository."),
        "targets": attr.string_dict(
            doc = "Machines that it has packages for, and what ends the names of their repositories; none, " +
                  "if it is for this machine alone.",
        ),
    },
)

def _requirements(lock, content):
    """Splits a lock file into its entries.

    Args:
      lock: the lock file's label, for messages.
      content: its text.

    Returns:
      A dict: normalised package name to the entry as one line, `name==version ; marker --hash=…`.
    """
    found = {}
    for line in content.replace("\\\n", " ").split("\n"):
        line = " ".join([word for word in line.partition(" #")[0].split(" ") if word])
        if not line or line.startswith("#") or line.startswith("-"):
            continue
        if "==" not in line or "--hash=" not in line:
            fail("{}: wanted `name==version --hash=…`, found `{}`".format(lock, line))
        name = line.partition("==")[0].partition("[")[0].strip()
        found[name.lower().replace("-", "_").replace(".", "_")] = line
    return found

def _runs_for_tools(module_ctx):
    """Returns the label of the setting that tells the two apart, whatever repository it is in."""
    for module in module_ctx.modules:
        if module.name == "rules_relocatable":
            return str(module.tags.parse[0].requirements_lock.relative("//toolchains/python:runs_for_tools"))
    fail("rules_relocatable's Debian profile is for modules that depend on it: name it as a bazel_dep")

def _pip_impl(module_ctx):
    version = module_ctx.execute([_PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    if version.return_code:
        fail("{} does not run: {}".format(_PYTHON, version.stderr))

    # Hub name to its tag: the one for the system's Python if there is one, else the first.
    tags = {}
    for module in module_ctx.modules:
        for tag in module.tags.parse:
            if tag.hub_name not in tags or tag.python_version == version.stdout.strip():
                tags[tag.hub_name] = tag

    condition = _runs_for_tools(module_ctx)

    # Entry to repository: hubs that lock the same package share it.
    repositories = {}
    declared = {}
    for hub, tag in tags.items():
        packages = {}
        lock = tag.requirements_lock
        targets = {
            _machine(platform): "_".join([tag.python_version, platform])
            for platform in tag.target_platforms
        }
        for name, requirement in _requirements(lock, module_ctx.read(lock)).items():
            if requirement not in repositories:
                repository = name + "_" + requirement.partition("==")[2].partition(" ")[0]
                if repository in repositories.values():
                    repository = hub + "_" + repository
                repositories[requirement] = repository
                _package(name = repository, requirement = requirement)
                _package(
                    name = repository + "_bundled",
                    python_version = _BUNDLED,
                    requirement = requirement,
                    system = "@{}//:BUILD.bazel".format(repository),
                )
            packages[name] = repositories[requirement]
            for machine, end in targets.items():
                repository = packages[name] + "_" + end
                if repository not in declared:
                    declared[repository] = True
                    _package(
                        name = repository,
                        machine = machine,
                        python_version = tag.python_version,
                        requirement = requirement,
                    )
        _hub(name = hub, bundled = condition, packages = packages, targets = targets)
    return module_ctx.extension_metadata(reproducible = True)

pip = module_extension(
    doc = "Makes hubs of Python packages from hash-locked requirement files.",
    implementation = _pip_impl,
    tag_classes = {
        "parse": tag_class(
            doc = "A hub, for one Python version.",
            attrs = {
                "hub_name": attr.string(doc = "The hub's repository name.", mandatory = True),
                "python_version": attr.string(
                    doc = "The version the lock file is for, as in `3.14`.",
                    mandatory = True,
                ),
                "requirements_lock": attr.label(
                    doc = "The lock file, with a hash for every file.",
                    mandatory = True,
                ),
                "target_platforms": attr.string_list(
                    doc = "`linux_aarch64`, `linux_x86_64`: which there are packages for; by default " +
                          "this machine, with the system's Python.",
                ),
            },
        ),
    },
)
