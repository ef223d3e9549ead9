"""Python targets and their sources, as the tools want to be told of them."""

load("@rules_python//python:defs.bzl", "PyInfo")

def imports_flags(ctx, args, imports):
    """Adds `--import=PATH` for each import root, and `--workspace=NAME`, which they begin with.

    Args:
        ctx: the rule's context.
        args: Args.
        imports: list of depset of string, as PyInfo has them.
    """
    args.add_all(depset(transitive = imports), format_each = "--import=%s")
    args.add(ctx.workspace_name, format = "--workspace=%s")

def sources_of(deps):
    """Returns all that Python targets bring.

    Args:
        deps: list of targets with PyInfo.

    Returns:
        depset of File.
    """
    return depset(transitive = [
        files
        for dep in deps
        for files in [dep[PyInfo].transitive_sources, dep[DefaultInfo].default_runfiles.files]
    ])

def source_list(ctx, sources):
    """Returns an Args object with `--sources=FILE`, of a file with a line for each source.

    Args:
        ctx: the rule's context.
        sources: depset of File.

    Returns:
        Args.
    """
    listed = ctx.actions.args()
    listed.set_param_file_format("multiline")
    listed.use_param_file("--sources=%s", use_always = True)
    listed.add_all(sources, map_each = _source, expand_directories = True)
    return listed

def _source(file):
    return file.short_path + "\t" + file.path
