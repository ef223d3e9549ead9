"""Which archives a machine's apt is set to: sources.list(5), in both of its formats.

`tools/relocatable/apt/sources.py` reads the same files in the same way.
"""

_APT = "/etc/apt"

def _words(text):
    return [word for word in text.replace("\t", " ").split(" ") if word]

def _without_options(line):
    """Takes `[option=value …]` out of a line."""
    before, opened, rest = line.partition("[")
    if not opened:
        return line
    return before + " " + rest.partition("]")[2]

def parse_one_line(text):
    """Reads the one-line format: `deb [option=value …] uri suite component…`.

    Args:
        text: The file's text.

    Returns:
        A list of structs with `uri` (no slash at its end), `suites` and `components`.
    """
    found = []
    for line in text.splitlines():
        words = _words(_without_options(line.partition("#")[0]))
        if len(words) >= 3 and words[0] == "deb":
            found.append(struct(
                uri = words[1].rstrip("/"),
                suites = [words[2]],
                components = words[3:],
            ))
    return found

def parse_deb822(text):
    """Reads the deb822 format: stanzas with Types, URIs, Suites and Components.

    Args:
        text: The file's text.

    Returns:
        As `parse_one_line`.
    """
    found = []
    fields = {}
    last = []

    # A blank line ends a stanza; the one added here ends the last.
    for line in text.splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            found.extend(_entries(fields))
            fields = {}
            last = []
        elif line[0] in " \t":
            last.extend(_words(line))
        else:
            name, _, value = line.partition(":")
            last = _words(value)
            fields[name.strip().lower()] = last
    return found

def _entries(fields):
    if "deb" not in fields.get("types", []) or fields.get("enabled") in (["no"], ["false"]):
        return []
    return [
        struct(
            uri = uri.rstrip("/"),
            suites = fields.get("suites", []),
            components = fields.get("components", []),
        )
        for uri in fields.get("uris", [])
    ]

def select_mirrors(entries, suite, components):
    """The URIs of those entries that have all of a source, in order, each once.

    Only http and https: a transport like `mirror+file:` or `cdrom:` is apt's own. None for a flat
    repository (its suite ends with a slash): nothing but the URL says which one it is.

    Args:
        entries: What the functions above give.
        suite: A suite's name.
        components: Names of components of it.

    Returns:
        A list of URLs.
    """
    found = {}
    for entry in [] if suite.endswith("/") else entries:
        missing = [c for c in components if c not in entry.components]
        if suite in entry.suites and not missing and entry.uri.startswith(("http://", "https://")):
            found[entry.uri] = None
    return found.keys()

def apt_mirrors(ctx, suite, components):
    """URLs of the archives that this machine's apt would take a source from.

    The files are not watched: a digest says what a download has to be, so that where it came from
    can't matter to anything built from it.

    Args:
        ctx: The repository context.
        suite: A suite's name.
        components: Names of components of it.

    Returns:
        A list of URLs; empty where there is no apt.
    """
    paths = [ctx.path(_APT + "/sources.list")]
    parts = ctx.path(_APT + "/sources.list.d")
    if parts.exists:
        paths += sorted(parts.readdir(watch = "no"), key = str)
    entries = []
    for path in paths:
        if not path.exists or path.is_dir:
            continue
        if path.basename.endswith(".list"):
            entries += parse_one_line(ctx.read(path, watch = "no"))
        elif path.basename.endswith(".sources"):
            entries += parse_deb822(ctx.read(path, watch = "no"))
    return select_mirrors(entries, suite, components)
