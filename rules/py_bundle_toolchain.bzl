"""Lets py_binary and py_test run on the Python of a dist."""

load("@rules_python//python:defs.bzl", "py_runtime", "py_runtime_pair")
load("//rules:providers.bzl", "RelocatableDistInfo", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")

# Of a dist, what its Python needs: tools/relocatable/python/toolchain.py unpacks these.
_PARTS = [
    "lib",
    "libexec",
]

def _unpacked_impl(ctx):
    tree = ctx.attr.dist[TreeInfo]
    prefix = ctx.label.name
    interpreter = ctx.actions.declare_file("{}/bin/python{}".format(prefix, ctx.attr.python_version))
    parts = [ctx.actions.declare_directory("{}/{}".format(prefix, part)) for part in _PARTS]
    args = tool_args(ctx)
    args.add(tree.tar, format = "--tar=%s")
    args.add(ctx.attr.python_version, format = "--python_version=%s")
    args.add(interpreter, format = "--out=%s")
    run_tool(
        ctx,
        "py_bundle_toolchain",
        arguments = [args],
        inputs = [tree.tar],
        outputs = [interpreter] + parts,
        progress_message = "Unpacking the Python of %{label}",
    )
    return [
        DefaultInfo(files = depset([interpreter])),
        OutputGroupInfo(parts = depset(parts)),
    ]

_unpacked = rule(
    implementation = _unpacked_impl,
    doc = "A dist's Python: the interpreter, and the directories that it needs (group `parts`).",
    attrs = {
        "dist": attr.label(
            doc = "The dist.",
            providers = [TreeInfo, RelocatableDistInfo],
            mandatory = True,
        ),
        "python_version": attr.string(doc = "MAJOR.MINOR.", mandatory = True),
        "_py_bundle_toolchain": tool("py_bundle_toolchain"),
    },
)

def py_bundle_toolchain(
        name,
        dist,
        python_version,
        target_compatible_with = [],
        runtime = {},
        visibility = None):
    """Makes a Python toolchain of a dist, so that `py_test` runs on the very Python that ships.

    It is used for platforms that have the constraint `@rules_relocatable//toolchains/python:bundled`,
    once it is registered (`register_toolchains("//:NAME")`). The interpreter is started by the
    dist's launcher with the dist's loader and libraries, in runfiles and sandboxes too.

    Args:
        name: a unique name for this target.
        dist: label of a `relocatable_dist` that has `bin/pythonX.Y`.
        python_version: MAJOR.MINOR, for example "3.11".
        target_compatible_with: constraints of the platforms that the dist is for.
        runtime: further attributes for `py_runtime`. With rules_python 1.0 and newer give
            `{"interpreter_version_info": {"major": "3", "minor": "11"}, "implementation_name": "cpython"}`.
        visibility: of the toolchain.
    """
    private = ["//visibility:private"]
    unpacked = name + ".python"
    _unpacked(
        name = unpacked,
        dist = dist,
        python_version = python_version,
        tags = ["manual"],
        visibility = private,
    )
    native.filegroup(
        name = name + ".files",
        srcs = [unpacked],
        output_group = "parts",
        tags = ["manual"],
        visibility = private,
    )
    py_runtime(
        name = name + ".runtime",
        files = [name + ".files"],
        interpreter = unpacked,
        python_version = "PY3",
        tags = ["manual"],
        visibility = private,
        **runtime
    )
    py_runtime_pair(
        name = name + ".pair",
        py3_runtime = name + ".runtime",
        tags = ["manual"],
        visibility = private,
    )
    native.toolchain(
        name = name,
        target_compatible_with = target_compatible_with + [Label("//toolchains/python:bundled")],
        toolchain = name + ".pair",
        toolchain_type = Label("@rules_python//python:toolchain_type"),
        visibility = visibility,
    )
