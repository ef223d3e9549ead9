"""Newer LLDBs, of suites that still change; dist/BUILD.bazel has the flagship, to read."""

load("//rules:defs.bzl", "deb_extract", "py_runtime_bundle", "relocatable_dist", "stdlib_trim")

# Their packages may be gone tomorrow: they are built by name alone.
_TAGS = ["manual"]

def lldb(name, debs, llvm, python_version, platforms, exclude_features):
    """Makes `NAME_PLATFORM` for each platform: LLDB with Python scripting.

    Args:
        name: of the dists.
        debs: name of the repository with the packages.
        llvm: its major version, for example "21".
        python_version: MAJOR.MINOR, which LLDB is built for.
        platforms: those of `//toolchains`.
        exclude_features: of the standard library.
    """
    python = "python" + python_version
    visibility = ["//visibility:public"]
    deb_extract(
        name = name + "_libraries",
        include = [
            "usr/lib/*-linux-gnu/*.so*",
            "usr/lib/llvm-%s/lib/*.so*" % llvm,
            "usr/lib/locale",
        ],
        debs = ["@%s//:all" % debs],
        tags = _TAGS,
    )
    deb_extract(
        name = name + "_python_debs",
        include = ["usr/lib"],
        debs = ["@%s//:lib%s%s" % (debs, python, part) for part in [
            "",
            "-minimal",
            "-stdlib",
        ]],
        tags = _TAGS,
    )
    deb_extract(
        name = name + "_compiler",
        include = [
            "usr/bin/" + python,
            "usr/lib/*-linux-gnu/*.so*",
        ],
        debs = ["@%s//:%s" % (debs, package) for package in [
            "libc6",
            "libexpat1",
            python + "-minimal",
            "zlib1g",
        ]],
        tags = _TAGS,
    )
    stdlib_trim(
        name = name + "_stdlib",
        src = name + "_python_debs",
        exclude_features = exclude_features,
        form = "source_and_pyc",
        interpreter = name + "_compiler",
        python_version = python_version,
        tags = _TAGS,
    )
    modules = "usr/lib/llvm-%s/lib/%s/site-packages" % (llvm, python)
    deb_extract(
        name = name + "_module",
        include = [modules + "/**/*.py"],
        debs = ["@%s//:python3-lldb-%s" % (debs, llvm)],
        strip_prefix = modules,
        tags = _TAGS,
    )
    py_runtime_bundle(
        name = name + "_python",
        runtime = [name + "_python_debs"],
        site_packages = [name + "_module"],
        stdlib = name + "_stdlib",
        tags = _TAGS,
    )
    deb_extract(
        name = name + "_tree",
        include = [
            "usr/lib/*-linux-gnu/liblldb-%s.so.1" % llvm,
            "usr/lib/llvm-%s/bin/lldb" % llvm,
            "usr/lib/llvm-%s/bin/lldb-argdumper" % llvm,
            "usr/lib/llvm-%s/bin/lldb-dap" % llvm,
            "usr/lib/llvm-%s/bin/lldb-server*" % llvm,
            "usr/lib/llvm-%s/lib/%s" % (llvm, python),
        ],
        debs = ["@%s//:%s" % (debs, package) for package in [
            "liblldb-" + llvm,
            "lldb-" + llvm,
            "python3-lldb-" + llvm,
        ]],
        links = {
            # Where its Python extension module, a link, may lead.
            "lib/liblldb.so": "lib/liblldb-%s.so.1" % llvm,
            # Debian's LLDB looks for its Python module in ../llvm-NN/lib from where liblldb is.
            "llvm-%s/lib" % llvm: "lib",
        },
        remap = {
            "usr/lib/*-linux-gnu": "lib",
            "usr/lib/llvm-" + llvm: "",
        },
        tags = _TAGS,
    )
    for platform in platforms:
        relocatable_dist(
            name = "%s_%s" % (name, platform),
            layers = [name + "_tree"],
            libraries = [name + "_libraries"],
            locales = "bundled",
            platform = "//toolchains:" + platform,
            runtime = name + "_python",
            tags = _TAGS,
            visibility = visibility,
        )
