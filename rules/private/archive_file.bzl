"""One file of a Debian archive as a repository: a source tarball, for example."""

load("//rules/private:archive_mirrors.bzl", "SOURCE_ATTRIBUTES", "archive_mirrors", "fetch_from_archive", "mirror_variable", "reproducible")
load("//rules/private:generated.bzl", "build_file", "call")

_FAILED = "{path} (sha256 {sha256}) could not be fetched from {urls}. If the archive has dropped it, \
change debs.file(name = \"{name}\"); if another mirror has it: --repo_env={variable}=URL"

def _archive_file_impl(ctx):
    attr = ctx.attr
    mirrors = archive_mirrors(ctx)
    file = fetch_from_archive(ctx, mirrors)
    if not file:
        fail(_FAILED.format(
            name = attr.declared_name,
            path = attr.path,
            sha256 = attr.sha256,
            urls = ", ".join(mirrors),
            variable = mirror_variable(attr.source),
        ))
    ctx.file("BUILD.bazel", build_file([
        call("package", default_visibility = ["//visibility:public"]),
        call("exports_files", [file]),
        call("alias", name = "file", actual = file),
    ]))
    return reproducible(ctx)

archive_file = repository_rule(
    implementation = _archive_file_impl,
    doc = "A file of an archive, as `//:file` and under its own name.",
    attrs = {
        "declared_name": attr.string(doc = "What its declaration calls it.", mandatory = True),
    } | SOURCE_ATTRIBUTES,
)
