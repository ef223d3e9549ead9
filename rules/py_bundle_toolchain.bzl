"""Lets py_binary and py_test run on the Python of a dist."""

load("@rules_python//python:defs.bzl", "py_runtime", "py_runtime_pair")
load("//rules:providers.bzl", "RelocatableDistInfo", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")

_BOOTSTRAPPING = str(Label("//toolchains/python:bootstrapping"))

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

def _bootstrapping_impl(_settings, _attr):
    return {_BOOTSTRAPPING: True}

# Where actions run on this Python, what makes it can't.
_bootstrapping = transition(
    implementation = _bootstrapping_impl,
    inputs = [],
    outputs = [_BOOTSTRAPPING],
)

_unpacked = rule(
    implementation = _unpacked_impl,
    cfg = _bootstrapping,
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
        constraint = Label("//toolchains/python:bundled"),
        tags = ["manual"],
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
        constraint: what the platforms that use it have to say; one of your own, a `constraint_value` of
            `@rules_relocatable//toolchains/python`, where there is more than one such toolchain.
        tags: of all but the toolchain.
        visibility: of the toolchain.
    """
    shared = {"tags": tags, "visibility": ["//visibility:private"]}
    unpacked = name + ".python"
    _unpacked(
        name = unpacked,
        dist = dist,
        python_version = python_version,
        **shared
    )
    native.filegroup(
        name = name + ".files",
        srcs = [unpacked],
        output_group = "parts",
        **shared
    )
    py_runtime(
        name = name + ".runtime",
        files = [name + ".files"],
        interpreter = unpacked,
        python_version = "PY3",
        **(runtime | shared)
    )
    py_runtime_pair(
        name = name + ".pair",
        py3_runtime = name + ".runtime",
        **shared
    )
    native.toolchain(
        name = name,
        target_compatible_with = target_compatible_with + [constraint],
        target_settings = [Label("//toolchains/python:bootstrapped")],
        toolchain = name + ".pair",
        toolchain_type = Label("@rules_python//python:toolchain_type"),
        visibility = visibility,
    )
