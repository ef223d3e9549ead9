"""What an archive lists now of a package that has vanished from it, in words for the error."""

_VERSION = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~:-"
_SECONDS = 120

# By name, so that no package depends on what is read only when there is nothing else to be done.
_TOOL = Label("//tools:index_now.py")

def index_paths(suite, components, architecture):
    """Where an archive's Packages files are, without what says how they are packed.

    Args:
        suite: A suite, or a flat repository's directory with a slash at its end.
        components: The suite's components.
        architecture: A Debian architecture.

    Returns:
        A list of paths below the archive's root.
    """
    if suite.endswith("/"):
        return [suite.removeprefix("./").removeprefix("/") + "Packages"]
    return ["dists/{}/{}/binary-{}/Packages".format(suite, component, architecture) for component in components]

def listed_now(ctx, mirrors):
    """Says which versions of a package the archive's index has.

    The index is packed in ways that Bazel can't unpack. So this asks the machine's Python, if it has one
    that is new enough: for words only, when all else has failed.

    Args:
        ctx: The context of a repository rule with `package`, `architecture`, `target` and
            SOURCE_ATTRIBUTES.
        mirrors: URLs of the archive's root.

    Returns:
        A sentence with a space before it; empty if there is nothing to say.
    """
    attr = ctx.attr
    python = ctx.which("python3")
    if not python:
        return ""
    indices = index_paths(attr.suite, attr.components, attr.target)
    done = ctx.execute(
        # Without what the user has set for other programs, and without leaving bytecode here.
        [python, "-BEs", ctx.path(_TOOL), "--package", attr.package, "--architecture", attr.architecture] +
        ["--index=" + path for path in indices] +
        ["--mirror=" + url for url in mirrors],
        timeout = _SECONDS,
    )
    lines = done.stdout.splitlines()
    if done.return_code or not lines:
        return ""

    # They end up in a message; the index is nobody's we know.
    versions = [version for version in lines[1:] if version and not version.strip(_VERSION)]
    return " What {} lists now (unverified) is {}.".format(
        lines[0],
        " and ".join([attr.package + " " + version for version in versions]) or "no " + attr.package,
    )
