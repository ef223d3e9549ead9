"""Python sources, as the tools want to be told of them."""

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
