"""A .deb file that knows where it is from, and how a rule asks for that."""

_DebOriginInfo = provider(
    doc = "Where .deb files are from.",
    fields = {"origins": "depset of struct(file, vendor, url)."},
)

def _deb_file_impl(ctx):
    origin = struct(file = ctx.file.file, vendor = ctx.attr.vendor, url = ctx.attr.url)
    return [
        DefaultInfo(files = depset([ctx.file.file])),
        _DebOriginInfo(origins = depset([origin])),
    ]

deb_file = rule(
    implementation = _deb_file_impl,
    doc = "A package out of a lock.",
    attrs = {
        "file": attr.label(doc = "The .deb file.", mandatory = True, allow_single_file = [".deb"]),
        "url": attr.string(doc = "Where the declared mirror has it; empty if none is declared."),
        "vendor": attr.string(doc = "What the archive calls itself, for example Debian.", mandatory = True),
    },
)

_CollectedInfo = provider(
    doc = "Where the .deb files of a group are from.",
    fields = {"origins": "depset of struct(file, vendor, url)."},
)

def _collect_impl(target, ctx):
    grouped = getattr(ctx.rule.attr, "srcs", [])
    return [_CollectedInfo(origins = depset(transitive = [
        target[_DebOriginInfo].origins,
    ] if _DebOriginInfo in target else [
        each[_CollectedInfo].origins
        for each in (grouped if type(grouped) == "list" else [])
        if _CollectedInfo in each
    ]))]

# A filegroup, such as `:all` of a lock, passes on files only.
collect_deb_origins = aspect(
    implementation = _collect_impl,
    doc = "Finds where .deb files are from.",
    attr_aspects = ["srcs"],
)

def deb_origin_flags(args, debs):
    """Adds where packages are from to an action's arguments, as `--origin=FILE=VENDOR=URL`.

    Args:
        args: the Args object.
        debs: list of Target, which `collect_deb_origins` has visited.
    """
    origins = depset(transitive = [
        deb[_CollectedInfo].origins
        for deb in debs
        if _CollectedInfo in deb
    ])
    args.add_all(origins, map_each = _flag)

def _flag(origin):
    return "--origin={}={}={}".format(origin.file.path, origin.vendor, origin.url)
