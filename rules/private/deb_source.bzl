"""What a module declares of the archives that its locks take packages from."""

# Stands in a mirror's URL for the moment whose state is wanted.
SNAPSHOT = "{snapshot}"

# A keyring that tools/relocatable/apt/keyrings has.
_INCLUDED = ["debian"]

# As in tools/relocatable/deb_lock/declaration.py.
_PRIORITY = 500

# What a lock need not say of a source, as locks of earlier days do not.
OPTIONAL = {
    "allow_expired": False,
    "allow_unsigned": False,
    "architectures": [],
    "keyring": "",
    "mirrors": [],
    "priority": _PRIORITY,
    "release_suite": "",
    "snapshot": "",
}

source_tag = tag_class(
    doc = "An archive that locks take packages from: one suite of it. Each module names its own.",
    attrs = {
        "allow_expired": attr.bool(
            doc = "A state of the archive will do that was meant to be replaced by now.",
        ),
        "allow_unsigned": attr.bool(
            doc = "Nobody's signature is wanted: a lock is then as good as the network and the mirror " +
                  "were when it was made.",
        ),
        "architectures": attr.string_list(
            doc = "Debian architectures that a lock takes from it; none stands for all of the lock's.",
        ),
        "components": attr.string_list(
            doc = "Components of the suite. None for a flat repository.",
        ),
        "keyring": attr.string(
            doc = "Whose signatures are good: \"debian\" for Debian's own keys, or a file of public " +
                  "keys in this module, as \"//keys:vendor.asc\". A source of locks has it, or " +
                  "`allow_unsigned`.",
        ),
        "mirrors": attr.string_list(
            doc = "Public http(s) URLs of the archive's root. They are tried in this order, after " +
                  "`--repo_env=RELOCATABLE_DEB_MIRROR_<NAME>` and the machine's own apt. A password " +
                  "comes from the user's .netrc, or Bazel's `--credential_helper`.",
        ),
        "name": attr.string(
            doc = "What locks call the source: a-z, 0-9 and -.",
            mandatory = True,
        ),
        "priority": attr.int(
            default = _PRIORITY,
            doc = "What has less than the others is used for pins, and for what they can't give.",
        ),
        "release_suite": attr.string(
            doc = "The Suite or Codename in its Release file, if neither is `suite`: \"7.0\" where that " +
                  "is \"bookworm/vendor/7.0\". \"-\" if the file has neither. Something else is an error.",
        ),
        "snapshot": attr.string(
            doc = "A moment like \"20260131T000000Z\": what the archive was then. It takes the place " +
                  "of \"{snapshot}\" in each of `mirrors`, which are those of an archive of old " +
                  "states; the machine's own apt is not asked.",
        ),
        "suite": attr.string(
            doc = "Directory below `dists/`. A code name: what \"stable\" means changes. With a slash at " +
                  "its end, a directory below the root: a flat repository, as \"./\" often is.",
            mandatory = True,
        ),
    },
)

def _keyring(tag, place):
    """A keyring's path in the workspace, as a lock has it, or the name of one of ours."""
    if tag.keyring in [""] + _INCLUDED:
        return tag.keyring
    package, _, name = tag.keyring.removeprefix("//").partition(":")
    if not tag.keyring.startswith("//") or not name:
        fail("{}: keyring: wanted \"{}\", or a file of this module as \"//keys:vendor.asc\", found \"{}\"".format(
            place,
            "\", \"".join(_INCLUDED),
            tag.keyring,
        ))
    return "/".join([part for part in (package, name) if part])

def _source(tag, place):
    if tag.keyring and tag.allow_unsigned:
        fail("{}: wanted keyring or allow_unsigned, found both".format(place))
    for url in tag.mirrors:
        if (SNAPSHOT in url) != bool(tag.snapshot):
            fail("{}: wanted snapshot, and {} in each of mirrors, or neither; found snapshot \"{}\", mirror {}".format(
                place,
                SNAPSHOT,
                tag.snapshot,
                url,
            ))
    return {
        "allow_expired": tag.allow_expired,
        "allow_unsigned": tag.allow_unsigned,
        "architectures": tag.architectures,
        "components": tag.components,
        "keyring": _keyring(tag, place),
        "mirrors": tag.mirrors,
        "name": tag.name,
        "priority": tag.priority,
        "release_suite": tag.release_suite,
        "snapshot": tag.snapshot,
        "suite": tag.suite,
    }

def read_sources(module):
    """Reads what a module declares.

    Args:
        module: One of a module extension's modules.

    Returns:
        A dict from each source's name to the source, in the words of a lock.
    """
    sources = {}
    for tag in module.tags.source:
        place = "debs.source(name = \"{}\") in {}".format(tag.name, module.name)
        if tag.name in sources:
            fail(place + " stands there twice")
        sources[tag.name] = _source(tag, place)
    return sources

def sources_of(tag, module, sources):
    """The sources that a lock is to have.

    Args:
        tag: The lock's.
        module: Whose it is.
        sources: What `read_sources` gives.

    Returns:
        A list of them; the earlier wins between equal versions.
    """
    place = "debs.lock(name = \"{}\") in {}".format(tag.name, module.name)
    names = tag.sources or sources.keys()
    if not names:
        fail("{}: wanted a debs.source(…) in the same module, found none".format(place))
    for name in names:
        if name not in sources:
            fail("{}: wanted sources of this module, found \"{}\"; there are {}".format(
                place,
                name,
                sources.keys(),
            ))
        if not sources[name]["keyring"] and not sources[name]["allow_unsigned"]:
            fail(("{}: wanted a source that says whom to believe, found neither: give debs.source(name = " +
                  "\"{}\") keyring = \"debian\" if it is Debian's, keyring = \"//keys:vendor.asc\" (a file), " +
                  "or allow_unsigned = True").format(place, name))
    return [sources[name] for name in names]

def difference(module, locked):
    """Says where a lock's sources differ from what its module declares.

    Mirrors may: what a file is, its digest says.

    Args:
        module: What `sources_of` gives.
        locked: The lock's sources.

    Returns:
        A text, or None if they are the same.
    """
    names = [source["name"] for source in module]
    found = [source["name"] for source in locked]
    if names != found:
        return "wanted the sources {}, as in MODULE.bazel, found {}".format(names, found)
    for source, before in zip(module, [OPTIONAL | source for source in locked]):
        others = [
            key
            for key in source
            if key != "mirrors" and source[key] != before[key]
        ]
        if others:
            return "wanted debs.source(name = \"{}\", {}), as in MODULE.bazel, found {}".format(
                source["name"],
                _call(source, others),
                _call(before, others),
            )
    return None

def said(source):
    """What a source says beyond what goes without saying.

    Args:
        source: In the words of a lock.

    Returns:
        The same, shorter.
    """
    return {key: value for key, value in source.items() if value != OPTIONAL.get(key, None)}

def _call(source, keys):
    return ", ".join(["{} = {}".format(key, repr(source[key])) for key in keys])

def expand(url, snapshot):
    """A mirror's URL, for the moment that is wanted.

    Args:
        url: With or without a place for it.
        snapshot: The moment, or "".

    Returns:
        A URL.
    """
    return url.replace(SNAPSHOT, snapshot)
