"""What comes out of the finished tree of a dist; each file is an action of its own."""

load("//rules:providers.bzl", "PyRuntimeBundleInfo")
load("//rules/private:dist_deb.bzl", "DEB", "DEB_ATTRIBUTES", "dist_deb")
load("//rules/private:dist_licenses.bzl", "LICENSES", "LICENSES_ATTRIBUTES", "dist_licenses", "license_texts")
load("//rules/private:dist_report.bzl", "REPORT_ATTRIBUTES", "REPORT_FORMATS", "dist_reports")
load("//rules/private:dist_sbom.bzl", "SBOM_ATTRIBUTES", "SBOM_FORMATS", "dist_sboms")
load("//rules/private:libc.bzl", "libc_of")
load("//rules/private:tool.bzl", "dist_name", "run_tool", "tool", "tool_args")
load("//rules/private:tree.bzl", "tree_files", "tree_flags")
load("//rules/private:version.bzl", "VERSION")

# Levels of each archive's compressor, by compilation mode: fast while developing, small when
# released.
_LEVELS = {
    "tar.gz": {"dbg": 6, "fastbuild": 6, "opt": 9},
    "tar.xz": {"dbg": 1, "fastbuild": 1, "opt": 9},
    "tar.zst": {"dbg": 3, "fastbuild": 3, "opt": 19},
    "zip": {"dbg": 6, "fastbuild": 6, "opt": 9},
}

_DIRECTORY = "directory"

ARCHIVES = _LEVELS.keys()

ARCHIVE_ATTRIBUTES = {
    "compression_level": attr.int(
        doc = "zstd's level, 1 to 22; 0 means 3, or 19 with `-c opt`.",
        default = 0,
        values = list(range(23)),
    ),
    "formats": attr.string_list(
        doc = "What a plain build makes of the dist: archives, each with its checksum (`tar.gz`, " +
              "`tar.xz`, `tar.zst`, `zip`; `deb`, for which there has to be `deb`), SBOMs (`cyclonedx`, `spdx`), `licenses`, reports " +
              "(`linkage`, `report`), and `directory`. Whatever is not named here can " +
              "still be asked for, as an output group of that name.",
        default = ["tar.zst"],
    ),
    "_dist_archive": tool("dist_archive"),
}

DIST_OUTPUT_ATTRIBUTES = ARCHIVE_ATTRIBUTES | {
    "_dist_metadata": tool("dist_metadata"),
} | DEB_ATTRIBUTES | LICENSES_ATTRIBUTES | REPORT_ATTRIBUTES | SBOM_ATTRIBUTES

def dist_outputs(ctx, target, tree, kept, directory, verified):
    """Declares all that can be made of a dist.

    Args:
        ctx: the rule's context; its attributes include DIST_OUTPUT_ATTRIBUTES.
        target: TargetFactsInfo.
        tree: TreeInfo of the dist.
        kept: list of TreeInfo: what it was asked to keep.
        directory: depset with the dist, unpacked.
        verified: File that says what was proved of it.

    Returns:
        struct: `archives`, dict of format to struct(archive, sha256); `metadata`, File; `files`, depset
            of what a plain build makes; `groups`, dict of output groups.
    """
    known = [_DIRECTORY, DEB, LICENSES] + _LEVELS.keys() + REPORT_FORMATS + SBOM_FORMATS
    for form in ctx.attr.formats:
        if form not in known:
            fail("wanted some of {}, found {}".format(", ".join(known), repr(form)), attr = "formats")
    texts = license_texts(ctx)
    archives = {form: dist_archive(ctx, target, tree, form) for form in _LEVELS}
    deb = dist_deb(ctx, target, tree, texts, {"xz": _level(ctx, "tar.xz"), "zst": _level(ctx, "tar.zst")})
    if deb:
        archives[DEB] = deb
    named = [archives[form] for form in archives if form in ctx.attr.formats]
    metadata = _metadata(ctx, target, tree, verified, named)
    groups = {form: depset([made.archive, made.sha256]) for form, made in archives.items()}
    sboms = dist_sboms(ctx, target, tree, texts)
    groups |= {form: depset([document]) for form, document in sboms.items()}
    groups[LICENSES] = depset([dist_licenses(ctx, tree, texts)])
    reports = dist_reports(ctx, target, tree, kept, metadata)
    groups |= {form: depset([report]) for form, report in reports.items()}
    groups[_DIRECTORY] = directory
    return struct(
        archives = archives,
        files = depset([metadata], transitive = [groups[form] for form in ctx.attr.formats]),
        groups = groups,
        metadata = metadata,
    )

def dist_archive(ctx, target, tree, form):
    """Declares an archive of a tree, and its checksum.

    Args:
        ctx: the rule's context; its attributes include ARCHIVE_ATTRIBUTES.
        target: TargetFactsInfo or RelocatableDistInfo: what has `facts`.
        tree: TreeInfo.
        form: one of ARCHIVES.

    Returns:
        struct of Files `archive` and `sha256`.
    """
    archive = ctx.actions.declare_file("{}.{}".format(ctx.label.name, form))
    sha256 = ctx.actions.declare_file("{}.{}.sha256".format(ctx.label.name, form))
    args = tool_args(ctx)
    args.add(tree.tar, format = "--tar=%s")
    args.add(target.facts, format = "--target=%s")
    args.add(dist_name(ctx), format = "--name=%s")
    args.add(form, format = "--format=%s")
    args.add(_level(ctx, form), format = "--level=%s")
    args.add(archive, format = "--out=%s")
    args.add(sha256, format = "--sha256=%s")
    run_tool(
        ctx,
        "dist_archive",
        arguments = [args],
        inputs = [tree.tar, target.facts],
        outputs = [archive, sha256],
        progress_message = "Compressing %{label} to %{output}",
        resource_set = _parallel if form == "tar.zst" else _alone,
    )
    return struct(archive = archive, sha256 = sha256)

def _level(ctx, form):
    level = _LEVELS[form][ctx.var["COMPILATION_MODE"]]
    return ctx.attr.compression_level or level if form == "tar.zst" else level

def _metadata(ctx, target, tree, verified, archives):
    metadata = ctx.actions.declare_file(ctx.label.name + ".json")
    args = tool_args(ctx)
    tree_flags(args, "tree", [tree])
    args.add(verified, format = "--verified=%s")
    for made in archives:
        args.add_joined([made.archive, made.sha256], join_with = "=", format_joined = "--archive=%s")
    args.add(target.facts, format = "--target=%s")
    args.add(dist_name(ctx), format = "--name=%s")
    args.add(libc_of(ctx, target), format = "--libc=%s")
    if ctx.attr.runtime:
        version = ctx.attr.runtime[PyRuntimeBundleInfo].python_version
        args.add(version, format = "--python_version=%s")
    args.add(VERSION, format = "--tool_version=%s")
    args.add(metadata, format = "--out=%s")
    files = [file for made in archives for file in [made.archive, made.sha256]]
    run_tool(
        ctx,
        "dist_metadata",
        arguments = [args],
        inputs = tree_files([tree]) + files + [verified, target.facts],
        outputs = [metadata],
        progress_message = "Describing %{label}",
    )
    return metadata

def _parallel(_os, _inputs):
    # A worker per core; zstd -19 holds some 200 MiB for each.
    return {"cpu": 2, "memory": 768}

def _alone(_os, _inputs):
    # xz -9 holds 700 MiB.
    return {"cpu": 1, "memory": 768}
