"""A runtime like that of a toolchain of rules_python, which downloads and unpacks such an archive."""

load("@rules_python//python:py_runtime_info.bzl", "PyRuntimeInfo")

_UNPACK = """set -eu
mkdir "$3.all"
tar -xf "$1" -C "$3.all"
cp "$3.all/python/bin/python3.11" "$2"
cp -R "$3.all/python/lib/." "$3"
find "$3" -xtype l -delete
rm -r "$3.all"
"""

def _unpacked_runtime_impl(ctx):
    interpreter = ctx.actions.declare_file(ctx.label.name + ".python/bin/python3.11")
    library = ctx.actions.declare_directory(ctx.label.name + ".python/lib")
    ctx.actions.run_shell(
        inputs = [ctx.file.archive],
        outputs = [interpreter, library],
        command = _UNPACK,
        arguments = [ctx.file.archive.path, interpreter.path, library.path],
    )
    files = depset([interpreter, library])
    runtime = PyRuntimeInfo(
        interpreter = interpreter,
        files = files,
        python_version = "PY3",
    )
    return [DefaultInfo(files = files), runtime, platform_common.ToolchainInfo(py3_runtime = runtime)]

unpacked_runtime = rule(
    implementation = _unpacked_runtime_impl,
    doc = "Unpacks an archive of the layout `install_only`, without what its links in `lib` miss.",
    attrs = {
        "archive": attr.label(
            doc = "The archive.",
            mandatory = True,
            allow_single_file = [".tar"],
        ),
    },
)
