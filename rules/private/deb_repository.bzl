"""One .deb file as a repository: fetched when a build first needs it, and nothing else done to it."""

load("//rules/private:apt_sources.bzl", "apt_mirrors")

# One line, because Bazel shows it three times; the warnings before it say what each server answered.
_FAILED = "{package} {version} for {architecture} ({path}, {bytes} bytes, sha256 {sha256}) could not \
be fetched from {urls}. If the archive has dropped this version, or has other bytes of it now, lock the \
one that it has now: {update} ; if another mirror has it: --repo_env={variable}=URL"

_NO_MIRROR = "the source {source} ({suite} {components}) has no mirror: give debs.source(name = \
\"{source}\") some, or set --repo_env={variable}=URL"

_BUILD = """package(default_visibility = ["//visibility:public"])

exports_files(["{file}"])

alias(
    name = "deb",
    actual = "{file}",
)
"""

def _deb_repository_impl(ctx):
    attr = ctx.attr
    variable = "RELOCATABLE_DEB_MIRROR_" + attr.source.upper().replace("-", "_")
    override = ctx.os.environ.get(variable)
    mirrors = ([override] if override else []) + \
              apt_mirrors(ctx, attr.suite, attr.components) + \
              attr.mirrors
    if not mirrors:
        fail(_NO_MIRROR.format(
            components = " ".join(attr.components),
            source = attr.source,
            suite = attr.suite,
            variable = variable,
        ))
    mirrors = {mirror.rstrip("/"): None for mirror in mirrors}.keys()
    urls = ["{}/{}".format(mirror, attr.path) for mirror in mirrors]
    file = attr.path.rpartition("/")[2]
    if not ctx.download(url = urls, output = file, sha256 = attr.sha256, allow_fail = True).success:
        fail(_FAILED.format(
            architecture = attr.architecture,
            bytes = attr.bytes,
            package = attr.package,
            path = attr.path,
            sha256 = attr.sha256,
            update = attr.update,
            urls = ", ".join(mirrors),
            variable = variable,
            version = attr.version,
        ))
    ctx.file("BUILD.bazel", _BUILD.format(file = file))

    # Bazel before 8.3 has no repo_metadata; there nothing is the same as `reproducible`.
    return ctx.repo_metadata(reproducible = True) if hasattr(ctx, "repo_metadata") else None

# The environment variable is not declared (`environ`), for the reason that apt's files aren't watched.
deb_repository = repository_rule(
    implementation = _deb_repository_impl,
    doc = "The .deb file of one package, as `//:deb` and under its own name.",
    attrs = {
        "architecture": attr.string(doc = "The package's own architecture.", mandatory = True),
        # Bazel (7.7.1) crashes on a repository rule with an attribute called `size`.
        "bytes": attr.string(doc = "Size of the file, which may not fit into an int attribute.", mandatory = True),
        "components": attr.string_list(doc = "Components of the source.", mandatory = True),
        "mirrors": attr.string_list(doc = "Public mirrors of the archive."),
        "package": attr.string(doc = "The package's name.", mandatory = True),
        "path": attr.string(doc = "Path below the archive's root.", mandatory = True),
        "sha256": attr.string(doc = "Digest of the file.", mandatory = True),
        "source": attr.string(doc = "Name of the source.", mandatory = True),
        "suite": attr.string(doc = "Suite of the source.", mandatory = True),
        "update": attr.string(doc = "The command that refreshes the lock.", mandatory = True),
        "version": attr.string(doc = "The package's version.", mandatory = True),
    },
)
