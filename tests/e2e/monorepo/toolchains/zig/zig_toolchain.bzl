"""A C toolchain of the wheel of Zig: any Linux compiles for each, for a C library of one's choice.

A module of the registry gives the same in a line or two (hermetic_cc_toolchain, toolchains_llvm). This
one needs an index of Python packages and nothing else.
"""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "action_config", "feature", "flag_group", "flag_set", "tool")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/toolchains:cc_toolchain.bzl", "cc_toolchain")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")

_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
]

_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

_FLAGS = [
    "-O2",
    "-g0",
    "-fno-sanitize=all",
]

# At any time.
_SAME_BYTES = [
    "-Wno-builtin-macro-redefined",
    '-D__DATE__="redacted"',
    '-D__TIME__="redacted"',
    '-D__TIMESTAMP__="redacted"',
]

# Zig keeps what it makes for itself, the start files of a C library for example. Its own files would be
# where it really lies, which is no path of a sandbox.
_DRIVER = """#!/bin/sh
export ZIG_GLOBAL_CACHE_DIR="${{TMPDIR:-/tmp}}/zig" ZIG_LOCAL_CACHE_DIR="${{TMPDIR:-/tmp}}/zig"
export ZIG_LIB_DIR={directory}/lib
exec {directory}/zig {command} "$@"
"""

def _driver_impl(ctx):
    files = ctx.attr.zig[DefaultInfo].default_runfiles.files
    zig = [file for file in files.to_list() if file.path.endswith("/ziglang/zig")][0]
    driver = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        driver,
        _DRIVER.format(command = ctx.attr.command, directory = zig.dirname),
        is_executable = True,
    )
    return [DefaultInfo(executable = driver, files = depset([driver], transitive = [files]))]

_driver = rule(
    implementation = _driver_impl,
    doc = "A command of Zig as a program of its own.",
    attrs = {
        "command": attr.string(doc = "With arguments.", mandatory = True),
        "zig": attr.label(doc = "A library with the wheel `ziglang`.", mandatory = True),
    },
    executable = True,
)

def _config_impl(ctx):
    compile = tool(tool = ctx.executable.compiler)
    archive = tool(tool = ctx.executable.archiver)
    archive_flags = flag_set(flag_groups = [
        flag_group(flags = ["rcsD", "%{output_execpath}"], expand_if_available = "output_execpath"),
        flag_group(
            flags = ["%{libraries_to_link.name}"],
            expand_if_available = "libraries_to_link",
            iterate_over = "libraries_to_link",
        ),
    ])
    return cc_common.create_cc_toolchain_config_info(
        action_configs = [action_config(name, tools = [compile], enabled = True) for name in _COMPILE + _LINK] + [
            action_config(
                ACTION_NAMES.cpp_link_static_library,
                enabled = True,
                flag_sets = [archive_flags],
                implies = ["archiver_flags"],
                tools = [archive],
            ),
        ],
        ctx = ctx,
        compiler = "zig",
        features = [
            # Bazel's own would come first.
            feature("archiver_flags"),
            feature(
                "defaults",
                enabled = True,
                flag_sets = [
                    flag_set(_COMPILE, flag_groups = [flag_group(flags = _FLAGS + _SAME_BYTES)]),
                    # Else Zig makes its part of the C library slowly, for debugging.
                    flag_set(_LINK, flag_groups = [flag_group(flags = _FLAGS)]),
                ],
            ),
            feature("supports_pic", enabled = True),
        ],
        target_cpu = ctx.attr.target.partition("-")[0],
        target_libc = "glibc",
        target_system_name = ctx.attr.target,
        toolchain_identifier = ctx.attr.target,
    )

_config = rule(
    implementation = _config_impl,
    doc = "How Bazel is to call the compiler.",
    attrs = {
        "archiver": attr.label(cfg = "exec", doc = "ar.", executable = True, mandatory = True),
        "compiler": attr.label(cfg = "exec", doc = "cc.", executable = True, mandatory = True),
        "target": attr.string(doc = "As in `zig cc -target`.", mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)

def zig_toolchain(name, target, constraints, zig):
    """Declares a C toolchain.

    Args:
        name: of the target to register.
        target: machine and C library: `x86_64-linux-gnu.2.36`.
        constraints: of the platforms that it is for.
        zig: a library with the wheel `ziglang`.
    """
    _driver(name = name + "_cc", command = "cc -target " + target, zig = zig)
    _driver(name = name + "_ar", command = "ar", zig = zig)
    native.filegroup(name = name + "_files", srcs = [name + "_cc", name + "_ar"])
    _config(
        name = name + "_config",
        archiver = name + "_ar",
        compiler = name + "_cc",
        target = target,
    )
    cc_toolchain(
        name = name + "_toolchain",
        all_files = name + "_files",
        ar_files = name + "_files",
        as_files = name + "_files",
        compiler_files = name + "_files",
        dwp_files = name + "_files",
        linker_files = name + "_files",
        objcopy_files = name + "_files",
        strip_files = name + "_files",
        toolchain_config = name + "_config",
    )
    native.toolchain(
        name = name,
        target_compatible_with = constraints,
        toolchain = name + "_toolchain",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
