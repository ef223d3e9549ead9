"""What a package says of itself, without the package being unpacked."""

load("//rules/private:tool.bzl", "run_tool", "tool", "tool_args")

_ENDINGS = {"control": ".json", "copyright": ".txt"}

def _deb_info_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + _ENDINGS[ctx.attr.what])
    args = tool_args(ctx)
    args.add(ctx.file.deb, format = "--deb=%s")
    args.add(out, format = "--{}=%s".format(ctx.attr.what))
    run_tool(
        ctx,
        "deb_info",
        arguments = [args],
        inputs = [ctx.file.deb],
        outputs = [out],
        progress_message = "Reading %{label}",
    )
    return [DefaultInfo(files = depset([out]))]

deb_info = rule(
    implementation = _deb_info_impl,
    doc = "A package's control data as JSON, or its copyright file.",
    attrs = {
        "deb": attr.label(doc = "The .deb file.", mandatory = True, allow_single_file = [".deb"]),
        "what": attr.string(doc = "Which of the two.", mandatory = True, values = _ENDINGS.keys()),
        "_deb_info": tool("deb_info"),
    },
)
