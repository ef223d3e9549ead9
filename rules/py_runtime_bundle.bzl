"""Makes a Python home that works from anywhere."""

load("@rules_python//python:defs.bzl", "PyInfo")
load("//rules:providers.bzl", "PyRuntimeBundleInfo", "PyStdlibInfo", "TreeInfo")
load("//rules/private:py_sources.bzl", "imports_flags", "source_list", "sources_of")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_files", "tree_flags", "tree_outputs")

_TOOLCHAIN = Label("//toolchains:target_type")

# By the policy `isolate`: variables of the user's that neither interpreter nor embedder may see.
_HIDDEN = {
    "all": ["PYTHON*"],
    "none": [],
    "paths": ["PYTHONPATH", "PYTHONPLATLIBDIR", "PYTHONUSERBASE"],
}

# By object format: the file name of the shared library, which others find it by.
_LIBRARY = {
    "elf": "libpython{}.so.1.0",
    "mach-o": "libpython{}.dylib",
}

def _py_runtime_bundle_impl(ctx):
    tree = declare_tree(ctx)
    stdlib = ctx.attr.stdlib[PyStdlibInfo]
    version = stdlib.python_version
    toolchain = ctx.toolchains[_TOOLCHAIN]
    target = toolchain.target_facts if toolchain else None
    _bundle(ctx, tree, version, target)
    verified = _verify(ctx, tree, version, target)
    default, groups = tree_outputs(ctx, tree)[1:]
    environment = {name: None for name in _HIDDEN[ctx.attr.isolate]}
    if ctx.attr.isolate != "none":
        # The user's own site directory belongs to another Python.
        environment["PYTHONNOUSERSITE"] = "1"
    return [
        tree,
        default,
        OutputGroupInfo(_validation = depset([verified]), directory = groups.directory),
        PyRuntimeBundleInfo(
            abi_tag = "cp" + version.replace(".", ""),
            compiler = stdlib.compiler,
            environment = environment | {"PYTHONHOME": "{root_without_colon}"},
            home = ".",
            interpreter = "bin/python" + version,
            optimize = stdlib.optimize,
            platform = target.name if target else "",
            python_version = version,
            soname = _LIBRARY[target.object_format if target else "elf"].format(version),
        ),
    ]

def _bundle(ctx, tree, version, target):
    stdlib = ctx.attr.stdlib[PyStdlibInfo]
    trees = {
        "compiler": [stdlib.compiler] if stdlib.compiler else [],
        "runtime": [runtime[TreeInfo] for runtime in ctx.attr.runtime],
        "site_packages": [packages[TreeInfo] for packages in ctx.attr.site_packages],
        "stdlib": [ctx.attr.stdlib[TreeInfo]],
    }
    args = tool_args(ctx)
    args.add(version, format = "--python_version=%s")
    for flag, found in trees.items():
        tree_flags(args, flag, found)
    args.add(stdlib.optimize, format = "--optimize=%s")
    args.add_all(
        ["%s=%s" % command for command in ctx.attr.commands.items()],
        format_each = "--command=%s",
    )
    if not ctx.attr.is_default:
        args.add("--nois_default")
    args.add_all(ctx.attr.components, format_each = "--component=%s")
    args.add_all(ctx.attr.exclude, format_each = "--exclude=%s")
    args.add_all(ctx.files.wheels, format_each = "--wheel=%s")
    imports_flags(ctx, args, [dep[PyInfo].imports for dep in ctx.attr.deps])
    if target:
        args.add(target.facts, format = "--target=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    sources = sources_of(ctx.attr.deps)
    run_tool(
        ctx,
        "py_runtime_bundle",
        arguments = [args, source_list(ctx, sources)],
        inputs = depset(
            [file for found in trees.values() for file in tree_files(found)] +
            ctx.files.wheels + ([target.facts] if target else []),
            transitive = [sources],
        ),
        outputs = tree_files([tree]),
        resource_set = _resources if stdlib.compiler else None,
        progress_message = "Bundling Python %s for %%{label}" % version,
    )

def _resources(_os, _inputs):
    # A process per core compiles.
    return {"cpu": 2, "memory": 300}

def _verify(ctx, tree, version, target):
    verified = ctx.actions.declare_file(ctx.label.name + ".verified.json")
    args = tool_args(ctx)
    tree_flags(args, "tree", [tree])
    args.add(version, format = "--python_version=%s")
    if target:
        args.add(target.facts, format = "--target=%s")
    args.add_all(ctx.attr.unmet, format_each = "--unmet=%s")
    args.add(verified, format = "--out=%s")
    run_tool(
        ctx,
        "verify_py_runtime",
        arguments = [args],
        inputs = tree_files([tree]) + ([target.facts] if target else []),
        outputs = [verified],
        progress_message = "Verifying Python %s of %%{label}" % version,
    )
    return verified

py_runtime_bundle = rule(
    implementation = _py_runtime_bundle_impl,
    doc = """Makes one Python home in a prefix layout: `lib/pythonX.Y`, `lib/libpythonX.Y.so`, `bin`.

What a distribution ties to its own place is undone: `sysconfig` finds its prefix when imported,
packages are found in `site-packages`, no link leads to /etc. Programs of a dist that load
libpython find this home without a variable that their child processes would see. If the library has
bytecode, packages get theirs.

Packages come from wheels, from Python targets, and from trees. A validation action, part of every
build, proves that interpreter, extension modules and metadata are of this Python and platform.""",
    attrs = {
        "commands": attr.string_dict(
            doc = "Programs in `bin`, from names to the MODULE:FUNCTION of `site-packages` that one " +
                  "calls, as the console scripts of a wheel do.",
        ),
        "components": attr.string_list(
            doc = "What to take of `runtime`: `interpreter`, `libpython`, `headers`, `pkg_config`. One " +
                  "that is named has to be there. By default the first two, as far as they are there.",
        ),
        "deps": attr.label_list(
            doc = "Python targets (`py_library`, those of `pip.parse`) whose files go to " +
                  "`lib/pythonX.Y/site-packages`, each below its import root.",
            providers = [PyInfo],
        ),
        "exclude": attr.string_list(
            doc = "Patterns of paths below site-packages that no package is to bring, such as " +
                  "`CHANGELOG.md` or `tests/**`; `NAME:PATTERN` is for the package NAME alone. One that " +
                  "matches nothing is an error, and so is one that matches a distribution's METADATA or " +
                  "RECORD.",
        ),
        "is_default": attr.bool(
            doc = "Whether `bin/python` and `bin/python3` are this one. Of several Pythons in a dist, " +
                  "one can be.",
            default = True,
        ),
        "isolate": attr.string(
            doc = "Which of the user's variables Python does not see: `paths` hides those that would " +
                  "let it load another Python's code (PYTHONPATH, PYTHONHOME, …) and the user's own " +
                  "site directory, `all` each PYTHON* variable, `none` only PYTHONHOME.",
            default = "paths",
            values = _HIDDEN.keys(),
        ),
        "runtime": attr.label_list(
            doc = "Trees that have the shared libpython and, if it is wanted, `bin/pythonX.Y`.",
            providers = [TreeInfo],
            mandatory = True,
        ),
        "site_packages": attr.label_list(
            doc = "Trees that go to `lib/pythonX.Y/site-packages`.",
            providers = [TreeInfo],
        ),
        "stdlib": attr.label(
            doc = "The standard library, made by `stdlib_trim`; it tells the version.",
            providers = [TreeInfo, PyStdlibInfo],
            mandatory = True,
        ),
        "unmet": attr.string_list(
            doc = "Names of distributions that packages require and that are not there: your promise " +
                  "that it works without. One that nothing misses is an error.",
        ),
        "wheels": attr.label_list(
            doc = "Wheels to install. Each has to be for this Python and the target platform.",
            allow_files = [".whl"],
        ),
        "_py_runtime_bundle": tool("py_runtime_bundle"),
        "_verify_py_runtime": tool("verify_py_runtime"),
    } | TREE_ATTRIBUTES,
    provides = [TreeInfo, PyRuntimeBundleInfo],
    toolchains = [config_common.toolchain_type(_TOOLCHAIN, mandatory = False)],
)
