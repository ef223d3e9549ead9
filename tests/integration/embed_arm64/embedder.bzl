"""A C program that embeds Python, compiled for another machine without a toolchain for it."""

load("//rules:providers.bzl", "TreeInfo")

def _embedder_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    tree = ctx.attr.python[TreeInfo]
    args = ctx.actions.args()
    args.add(tree.tar, format = "--python=%s=" + tree.provenance.path)
    args.add(ctx.attr.python_version, format = "--python_version=%s")
    args.add(ctx.attr.target, format = "--target=%s")
    args.add_all(ctx.files.srcs, format_each = "--source=%s")
    args.add_all(ctx.files.hdrs, format_each = "--header=%s")
    args.add(program, format = "--program=%s")
    ctx.actions.run(
        executable = ctx.executable._compile,
        arguments = [args],
        inputs = ctx.files.srcs + ctx.files.hdrs + [tree.tar, tree.provenance],
        outputs = [program],
        env = {},
        mnemonic = "CompileEmbedder",
        progress_message = "Compiling %{label} for " + ctx.attr.target,
    )
    return [DefaultInfo(executable = program, files = depset([program]))]

embedder = rule(
    implementation = _embedder_impl,
    doc = "Compiles a C program that is linked with libpython.",
    attrs = {
        "hdrs": attr.label_list(doc = "Headers.", allow_files = [".h"]),
        "python": attr.label(doc = "A tree with headers and libpython.", providers = [TreeInfo], mandatory = True),
        "python_version": attr.string(doc = "MAJOR.MINOR.", mandatory = True),
        "srcs": attr.label_list(doc = "C sources.", allow_files = [".c"], mandatory = True),
        "target": attr.string(doc = "Machine and C library, as Zig writes them.", mandatory = True),
        "_compile": attr.label(
            default = Label("//tests/integration/embed_arm64:compile_embedder"),
            executable = True,
            cfg = "exec",
        ),
    },
    executable = True,
)
