"""What a Python program of the build is made of."""

load("@rules_python//python:defs.bzl", "PyInfo")

PyProgramInfo = provider(
    doc = "A Python program: what it brings, without the Python that would run it in the build.",
    fields = {
        "imports": "depset of string: import roots, as paths among the runfiles.",
        "main": "File: its main module.",
        "sources": "depset of File: modules and data.",
    },
)

def _main(ctx):
    """Returns the main module: what `main` names, or the source that is called as the target."""
    main = getattr(ctx.rule.file, "main", None)
    if main:
        return main
    wanted = ctx.label.name.rpartition("/")[2] + ".py"
    return ([src for src in ctx.rule.files.srcs if src.basename == wanted] + [None])[0]

def _py_program_impl(target, ctx):
    if PyInfo not in target or not hasattr(ctx.rule.files, "srcs"):
        return []
    main = _main(ctx)
    if not main or not target[DefaultInfo].files_to_run.executable:
        return []
    attributes = ctx.rule.attr
    deps = [dep for dep in getattr(attributes, "deps", []) if PyInfo in dep]
    data = [dep for dep in getattr(attributes, "data", []) if DefaultInfo in dep]
    return [PyProgramInfo(
        # Of the program itself, runfiles have its interpreter as well.
        sources = depset(ctx.rule.files.srcs, transitive = [
            dep[PyInfo].transitive_sources
            for dep in deps
        ] + [
            dep[DefaultInfo].files
            for dep in data
        ] + [
            dep[DefaultInfo].default_runfiles.files
            for dep in deps + data
            if dep[DefaultInfo].default_runfiles
        ]),
        imports = target[PyInfo].imports,
        main = main,
    )]

py_program_aspect = aspect(
    doc = "Finds out what a py_binary is made of.",
    implementation = _py_program_impl,
)
