"""Programs that the build makes, as parts of a dist."""

load("@rules_python//python:defs.bzl", "PyInfo")
load("//rules:providers.bzl", "PyRuntimeBundleInfo", "TreeInfo")
load("//rules/private:collect.bzl", "COLLECT_ATTRIBUTES", "collect", "place_programs")
load("//rules/private:py_program.bzl", "PyProgramInfo", "py_program_aspect")
load("//rules/private:py_sources.bzl", "imports_flags", "source_list")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "declare_tree", "tree_files", "tree_flags")

_NO_PROGRAM = "wanted a py_binary with a main module among its sources, found {}: name a py_binary, or make \
it a command of the runtime, py_runtime_bundle(commands = ..., deps = ...)"
_NO_RUNTIME = "the Python program {} wants a runtime: name a py_runtime_bundle"
_DIRECTORY = "the Python program {} has several files for {}: name the path of its launcher"

BINARIES_ATTRIBUTES = {
    "binaries": attr.label_keyed_string_dict(
        doc = "Programs that the build makes (`cc_binary`, `rust_binary`, any executable target, " +
              "`py_binary` if there is a `runtime`), or files, to their paths in the dist, for example " +
              "`bin/tool`. Shared libraries among their runfiles are taken as from `libraries`. Of a " +
              "`py_binary`, its sources, data and dependencies go to the runtime's `site-packages`.",
        allow_files = True,
        aspects = [py_program_aspect],
    ),
    "_py_programs": tool("py_programs"),
} | COLLECT_ATTRIBUTES

def binaries(ctx, target):
    """Makes trees of what `binaries` names.

    Args:
        ctx: the rule's context; its attributes include BINARIES_ATTRIBUTES and `runtime`.
        target: TargetFactsInfo.

    Returns:
        struct: lists of TreeInfo `layers`, `libraries` and `runtime`, for the dist's root, its pool and
            its Python's prefix; `flags`, list of File with flags for relocate_tree.
    """
    python = {each: path for each, path in ctx.attr.binaries.items() if PyInfo in each}
    native = {each: path for each, path in ctx.attr.binaries.items() if PyInfo not in each}
    layers, libraries = _native(ctx, native) if native else ([], [])
    runtime, flags = _python(ctx, target, python) if python else ([], [])
    return struct(layers = layers, libraries = libraries, runtime = runtime, flags = flags)

def _native(ctx, targets):
    """Makes trees of programs, and of the shared libraries that come with them."""
    programs = place_programs(targets, "binaries")
    runfiles = depset(transitive = [
        target[DefaultInfo].default_runfiles.files
        for target in targets
    ])
    shared = [
        (file, "lib/" + file.basename)
        for file in runfiles.to_list()
        if file.extension in ["so", "dylib"] or ".so." in file.basename
    ]
    own, needed = declare_tree(ctx, ".binaries"), declare_tree(ctx, ".binaries_libraries")
    collect(ctx, own, programs = programs)
    collect(ctx, needed, files = shared)
    return [own], [needed]

def _python(ctx, target, targets):
    """Makes a tree of what Python programs bring, and flags that tell their main modules."""
    for each, path in targets.items():
        if PyProgramInfo not in each:
            fail(_NO_PROGRAM.format(each.label), attr = "binaries")
        if not ctx.attr.runtime:
            fail(_NO_RUNTIME.format(each.label), attr = "runtime")
        if path.endswith("/"):
            fail(_DIRECTORY.format(each.label, path), attr = "binaries")
    programs = {path: each[PyProgramInfo] for each, path in targets.items()}
    runtime = ctx.attr.runtime[PyRuntimeBundleInfo]
    tree = declare_tree(ctx, ".python")
    flags = ctx.actions.declare_file(ctx.label.name + ".python.flags")
    args = tool_args(ctx)
    args.add(runtime.python_version, format = "--python_version=%s")
    args.add(target.facts, format = "--target=%s")
    tree_flags(args, "runtime", [ctx.attr.runtime[TreeInfo]])
    for path, program in programs.items():
        args.add("--program={}={}".format(path, program.main.short_path))
    imports_flags(ctx, args, [program.imports for program in programs.values()])
    compilers = [runtime.compiler] if runtime.compiler else []
    tree_flags(args, "compiler", compilers)
    args.add(runtime.optimize, format = "--optimize=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    args.add(flags, format = "--mains=%s")
    sources = depset(transitive = [program.sources for program in programs.values()])
    run_tool(
        ctx,
        "py_programs",
        arguments = [args, source_list(ctx, sources)],
        inputs = depset(
            tree_files([ctx.attr.runtime[TreeInfo]] + compilers) + [target.facts],
            transitive = [sources],
        ),
        outputs = tree_files([tree]) + [flags],
        progress_message = "Installing Python programs of %{label}",
    )
    return [tree], [flags]
