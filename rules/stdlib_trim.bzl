"""Trims Python's standard library to what is wanted of it."""

load("//rules:providers.bzl", "LicenseTextsInfo", "PyStdlibInfo", "TreeInfo")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_files", "tree_flags", "tree_outputs")

_FORMS = ["source", "source_and_pyc", "pyc", "zip"]

_ARCHIVES = [
    ".tar",
    ".tar.bz2",
    ".tar.gz",
    ".tar.xz",
    ".tar.zst",
    ".tgz",
]

_NO_SOURCE = "wanted a tree (deb_extract, py_runtime_tree, …) or one archive ({}), found {} with {} files"
_NO_MODULES = "wanted a tree or .py files, found {} with neither"
_NO_INTERPRETER = "form = \"{}\" wants an interpreter that compiles: a tree with bin/python{}"
_USELESS_INTERPRETER = "form = \"source\" has nothing for an interpreter to compile: name another form"

def _add_source(ctx, args):
    """Names the library's tree or archive; returns its files."""
    src = ctx.attr.src
    if TreeInfo in src:
        tree_flags(args, "tree", [src[TreeInfo]])
        return tree_files([src[TreeInfo]])
    if len(ctx.files.src) != 1:
        fail(_NO_SOURCE.format(" ".join(_ARCHIVES), src.label, len(ctx.files.src)), attr = "src")
    args.add_all(ctx.files.src, format_each = "--archive=%s")
    args.add("--archive_label=" + str(src.label).removeprefix("@@"))
    return ctx.files.src

def _add_roots(ctx, args):
    """Names what imports are followed from; returns its files."""
    args.add_all(ctx.attr.roots, format_each = "--root=%s")
    trees = [src[TreeInfo] for src in ctx.attr.root_srcs if TreeInfo in src]
    tree_flags(args, "root_tree", trees)
    files = []
    for src in ctx.attr.root_srcs:
        if TreeInfo not in src:
            modules = [file for file in src[DefaultInfo].files.to_list() if file.extension == "py"]
            if not modules:
                fail(_NO_MODULES.format(src.label), attr = "root_srcs")
            files += modules
    args.add_all(files, format_each = "--root_file=%s")
    return tree_files(trees) + files

def _add_form(ctx, args):
    """Says in which form the result is to be; returns the files for that."""
    form = ctx.attr.form
    interpreter = ctx.attr.interpreter
    if form == "source" and interpreter:
        fail(_USELESS_INTERPRETER, attr = "interpreter")
    if form != "source" and not interpreter:
        fail(_NO_INTERPRETER.format(form, ctx.attr.python_version), attr = "interpreter")
    args.add(form, format = "--form=%s")
    args.add(ctx.attr.optimize, format = "--optimize=%s")
    trees = [interpreter[TreeInfo]] if interpreter else []
    tree_flags(args, "interpreter", trees)
    return tree_files(trees)

def _stdlib_trim_impl(ctx):
    tree = declare_tree(ctx)
    report = ctx.actions.declare_file(ctx.label.name + ".report.json")
    args = tool_args(ctx)
    args.add(ctx.attr.python_version, format = "--python_version=%s")
    args.add_all(ctx.attr.exclude_features, format_each = "--exclude_feature=%s")
    args.add_all(ctx.attr.exclude, format_each = "--exclude=%s")
    args.add_all(ctx.attr.keep, format_each = "--keep=%s")
    args.add("--deferred_imports=%s" % ctx.attr.deferred_imports)
    inputs = _add_source(ctx, args) + _add_roots(ctx, args) + _add_form(ctx, args)
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    args.add(report, format = "--report=%s")

    # Of an archive; a tree is from a rule that has seen to it.
    texts = [] if TreeInfo in ctx.attr.src else [declare_tree(ctx, ".licenses")]
    tree_flags(args, "licenses", texts)
    run_tool(
        ctx,
        "stdlib_trim",
        arguments = [args],
        inputs = inputs,
        outputs = tree_files([tree] + texts) + [report],
        progress_message = "Trimming the standard library of %{label}",
        resource_set = _resources,
    )
    _, default, groups = tree_outputs(ctx, tree, also = [report])
    table, runfiles = _table(ctx, tree, report)
    return [
        tree,
        DefaultInfo(executable = table, files = default.files, runfiles = runfiles),
        groups,
        PyStdlibInfo(
            compiler = ctx.attr.interpreter[TreeInfo] if ctx.attr.interpreter else None,
            optimize = ctx.attr.optimize,
            python_version = ctx.attr.python_version,
            report = report,
        ),
        RunEnvironmentInfo({"STDLIB_REPORT": report.short_path, "STDLIB_TREE": tree.tar.short_path}),
    ] + [LicenseTextsInfo(texts = each) for each in texts]

def _table(ctx, tree, report):
    """What `bazel run` runs: the tool that prints a report."""
    table = ctx.actions.declare_file(ctx.label.name + ".table")
    ctx.actions.symlink(
        output = table,
        target_file = ctx.executable._stdlib_report,
        is_executable = True,
    )
    runfiles = ctx.runfiles([report, tree.tar])
    return table, runfiles.merge(ctx.attr._stdlib_report[DefaultInfo].default_runfiles)

def _resources(_os, _inputs):
    # A process per core compiles; reading an archive takes its size in memory.
    return {"cpu": 2, "memory": 300}

stdlib_trim = rule(
    implementation = _stdlib_trim_impl,
    doc = """Takes Python's standard library out of a tree or an archive, at `lib/pythonX.Y`, trimmed.

What goes can be said by feature, by pattern, and by roots whose imports are followed; these
combine. A module that stays but imports, when it is imported, one that goes is an error.

Writes a report of what each file is kept or left out for, with sizes; `bazel run` prints it.""",
    attrs = {
        "deferred_imports": attr.bool(
            doc = "With `roots`: whether imports in functions are followed as well. Without, the " +
                  "result is much smaller, and functions that import what is not there fail when " +
                  "they are called: name what they need in `roots`.",
            default = True,
        ),
        "exclude": attr.string_list(
            doc = "Patterns (as in `deb_extract`) of paths below lib/pythonX.Y to leave out; one " +
                  "that matches nothing is an error.",
        ),
        "exclude_features": attr.string_list(
            doc = "Features to leave out, for example `test`, `idlelib`, `ensurepip`; an unknown " +
                  "name is an error that lists all. See docs/stdlib_trim.md.",
        ),
        "form": attr.string(
            doc = "What there is of a module: `source`, `source_and_pyc` (the text, and bytecode " +
                  "that is never compared with it, in `__pycache__`), `pyc` (bytecode alone), or " +
                  "`zip` (bytecode in `lib/pythonXY.zip`, stored).",
            default = "source",
            values = _FORMS,
        ),
        "interpreter": attr.label(
            doc = "A tree with `bin/pythonX.Y` of this version, for the machine that builds, with " +
                  "its loader and libraries if they are not to be that machine's; or a dist. It " +
                  "compiles. Where it can't run (another kind of machine), modules stay sources, " +
                  "and the report says so. Needs a `form` other than `source`, and they need it.",
            cfg = "exec",
            providers = [TreeInfo],
        ),
        "keep": attr.string_list(
            doc = "Patterns of paths below lib/pythonX.Y that stay, whatever would leave them out; " +
                  "one that matches nothing is an error. With `roots`, modules among them are roots.",
        ),
        "optimize": attr.int(
            doc = "Level that modules are compiled at: 1 leaves out assertions, 2 docstrings as " +
                  "well, as `python -O` and `-OO`. In `source_and_pyc`, an interpreter that is not " +
                  "started with that option doesn't look at these.",
            values = [0, 1, 2],
        ),
        "python_version": attr.string(
            doc = "MAJOR.MINOR of the library in `src`, for example \"3.11\".",
            mandatory = True,
        ),
        "root_srcs": attr.label_list(
            doc = "Trees and .py files whose imports are followed like those of `roots`, those in " +
                  "functions always.",
            allow_files = True,
        ),
        "roots": attr.string_list(
            doc = "Modules of the library, for example `json`, or `encodings.*` for all of a " +
                  "package. If there are any, only what they, `root_srcs`, and the interpreter's " +
                  "own start-up import stays.",
        ),
        "src": attr.label(
            doc = "A tree that has one pythonX.Y directory, for example made by `deb_extract` from " +
                  "libpython3.11-minimal and libpython3.11-stdlib; or an archive: CPython's source, " +
                  "or a build that has it installed.",
            mandatory = True,
            allow_files = _ARCHIVES,
        ),
        "_stdlib_report": tool("stdlib_report"),
        "_stdlib_trim": tool("stdlib_trim"),
    } | TREE_ATTRIBUTES,
    executable = True,
    provides = [TreeInfo, PyStdlibInfo],
)
