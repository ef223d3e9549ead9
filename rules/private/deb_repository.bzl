"""One .deb file as a repository: fetched when a build first needs it, and nothing else done to it."""

load("//rules/private:archive_mirrors.bzl", "SOURCE_ATTRIBUTES", "archive_mirrors", "fetch_from_archive", "file_urls", "mirror_variable", "reproducible")
load("//rules/private:deb_source.bzl", "expand")
load("//rules/private:generated.bzl", "build_file", "call")
load("//rules/private:index_now.bzl", "listed_now")

# One line, because Bazel shows it three times; the warnings before it say what each server answered.
_FAILED = "{package} {version} for {architecture} ({path}, {bytes} bytes, sha256 {sha256}) could not \
be fetched from {urls}.{listed} If the archive has dropped this version, or has other bytes of it now, lock \
the one that it has now (-- --check only says which): {update} ; if another mirror has it: \
--repo_env={variable}=URL"

_CONTROL = Label("//rules/private:deb_info.bzl")
_RULE = Label("//rules/private:deb_file.bzl")

def _deb_repository_impl(ctx):
    attr = ctx.attr
    mirrors = archive_mirrors(ctx)
    file = fetch_from_archive(ctx, mirrors)
    if not file:
        fail(_FAILED.format(
            architecture = attr.architecture,
            bytes = attr.bytes,
            listed = listed_now(ctx, mirrors),
            package = attr.package,
            path = attr.path,
            sha256 = attr.sha256,
            update = attr.update,
            urls = ", ".join(mirrors),
            variable = mirror_variable(attr.source),
            version = attr.version,
        ))

    # The declared mirror: what this machine had it from is nobody else's business.
    declared = [expand(mirror, attr.snapshot) for mirror in attr.mirrors]
    url = file_urls(declared, attr.path)[0] if declared else ""
    ctx.file("BUILD.bazel", build_file([
        call("load", str(_CONTROL), "deb_info"),
        call("load", str(_RULE), "deb_file"),
        call("package", default_visibility = ["//visibility:public"]),
        call("exports_files", [file]),
        call("deb_file", name = "deb", file = file, url = url, vendor = attr.vendor),
        call("deb_info", name = "control", deb = file, what = "control"),
        call("deb_info", name = "copyright", deb = file, what = "copyright"),
    ]))
    return reproducible(ctx)

deb_repository = repository_rule(
    implementation = _deb_repository_impl,
    doc = "The .deb file of one package, as `//:deb` and under its own name.",
    attrs = {
        "architecture": attr.string(doc = "The package's own architecture.", mandatory = True),
        # Bazel (7.7.1) crashes on a repository rule with an attribute called `size`.
        "bytes": attr.string(doc = "Size of the file, which may not fit into an int attribute.", mandatory = True),
        "package": attr.string(doc = "The package's name.", mandatory = True),
        "target": attr.string(doc = "An architecture whose index has the package.", mandatory = True),
        "update": attr.string(doc = "The command that refreshes the lock.", mandatory = True),
        "vendor": attr.string(doc = "What the archive calls itself.", mandatory = True),
        "version": attr.string(doc = "The package's version.", mandatory = True),
    } | SOURCE_ATTRIBUTES,
)
