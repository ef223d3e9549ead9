"""Makes a tree of the Python of a toolchain."""

load("@rules_python//python:py_runtime_info.bzl", "PyRuntimeInfo")
load("//rules:providers.bzl", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_files", "tree_outputs")

_NO_RUNTIME = "wanted a Python runtime (py_runtime) or toolchain with files of its own; {} {}"
_NOT_IN_BIN = "{} has its interpreter at {}, wanted it in a directory `bin` beside `lib`"

def _runtime_info(target):
    """Returns the PyRuntimeInfo of a runtime, or of a toolchain for it."""
    if PyRuntimeInfo in target:
        runtime = target[PyRuntimeInfo]
    else:
        runtime = getattr(target[platform_common.ToolchainInfo], "py3_runtime", None)
    if not runtime:
        fail(_NO_RUNTIME.format(target.label, "has none"), attr = "runtime")
    if not runtime.interpreter:
        fail(_NO_RUNTIME.format(target.label, "is that of the machine: " + runtime.interpreter_path), attr = "runtime")
    return runtime

def _py_runtime_tree_impl(ctx):
    tree = declare_tree(ctx)
    runtime = _runtime_info(ctx.attr.runtime)
    interpreter = runtime.interpreter
    prefix, _, directory = interpreter.short_path.rpartition("/")[0].rpartition("/")
    if directory != "bin":
        fail(_NOT_IN_BIN.format(ctx.attr.runtime.label, interpreter.short_path), attr = "runtime")
    args = tool_args(ctx)
    args.add(ctx.attr.python_version, format = "--python_version=%s")
    args.add(prefix, format = "--prefix=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    files = depset([interpreter], transitive = [runtime.files])
    listed = ctx.actions.args()
    listed.set_param_file_format("multiline")
    listed.use_param_file("--files=%s", use_always = True)
    listed.add_all(files, map_each = _place, expand_directories = True)
    run_tool(
        ctx,
        "py_runtime_tree",
        arguments = [args, listed],
        inputs = files,
        outputs = tree_files([tree]),
        progress_message = "Collecting the Python of %{label}",
    )
    return tree_outputs(ctx, tree)

def _place(file):
    return file.short_path + "\t" + file.path

py_runtime_tree = rule(
    implementation = _py_runtime_tree_impl,
    doc = """Makes a tree of the Python that a toolchain of rules_python has, for Linux.

The tree has `bin`, `lib`, `include`, and is what `stdlib_trim` takes as `src` and
`py_runtime_bundle` as `runtime`.""",
    attrs = {
        "python_version": attr.string(
            doc = "MAJOR.MINOR of the Python, for example \"3.11\".",
            mandatory = True,
        ),
        "runtime": attr.label(
            doc = "A `py_runtime` with files of its own, such as `py3_runtime` in a repository that " +
                  "rules_python downloads; or a toolchain that has one.",
            mandatory = True,
            providers = [[PyRuntimeInfo], [platform_common.ToolchainInfo]],
        ),
        "_py_runtime_tree": tool("py_runtime_tree"),
    } | TREE_ATTRIBUTES,
    provides = [TreeInfo],
)
