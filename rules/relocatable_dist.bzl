"""Makes a directory that runs from wherever it is unpacked, and an archive of it."""

load("@rules_python//python:defs.bzl", "PyInfo")
load("//rules:providers.bzl", "PyRuntimeBundleInfo", "RelocatableDistInfo", "TreeInfo")
load("//rules/private:collect.bzl", "COLLECT_ATTRIBUTES", "collect", "place_programs")
load("//rules/private:dist_outputs.bzl", "DIST_OUTPUT_ATTRIBUTES", "dist_outputs")
load("//rules/private:tree.bzl", "ENVIRONMENT", "TREE_ATTRIBUTES", "declare_tree", "tool_args", "tree_files", "tree_flags", "tree_outputs")

_TOOLCHAIN = Label("//toolchains:target_type")

_PYTHON_PROGRAM = "wanted a program of machine code or a script, found the Python program {}: make it a \
command of the runtime, py_runtime_bundle(commands = ..., deps = ...)"
_NO_HOST = "wanted libc = \"host\" with it, as a dist with a C library of its own needs none of the machine"

def _relocatable_dist_impl(ctx):
    target = ctx.toolchains[_TOOLCHAIN].target_facts
    tree = declare_tree(ctx)
    runtimes = [ctx.attr.runtime] if ctx.attr.runtime else []
    layers = [layer[TreeInfo] for layer in ctx.attr.layers + runtimes]
    libraries = [library[TreeInfo] for library in ctx.attr.libraries]
    if ctx.attr.binaries:
        own, needed = _binaries(ctx)
        layers.append(own)
        libraries.append(needed)
    if not layers:
        fail("wanted trees to make a dist of, found neither layers, binaries nor a runtime", attr = "layers")
    _relocate(ctx, target, tree, layers, libraries)
    verified = _verify(ctx, target, tree, layers + libraries)
    default, groups = tree_outputs(ctx, tree)[1:]
    made = dist_outputs(ctx, target, tree, groups.directory, verified)
    archive = made.archives["tar.zst"]
    return [
        tree,
        RelocatableDistInfo(
            archive = archive.archive,
            host_libraries = target.system_libraries if ctx.attr.libc == "host" else [],
            metadata = made.metadata,
            platform = target.name,
            sha256 = archive.sha256,
        ),
        DefaultInfo(files = made.files),
        OutputGroupInfo(
            _validation = depset([verified]),
            archive = depset([archive.archive]),
            tree = default.files,
            **made.groups
        ),
    ]

def _binaries(ctx):
    """Makes trees of the build's own programs, and of the shared libraries that come with them."""
    for target in ctx.attr.binaries:
        if PyInfo in target:
            fail(_PYTHON_PROGRAM.format(target.label), attr = "binaries")
    programs = place_programs(ctx.attr.binaries, "binaries")
    runfiles = depset(transitive = [
        target[DefaultInfo].default_runfiles.files
        for target in ctx.attr.binaries
    ])
    shared = [
        (file, "lib/" + file.basename)
        for file in runfiles.to_list()
        if file.extension == "so" or ".so." in file.basename
    ]
    own, needed = declare_tree(ctx, ".binaries"), declare_tree(ctx, ".binaries_libraries")
    collect(ctx, own, programs = programs)
    collect(ctx, needed, files = shared)
    return own, needed

def _relocate(ctx, target, tree, layers, libraries):
    args = tool_args(ctx)
    tree_flags(args, "layer", layers)
    tree_flags(args, "library", libraries)
    args.add(target.facts, format = "--target=%s")
    args.add(target.launcher, format = "--launcher=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.launchers.items()], format_each = "--start=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.env.items()], format_each = "--env=%s")
    if ctx.attr.runtime:
        for name, value in ctx.attr.runtime[PyRuntimeBundleInfo].environment.items():
            if value == None:
                args.add(name, format = "--python_unset=%s")
            else:
                args.add("--python_env={}={}".format(name, value))
    args.add(ctx.attr.strip, format = "--strip=%s")
    args.add(ctx.attr.libc, format = "--libc=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    ctx.actions.run(
        executable = ctx.executable._relocate_tree,
        arguments = [args],
        inputs = tree_files(layers + libraries) + [target.facts, target.launcher],
        outputs = tree_files([tree]),
        env = ENVIRONMENT,
        mnemonic = "RelocateTree",
        progress_message = "Relocating %{label}",
    )

def _verify(ctx, target, tree, originals):
    verified = ctx.actions.declare_file(ctx.label.name + ".verified.json")
    args = tool_args(ctx)
    tree_flags(args, "tree", [tree])
    tree_flags(args, "original", originals)
    args.add(target.facts, format = "--target=%s")
    args.add(ctx.attr.libc, format = "--libc=%s")
    if ctx.attr.min_glibc:
        if ctx.attr.libc != "host":
            fail(_NO_HOST, attr = "min_glibc")
        args.add(ctx.attr.min_glibc, format = "--min_glibc=%s")
    args.add(verified, format = "--out=%s")
    ctx.actions.run(
        executable = ctx.executable._verify_dist,
        arguments = [args],
        inputs = tree_files([tree] + originals) + [target.facts],
        outputs = [verified],
        env = ENVIRONMENT,
        mnemonic = "VerifyDist",
        progress_message = "Verifying %{label}",
    )
    return verified

def _platform_transition_impl(settings, attr):
    if not attr.platform:
        return {"//command_line_option:platforms": settings["//command_line_option:platforms"]}
    return {"//command_line_option:platforms": [attr.platform]}

_platform_transition = transition(
    implementation = _platform_transition_impl,
    inputs = ["//command_line_option:platforms"],
    outputs = ["//command_line_option:platforms"],
)

relocatable_dist = rule(
    implementation = _relocatable_dist_impl,
    doc = """Makes one directory that runs from wherever it is unpacked, with everything it needs.

All of `layers`, `binaries` and `runtime` is kept, and of `libraries` what their ELF files need.
Each program
moves to `libexec`, and a native launcher in its place starts it with the dist's own loader and
libc, so that neither those of the host nor their age matter; with `libc = "host"`, on those of the
machine. Libraries find each other by `$ORIGIN`. A validation action, part of every build, proves
that nothing outside is asked for.

Gives what `formats` names, each archive with its checksum, and NAME.json, the metadata. Output
groups `tar.gz`, `tar.xz`, `tar.zst` and `zip` have an archive and its checksum, named or not;
`archive` NAME.tar.zst alone, `directory` the dist unpacked, `tree` the dist as a tree with its
provenance.""",
    attrs = {
        "binaries": attr.label_keyed_string_dict(
            doc = "Programs that the build makes (`cc_binary`, `rust_binary`, any executable target), " +
                  "or files, to their paths in the dist, for example `bin/tool`. Shared libraries " +
                  "among their runfiles are taken as from `libraries`. For Python programs, see " +
                  "`commands` of `py_runtime_bundle`.",
            allow_files = True,
        ),
        "env": attr.string_dict(
            doc = "Variables for all programs, not seen by the processes that they start if they " +
                  "run Python; `{root}` in a value is the dist's directory.",
        ),
        "launchers": attr.string_dict(
            doc = "Launchers elsewhere than in the place of their program: the launcher's path, and " +
                  "the path of a program in the layers.",
        ),
        "layers": attr.label_list(
            doc = "Trees that are kept whole. Two that disagree on a path are an error. With a " +
                  "`runtime`, there may be none.",
            providers = [TreeInfo],
        ),
        "libc": attr.string(
            doc = "Whose C library the programs run on: `bundled` is the dist's own, taken from " +
                  "`libraries` together with its loader; `host` is the machine's, and nothing of " +
                  "it is taken.",
            default = "bundled",
            values = ["bundled", "host"],
        ),
        "libraries": attr.label_list(
            doc = "Trees from which only the shared libraries are taken that something needs.",
            providers = [TreeInfo],
        ),
        "min_glibc": attr.string(
            doc = "With `libc = \"host\"`: the version of glibc that machines have at least, for " +
                  "example \"2.28\". A symbol that is newer is an error. By default any; the " +
                  "metadata says which is needed.",
        ),
        "platform": attr.label(
            doc = "The platform to build for, for example " +
                  "`@rules_relocatable//toolchains:linux_arm64`; by default, that of the build.",
        ),
        "runtime": attr.label(
            doc = "The Python inside, made by `py_runtime_bundle`.",
            providers = [TreeInfo, PyRuntimeBundleInfo],
        ),
        "strip": attr.string(
            doc = "What programs and shared objects lose, before anything else is done to them: " +
                  "`none`, `debug` (debug information, as `strip --strip-debug`) or `all` (symbols " +
                  "too that no loader looks at, as `strip --strip-all`).",
            default = "none",
            values = ["none", "debug", "all"],
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_relocate_tree": attr.label(
            default = Label("//tools:relocate_tree"),
            executable = True,
            cfg = "exec",
        ),
        "_verify_dist": attr.label(
            default = Label("//tools:verify_dist"),
            executable = True,
            cfg = "exec",
        ),
    } | TREE_ATTRIBUTES | COLLECT_ATTRIBUTES | DIST_OUTPUT_ATTRIBUTES,
    cfg = _platform_transition,
    provides = [TreeInfo, RelocatableDistInfo],
    toolchains = [_TOOLCHAIN],
)
