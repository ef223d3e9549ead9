"""Makes a directory that runs from wherever it is unpacked, and an archive of it."""

load("//rules:providers.bzl", "PyRuntimeBundleInfo", "RelocatableDistInfo", "TreeInfo")
load("//rules/private:binaries.bzl", "BINARIES_ATTRIBUTES", "binaries")
load("//rules/private:dist_licenses.bzl", "collect_license_texts", "license_texts", "put_licenses", "without_licenses")
load("//rules/private:dist_outputs.bzl", "DIST_OUTPUT_ATTRIBUTES", "dist_outputs")
load("//rules/private:libc.bzl", "LIBC_ATTRIBUTES", "libc_of", "minimum_flags")
load("//rules/private:policies.bzl", "POLICY_ATTRIBUTES")
load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "TREE_ATTRIBUTES", "declare_tree", "tree_files", "tree_flags", "tree_outputs")

_TOOLCHAIN = Label("//toolchains:target_type")

def _relocatable_dist_impl(ctx):
    target = ctx.toolchains[_TOOLCHAIN].target_facts
    tree = declare_tree(ctx)
    own = binaries(ctx, target)
    parts = struct(
        layers = [layer[TreeInfo] for layer in ctx.attr.layers] + own.layers,
        libraries = [library[TreeInfo] for library in ctx.attr.libraries] + own.libraries,
        runtime = ([ctx.attr.runtime[TreeInfo]] if ctx.attr.runtime else []) + own.runtime,
    )
    if not parts.layers and not parts.runtime:
        fail("wanted trees to make a dist of, found neither layers, binaries nor a runtime", attr = "layers")
    relocated = without_licenses(ctx, tree)
    _relocate(ctx, target, relocated, parts, own.flags)
    put_licenses(ctx, relocated, tree)
    verified = _verify(ctx, target, tree, parts)
    default, groups = tree_outputs(ctx, tree)[1:]
    made = dist_outputs(ctx, target, tree, parts.layers + parts.runtime, groups.directory, verified)
    archive = made.archives["tar.zst"]
    return [
        tree,
        RelocatableDistInfo(
            archive = archive.archive,
            facts = target.facts,
            host_libraries = target.system_libraries if libc_of(ctx, target) == "host" else [],
            metadata = made.metadata,
            object_format = target.object_format,
            platform = target.name,
            sha256 = archive.sha256,
        ),
        DefaultInfo(files = made.files),
        OutputGroupInfo(
            _validation = depset([verified]),
            archive = depset([archive.archive]),
            tar = depset([tree.tar]),
            tree = default.files,
            **made.groups
        ),
    ]

def _relocate(ctx, target, tree, parts, flags):
    args = tool_args(ctx)
    tree_flags(args, "layer", parts.layers)
    tree_flags(args, "library", parts.libraries)
    tree_flags(args, "runtime", parts.runtime)
    args.add_all(flags, format_each = "--flagfile=%s")
    args.add(target.facts, format = "--target=%s")
    launchers = [target.launcher] if ctx.attr.launcher_kind == "native" else []
    if None in launchers:
        fail("wanted \"sh\", as there is no native launcher for {}".format(target.name), attr = "launcher_kind")
    args.add_all(launchers, format_each = "--launcher=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.launchers.items()], format_each = "--start=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.env.items()], format_each = "--env=%s")
    args.add_all(ctx.attr.env_inherited, format_each = "--inherited=%s")
    if ctx.attr.runtime:
        for name, value in ctx.attr.runtime[PyRuntimeBundleInfo].environment.items():
            if value == None:
                args.add(name, format = "--python_unset=%s")
            else:
                args.add("--python_env={}={}".format(name, value))
    args.add_all(["%s=%s" % pair for pair in ctx.attr.layout.items()], format_each = "--layout=%s")
    args.add(ctx.attr.strip, format = "--strip=%s")
    if ctx.attr.universal:
        if target.object_format == "elf":
            fail("wanted False, as a file for {} is for one machine".format(target.name), attr = "universal")
        args.add("--universal")
    args.add(libc_of(ctx, target), format = "--libc=%s")
    for policy in POLICY_ATTRIBUTES:
        args.add("--{}={}".format(policy, getattr(ctx.attr, policy)))
    args.add(json.encode(ctx.attr.waivers), format = "--waivers=%s")
    args.add(tree.tar, format = "--out=%s")
    args.add(tree.provenance, format = "--provenance=%s")
    run_tool(
        ctx,
        "relocate_tree",
        arguments = [args],
        inputs = tree_files(parts.layers + parts.libraries + parts.runtime) + flags +
                 launchers + [target.facts],
        outputs = tree_files([tree]),
        progress_message = "Relocating %{label}",
    )

def _verify(ctx, target, tree, parts):
    texts = license_texts(ctx) if ctx.attr.license_texts else []
    originals = parts.layers + parts.libraries + parts.runtime + texts
    verified = ctx.actions.declare_file(ctx.label.name + ".verified.json")
    args = tool_args(ctx)
    tree_flags(args, "tree", [tree])
    tree_flags(args, "original", originals)
    args.add(target.facts, format = "--target=%s")
    args.add(libc_of(ctx, target), format = "--libc=%s")
    args.add_all(minimum_flags(ctx, target))
    if "libraries" in ctx.attr.layout:
        args.add(ctx.attr.layout["libraries"], format = "--libraries=%s")
    args.add(json.encode(ctx.attr.waivers), format = "--waivers=%s")
    args.add(verified, format = "--out=%s")
    run_tool(
        ctx,
        "verify_dist",
        arguments = [args],
        inputs = tree_files([tree] + originals) + [target.facts],
        outputs = [verified],
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

All of `layers`, `binaries` and `runtime` is kept, and of `libraries` what their programs and
libraries need. Each program moves to `libexec`, and a native launcher in its place starts it with the
dist's own loader and libc, so that neither those of the host nor their age matter; with
`libc = "host"`, and on macOS, on those of the machine. Libraries find each other by `$ORIGIN`, on macOS
by `@loader_path`. A validation action, part of every build, proves
that nothing outside is asked for.

Gives what `formats` names, each archive with its checksum, and NAME.json, the metadata. Output
groups `tar.gz`, `tar.xz`, `tar.zst` and `zip` have an archive and its checksum, `spdx` and `cyclonedx`
a bill of materials, `licenses` the texts of all licences, named or not;
`archive` NAME.tar.zst alone, `directory` the dist unpacked, `tar` the dist without the directory
NAME around it and not compressed, `tree` that with its provenance. `bazel run :NAME.install -- DIR` installs it (docs/install.md).""",
    attrs = {
        "env": attr.string_dict(
            doc = "Variables for all programs; `{root}` in a value is the dist's directory. Processes " +
                  "that Python code starts don't see them; those that other code starts do.",
        ),
        "env_inherited": attr.string_list(
            doc = "Names of `env` that the processes which a program starts see as well, whoever " +
                  "starts them.",
        ),
        "launcher_kind": attr.string(
            doc = "What launchers are: `native`, a small static program, or `sh`, a script for who wants to " +
                  "read it: slower, and it wants a shell on the machine.",
            default = "native",
            values = ["native", "sh"],
        ),
        "launchers": attr.string_dict(
            doc = "Launchers elsewhere than in the place of their program: the launcher's path, and " +
                  "the path of a program in the layers.",
        ),
        "layers": attr.label_list(
            doc = "Trees that are kept whole. Two that disagree on a path are an error. With a " +
                  "`runtime`, there may be none.",
            aspects = [collect_license_texts],
            providers = [TreeInfo],
        ),
        "layout": attr.string_dict(
            doc = "Where parts go, if not where they do by default: `libraries` (`lib`), the directory " +
                  "for shared libraries and the loader; `programs` (`libexec`), that for programs whose " +
                  "place a launcher takes, or a path with `{name}` in it, such as `bin/{name}-bin`; " +
                  "`runtime` (`.`), that for the Python inside.",
        ),
        "libraries": attr.label_list(
            doc = "Trees from which only the shared libraries are taken that something needs.",
            aspects = [collect_license_texts],
            providers = [TreeInfo],
        ),
        "platform": attr.label(
            doc = "The platform to build for, for example " +
                  "`@rules_relocatable//toolchains:linux_arm64`; by default, that of the build.",
        ),
        "runtime": attr.label(
            doc = "The Python inside, made by `py_runtime_bundle`.",
            aspects = [collect_license_texts],
            providers = [TreeInfo, PyRuntimeBundleInfo],
        ),
        "strip": attr.string(
            doc = "What programs and shared objects lose, before anything else is done to them: " +
                  "`none`, `debug` (debug information, as `strip --strip-debug`) or `all` (symbols " +
                  "too that no loader looks at, as `strip --strip-all`; on macOS, those of nobody " +
                  "else, as `strip -x`).",
            default = "none",
            values = ["none", "debug", "all"],
        ),
        "universal": attr.bool(
            doc = "For macOS: whether files for several machines stay so. By default, only what is for " +
                  "the platform's is kept of them.",
        ),
        "waivers": attr.string_dict(
            doc = "What VerifyDist would refuse, and is meant: a pattern of paths in the dist, and " +
                  "`CHECK: REASON`, for example " +
                  "`{\"share/qemu/*.elf\": \"foreign-machine: firmware of the machines that it emulates\"}`. " +
                  "CHECK is `build-path`, `dangling-link` or `foreign-machine`, or several of these with " +
                  "commas. One that waives nothing is an error; the metadata keeps all.",
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_relocate_tree": tool("relocate_tree"),
        "_verify_dist": tool("verify_dist"),
    } | TREE_ATTRIBUTES | BINARIES_ATTRIBUTES | LIBC_ATTRIBUTES | POLICY_ATTRIBUTES | DIST_OUTPUT_ATTRIBUTES,
    cfg = _platform_transition,
    provides = [TreeInfo, RelocatableDistInfo],
    toolchains = [_TOOLCHAIN],
)
