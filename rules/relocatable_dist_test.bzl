"""Moves a dist and runs it."""

load("@rules_python//python:defs.bzl", "py_test")
load("//rules:providers.bzl", "RelocatableDistInfo")

# All of them. tools/relocatable/conditions.py says what each is, and refuses others.
CONDITIONS = [
    "plain",
    "spaces",
    "unicode",
    "long_path",
    "colon",
    "link",
    "relative",
    "read_only",
    "decoys",
    "at_once",
    "moved",
]

_NEEDS_HOST = "{} runs on the C library of the machine (libc = \"host\"), which an empty root has not"

_NOT_RUN = "{} is for macOS, and no test runs that: it is looked into on any host, without a {}"

def _spec_impl(ctx):
    spec = ctx.actions.declare_file(ctx.label.name + ".json")
    archive = ctx.attr.dist[RelocatableDistInfo].archive
    emulator = ctx.file.emulator
    if ctx.attr.empty_root and ctx.attr.dist[RelocatableDistInfo].host_libraries:
        fail(_NEEDS_HOST.format(ctx.attr.dist.label), attr = "empty_root")
    if ctx.attr.dist[RelocatableDistInfo].object_format == "mach-o":
        for attribute in ["emulator", "empty_root"]:
            if getattr(ctx.attr, attribute):
                fail(_NOT_RUN.format(ctx.attr.dist.label, attribute), attr = attribute)
    ctx.actions.write(spec, json.encode_indent({
        "archive": archive.short_path,
        "command": ctx.attr.command,
        "conditions": ctx.attr.conditions,
        "empty_root": ctx.attr.empty_root,
        "emulator": emulator.short_path if emulator else None,
        "env": ctx.attr.env,
        "exit_code": ctx.attr.exit_code,
        "host_libraries": ctx.attr.dist[RelocatableDistInfo].host_libraries,
        "object_format": ctx.attr.dist[RelocatableDistInfo].object_format,
        "output": ctx.attr.output,
    }) + "\n")
    files = [spec, archive] + ([emulator] if emulator else [])
    return [DefaultInfo(files = depset([spec]), runfiles = ctx.runfiles(files))]

_spec = rule(
    implementation = _spec_impl,
    doc = "Writes what relocatable_dist_test runs and expects.",
    attrs = {
        "command": attr.string_list(mandatory = True, allow_empty = False, doc = "Program and arguments."),
        "conditions": attr.string_list(mandatory = True, doc = "What is tried."),
        "dist": attr.label(mandatory = True, providers = [RelocatableDistInfo], doc = "The dist."),
        "empty_root": attr.bool(doc = "Whether there is nothing but the dist."),
        "emulator": attr.label(allow_single_file = True, doc = "A user-mode emulator."),
        "env": attr.string_dict(doc = "The environment."),
        "exit_code": attr.int(doc = "The status that is wanted."),
        "output": attr.string_list(doc = "Texts that are wanted."),
    },
)

def relocatable_dist_test(
        name,
        dist,
        command,
        output = [],
        exit_code = 0,
        env = {},
        empty_root = False,
        emulator = None,
        conditions = CONDITIONS,
        **kwargs):
    """Unpacks a dist and runs a program of it: moved about, and in conditions that break others.

    The program sees no variable but those given here, and the test fails if its loader's own trace
    names a file that is not in the dist.

    A dist for macOS is unpacked and looked into instead, on any host: whether `command` is in it, whether
    all that is loaded is, and whether the signatures are right. `output`, `exit_code`, `env` and
    `conditions` are for a Mac to show, see docs/macos.md.

    Args:
        name: a unique name for this target.
        dist: label of a `relocatable_dist`.
        command: path of a program in the dist, and its arguments.
        output: texts that its stdout or stderr have to contain; `{root}` in them is the dist's path.
        exit_code: the exit status that is wanted.
        env: the program's environment.
        empty_root: whether to run it where there is nothing but the dist, /proc and /dev; this
            needs the right to make a mount namespace.
        emulator: label of a user-mode emulator (a static qemu-ARCH), for a dist of another machine.
        conditions: in what it is tried, one after the other; all by default, see
            docs/relocatable_dist_test.md.
        **kwargs: passed on to `py_test`, for example `size` or `target_compatible_with`.
    """
    common = {key: kwargs[key] for key in ["tags", "target_compatible_with", "visibility"] if key in kwargs}
    _spec(
        name = name + ".spec",
        testonly = True,
        dist = dist,
        command = command,
        conditions = conditions,
        output = output,
        exit_code = exit_code,
        env = env,
        empty_root = empty_root,
        emulator = emulator,
        **common
    )
    py_test(
        name = name,
        srcs = [Label("//tools:relocatable_dist_test.py")],
        main = Label("//tools:relocatable_dist_test.py"),
        args = ["--spec=$(rootpath :{}.spec)".format(name)],
        data = [":{}.spec".format(name)],
        legacy_create_init = 0,
        deps = [Label("//tools/relocatable")],
        **kwargs
    )
