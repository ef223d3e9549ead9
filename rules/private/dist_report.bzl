"""Reports of a dist: what links to what and why, and a page with everything at a glance."""

load("//rules/private:libc.bzl", "libc_of")
load("//rules/private:tool.bzl", "run_tool", "shown_label", "tool", "tool_args")
load("//rules/private:tree.bzl", "tree_files", "tree_flags")

# What `formats` calls them, and what their files end with.
_SUFFIXES = {
    "linkage": ".linkage.json",
    "report": ".report.html",
}

REPORT_FORMATS = _SUFFIXES.keys()

REPORT_ATTRIBUTES = {
    "previous": attr.label(
        doc = "Metadata (NAME.json) of a former dist: the report's page tells what has changed since.",
        allow_single_file = [".json"],
    ),
    "_dist_report": tool("dist_report"),
}

def dist_reports(ctx, target, tree, kept, metadata):
    """Declares the reports of a dist.

    Args:
        ctx: the rule's context; its attributes include REPORT_ATTRIBUTES.
        target: TargetFactsInfo.
        tree: TreeInfo of the dist.
        kept: list of TreeInfo: what it was asked to keep.
        metadata: File.

    Returns:
        dict of format to File.
    """
    previous = [ctx.file.previous] if ctx.file.previous else []
    return {
        "linkage": _report(ctx, target, tree, kept, "linkage", [], []),
        "report": _report(ctx, target, tree, kept, "page", [metadata], previous),
    }

def _report(ctx, target, tree, kept, kind, metadata, previous):
    suffix = _SUFFIXES["linkage" if kind == "linkage" else "report"]
    report = ctx.actions.declare_file(ctx.label.name + suffix)
    records = [each.provenance for each in kept]
    args = tool_args(ctx)
    tree_flags(args, "tree", [tree])
    for record in records:
        label = shown_label(record.owner).replace("%", "%%")
        args.add(record, format = "--kept=%s=" + label)
    args.add(target.facts, format = "--target=%s")
    args.add(libc_of(ctx, target), format = "--libc=%s")
    if "libraries" in ctx.attr.layout:
        args.add(ctx.attr.layout["libraries"], format = "--libraries=%s")
    args.add_all(metadata, format_each = "--metadata=%s")
    args.add_all(previous, format_each = "--previous=%s")
    args.add(report, format = "--" + kind + "=%s")
    run_tool(
        ctx,
        "dist_report",
        arguments = [args],
        inputs = tree_files([tree]) + records + metadata + previous + [target.facts],
        outputs = [report],
        progress_message = "Reporting on %{label}",
    )
    return report
