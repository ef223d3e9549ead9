"""What a C or C++ program embeds Python with."""

load("@rules_cc//cc:cc_import.bzl", "cc_import")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//rules:providers.bzl", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "tree_files", "tree_flags")

# Where libpython is from a program or library, in the layouts of relocatable_py.h. A dist needs
# none of these: relocatable_dist says anew where the libraries are.
_RUNPATH = [
    "$$ORIGIN/../lib",
    "$$ORIGIN/Frameworks",
    "$$ORIGIN/lib",
    "$$ORIGIN/python/lib",
    "$$ORIGIN",
]

_LINKOPTS = [
    # What libpython itself needs is for the dist to have, not for the machine that links.
    "-Wl,--allow-shlib-undefined",
    "-ldl",
] + ["-Wl,-rpath," + directory for directory in _RUNPATH]

def _parts_impl(ctx):
    trees = [target[TreeInfo] for target in ctx.attr.srcs]
    include = ctx.actions.declare_directory(ctx.label.name + ".include")
    library = ctx.actions.declare_file("{}/libpython{}.so.1.0".format(ctx.label.name, ctx.attr.python_version))
    args = tool_args(ctx)
    args.add(ctx.attr.python_version, format = "--python_version=%s")
    tree_flags(args, "tree", trees)
    args.add_all([include], expand_directories = False, format_each = "--include=%s")
    args.add(library, format = "--library=%s")
    run_tool(
        ctx,
        "py_embed_library",
        arguments = [args],
        inputs = tree_files(trees),
        outputs = [include, library],
        progress_message = "Extracting Python's headers for %{label}",
    )
    return [
        DefaultInfo(files = depset([library])),
        CcInfo(compilation_context = cc_common.create_compilation_context(
            headers = depset([include]),
            system_includes = depset([include.path]),
        )),
    ]

_parts = rule(
    implementation = _parts_impl,
    doc = "Takes Python's headers (CcInfo) and its shared library (a file) out of trees.",
    attrs = {
        "python_version": attr.string(doc = "MAJOR.MINOR.", mandatory = True),
        "srcs": attr.label_list(doc = "The trees.", providers = [TreeInfo], mandatory = True),
        "_py_embed_library": tool("py_embed_library"),
    },
)

def py_embed_library(name, srcs, python_version, **kwargs):
    """Makes a `cc_library` to embed Python with: headers, libpython, and `relocatable_py.h`.

    `relocatable_py_init`, of that header, starts a Python whose home lies beside the program or the
    library that calls it, wherever that is, without environment variables.

    Args:
        name: a unique name for this target.
        srcs: labels of trees that have Python's headers and the shared libpython, in any directory:
            what `deb_extract` makes of Debian's libpython3.11-dev and libpython3.11.
        python_version: MAJOR.MINOR, for example "3.11".
        **kwargs: passed on to `cc_library`, for example `visibility` or `copts`.
    """
    common = {
        key: kwargs[key]
        for key in ["compatible_with", "tags", "target_compatible_with", "testonly"]
        if key in kwargs
    }
    parts = name + ".parts"
    _parts(
        name = parts,
        srcs = srcs,
        python_version = python_version,
        visibility = ["//visibility:private"],
        **common
    )
    cc_import(
        name = name + ".libpython",
        shared_library = parts,
        visibility = ["//visibility:private"],
        **common
    )
    cc_library(
        name = name,
        srcs = [Label("//toolchains/embed:relocatable_py.c")],
        linkopts = kwargs.pop("linkopts", []) + _LINKOPTS,
        deps = kwargs.pop("deps", []) + [
            name + ".libpython",
            parts,
            Label("//toolchains/embed:header"),
        ],
        **kwargs
    )
