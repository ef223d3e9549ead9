"""Where a file of a Debian archive can be fetched from."""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "read_netrc", "read_user_netrc", "use_netrc")
load("//rules/private:apt_sources.bzl", "apt_mirrors")
load("//rules/private:archive_path.bzl", "file_name", "url_path")
load("//rules/private:deb_source.bzl", "expand")

_NO_MIRROR = "the source {source} ({suite} {components}) has no mirror: give debs.source(name = \
\"{source}\") some, or set --repo_env={variable}=URL"

# What a repository rule needs for it. The environment variable is not declared (`environ`), for the
# reason that apt's files aren't watched.
SOURCE_ATTRIBUTES = {
    "components": attr.string_list(doc = "Components of the source."),
    "mirrors": attr.string_list(doc = "Public mirrors of the archive."),
    "path": attr.string(doc = "Path below the archive's root, not escaped.", mandatory = True),
    "sha256": attr.string(doc = "Digest of the file.", mandatory = True),
    "snapshot": attr.string(doc = "The moment whose state is wanted; empty for now."),
    "source": attr.string(doc = "Name of the source.", mandatory = True),
    "suite": attr.string(doc = "Suite of the source.", mandatory = True),
}

def mirror_variable(source):
    """The environment variable that names a mirror of a source.

    Args:
        source: The source's name.

    Returns:
        A string.
    """
    return "RELOCATABLE_DEB_MIRROR_" + source.upper().replace("-", "_")

def archive_mirrors(ctx):
    """URLs of the archive's root, in the order to try: the user's own, apt's, the declared ones.

    Args:
        ctx: The context of a repository rule with SOURCE_ATTRIBUTES.

    Returns:
        A list of URLs without a slash at the end; fails if there is none.
    """
    attr = ctx.attr
    variable = mirror_variable(attr.source)
    override = ctx.os.environ.get(variable)

    # What apt is set to has what is there now.
    machine = [] if attr.snapshot else apt_mirrors(ctx, attr.suite, attr.components)
    mirrors = ([override] if override else []) + machine + attr.mirrors
    if not mirrors:
        fail(_NO_MIRROR.format(
            components = " ".join(attr.components),
            source = attr.source,
            suite = attr.suite,
            variable = variable,
        ))
    return {expand(mirror, attr.snapshot).rstrip("/"): None for mirror in mirrors}.keys()

def fetch_from_archive(ctx, mirrors):
    """Downloads the file that the attributes name.

    Args:
        ctx: As for `archive_mirrors`.
        mirrors: What that gave.

    Returns:
        The file's name, or None if no mirror has it.
    """
    path = ctx.attr.path
    file = file_name(path)
    return file if download(ctx, file_urls(mirrors, path), file, ctx.attr.sha256) else None

def file_urls(mirrors, path):
    """Where mirrors have a file.

    Args:
        mirrors: URLs of the archive's root.
        path: The file's path below it.

    Returns:
        A list of URLs.
    """
    return ["{}/{}".format(mirror.rstrip("/"), url_path(path)) for mirror in mirrors]

def download(ctx, urls, output, sha256 = ""):
    """Downloads a file, with the user's password where a server wants one.

    Args:
        ctx: The context of a repository rule.
        urls: Where it is; the first that has it is taken.
        output: What to call it.
        sha256: What its bytes have to be, if that matters.

    Returns:
        Whether one had it.
    """
    return ctx.download(
        allow_fail = True,
        # A credential helper is Bazel's own business, and goes first.
        auth = use_netrc(_netrc(ctx), urls, {}),
        output = output,
        sha256 = sha256,
        url = urls,
    ).success

def _netrc(ctx):
    """The user's names and passwords by host, from where curl looks for them, too."""
    path = ctx.os.environ.get("NETRC")
    return read_netrc(ctx, path) if path else read_user_netrc(ctx)

def reproducible(ctx):
    """What a repository rule returns whose attributes decide everything.

    Args:
        ctx: The context of a repository rule.

    Returns:
        The metadata; Bazel before 8.3 has none, and there nothing is the same.
    """
    return ctx.repo_metadata(reproducible = True) if hasattr(ctx, "repo_metadata") else None
