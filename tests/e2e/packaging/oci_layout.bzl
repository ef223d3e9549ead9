"""An image of layers, as a directory; where rules_oci can be had, its oci_image does it."""

def _oci_layout_impl(ctx):
    layout = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add(layout.path, format = "--out=%s")
    args.add(ctx.attr.architecture, format = "--architecture=%s")
    args.add_all(ctx.attr.entrypoint, format_each = "--entrypoint=%s")
    args.add_all(ctx.files.tars)
    ctx.actions.run(
        executable = ctx.executable._oci_layout,
        arguments = [args],
        inputs = ctx.files.tars,
        outputs = [layout],
        mnemonic = "OciLayout",
    )
    return [DefaultInfo(files = depset([layout]))]

oci_layout = rule(
    implementation = _oci_layout_impl,
    doc = "Makes an OCI image layout of layers.",
    attrs = {
        "architecture": attr.string(doc = "As Go calls it.", mandatory = True),
        "entrypoint": attr.string_list(doc = "The command that a container runs.", mandatory = True),
        "tars": attr.label_list(allow_files = [".tar", ".tar.gz"], doc = "The layers, the lowest first.", mandatory = True),
        "_oci_layout": attr.label(cfg = "exec", default = "//:oci_layout", executable = True),
    },
)
