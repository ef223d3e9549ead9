"""Reads a lock file of Debian packages, as `tools/relocatable/deb_lock` writes it."""

load("//rules/private:deb_source.bzl", "OPTIONAL", "SNAPSHOT", "difference")
load("//rules/private:deb_words.bzl", "WORDS")
load("//rules/private:strict_json.bzl", "BOOLEAN", "INTEGER", "OBJECT", "decode", "fault_of_object", "objects", "shown", "text")

_FORMAT = 1

_LOCK = {
    "declaration": OBJECT,
    "indices": objects(),
    "packages": objects(),
    "version": INTEGER,
}

_LOCK_OPTIONAL = {
    "promises": objects(),
    "source_packages": objects(),
}

# A person may have written it, and left out what is empty.
_DECLARATION = {
    "architectures": text(WORDS.target, least = 1),
    "roots": text(WORDS.name, least = 1),
}

_DECLARATION_OPTIONAL = {
    "exclude": text(WORDS.name, least = 0),
    "pins": text(WORDS.pin, least = 0),
    "recommends": BOOLEAN,
    "sources": objects(least = 1),
    "with_source": text(WORDS.pattern, least = 0),
}

_SOURCE = {
    "allow_expired": BOOLEAN,
    "allow_unsigned": BOOLEAN,
    "architectures": text(WORDS.target, least = 0),
    "components": text(WORDS.component, least = 0),
    "keyring": text(WORDS.keyring),
    "mirrors": text(WORDS.url, least = 0),
    "name": text(WORDS.source),
    "priority": INTEGER,
    "release_suite": text(WORDS.release_suite),
    "snapshot": text(WORDS.moment),
    "suite": text(WORDS.suite),
}

_INDEX = {
    "date": text(WORDS.line),
    "origin": text(WORDS.line),
    "sha256": text(WORDS.sha256),
    "signed_by": text(WORDS.fingerprint, least = 0),
    "source": text(WORDS.source),
}

_PACKAGE = {
    "architecture": text(WORDS.architecture),
    "depends": text(WORDS.name, least = 0),
    "name": text(WORDS.name),
    "path": text(WORDS.deb_path),
    "sha256": text(WORDS.sha256),
    "size": INTEGER,
    "source": text(WORDS.source),
    "targets": text(WORDS.target, least = 1),
    "version": text(WORDS.version),
}

_PROMISE = {
    "name": text(WORDS.name),
    "targets": text(WORDS.target, least = 1),
    "wanted": text(WORDS.line, least = 1),
}

_SOURCE_PACKAGE = {
    "files": objects(least = 1),
    "name": text(WORDS.name),
    "packages": text(WORDS.name, least = 1),
    "source": text(WORDS.source),
    "version": text(WORDS.version),
}

_SOURCE_FILE = {
    "path": text(WORDS.file_path),
    "sha256": text(WORDS.sha256),
    "size": INTEGER,
}

# What a person writes who has none.
_START = {"declaration": {"architectures": ["amd64", "arm64"], "roots": ["PACKAGE"]}}

def read_lock(ctx, label, sources, update):
    """Reads a lock file and checks all of it.

    Args:
        ctx: The module context.
        label: The lock file's label.
        sources: What the module declares, which the lock has to agree with.
        update: The command that makes the lock, for messages.

    Returns:
        A struct with `architectures`, `roots`, `indices`, `packages` and `source_packages` as in the
        file, and `problem`: why nothing of it may be used before it is made anew, or None.
    """
    data = ctx.read(label) if ctx.path(label).exists else ""
    if not data.strip():
        fail("{}: {}, found {}: write into it {}, and run: {}".format(
            label,
            "wanted a lock, or the start of one",
            "an empty file" if ctx.path(label).exists else "no file",
            json.encode(_START),
            update,
        ))
    lock, fault = decode_lock(data)
    if fault.startswith("found a merge conflict"):
        fail("{}: {}: take one side (git checkout --ours FILE, or --theirs), see to it that {}, and run: {}".format(
            label,
            fault,
            "`declaration` says what you want",
            update,
        ))
    if fault.startswith("wanted lock format"):
        fail("{}: {}; use the rules_relocatable that wrote it, or delete it and start anew".format(label, fault))
    if fault:
        fail("{}: {}; correct it, or restore it from version control".format(label, fault))
    if "version" not in lock:
        return _read(lock["declaration"], lock, "is not made yet")
    declaration = lock["declaration"]
    problem = difference(sources, declaration.get("sources", [])) or _contradiction(lock)
    return _read(declaration, lock, problem)

def decode_lock(data):
    """Reads a lock's text, and holds each value to what the tool that makes locks would take.

    Args:
        data: The file's text.

    Returns:
        The lock, or the start of one, as in the file, or None; and what is wrong with it, or "".
    """
    lock, fault = decode(data)
    if fault:
        return None, fault
    if lock.keys() == ["declaration"]:
        fault = _fault_of_declaration(lock["declaration"])
    elif "version" not in lock:
        fault = "wanted a JSON object with a version, or with a declaration alone, found the keys {}".format(
            sorted(lock),
        )
    elif lock["version"] != _FORMAT:
        fault = "wanted lock format {}, found {}".format(_FORMAT, shown(lock["version"]))
    else:
        fault = _fault_of_lock(lock)
    return (None if fault else lock), fault

def _fault_of_lock(lock):
    fault = fault_of_object("the lock", lock, _LOCK, _LOCK_OPTIONAL) or _fault_of_declaration(lock["declaration"])
    for key, fields in {
        "indices": _INDEX,
        "packages": _PACKAGE,
        "promises": _PROMISE,
        "source_packages": _SOURCE_PACKAGE,
    }.items():
        fault = fault or _fault_of_each(key, lock.get(key, []), fields)
    for number, package in enumerate([] if fault else lock.get("source_packages", [])):
        fault = fault or _fault_of_each("source_packages[{}].files".format(number), package["files"], _SOURCE_FILE)
    return fault

def _fault_of_declaration(declaration):
    fault = fault_of_object("declaration", declaration, _DECLARATION, _DECLARATION_OPTIONAL)
    needed = {key: kind for key, kind in _SOURCE.items() if key not in OPTIONAL}
    optional = {key: _SOURCE[key] for key in OPTIONAL}
    sources = declaration.get("sources", [])
    fault = fault or _fault_of_each("declaration.sources", sources, needed, optional)
    if not fault and len({source["name"]: None for source in sources}) != len(sources):
        return "declaration wanted one source of each name, found {}".format([source["name"] for source in sources])
    for number, source in enumerate([] if fault else sources):
        fault = fault or _fault_of_source("declaration.sources[{}]".format(number), OPTIONAL | source)
    return fault

def _fault_of_source(place, source):
    if source["suite"].endswith("/") == bool(source["components"]):
        return "{}: wanted components, or a suite with a slash at its end, which is a flat repository {}".format(
            place,
            "without them",
        )
    if source["keyring"] and source["allow_unsigned"]:
        return "{}: wanted a keyring or allow_unsigned, found both".format(place)
    if any([(SNAPSHOT in url) != bool(source["snapshot"]) for url in source["mirrors"]]):
        return "{}: wanted snapshot, and {} in each of mirrors, or neither".format(place, SNAPSHOT)
    return ""

def _fault_of_each(place, values, fields, optional = {}):
    for number, value in enumerate(values):
        fault = fault_of_object("{}[{}]".format(place, number), value, fields, optional)
        if fault:
            return fault
    return ""

def _read(declaration, lock, problem):
    return struct(
        architectures = declaration["architectures"],
        indices = lock.get("indices", []),
        packages = lock.get("packages", []),
        problem = problem,
        roots = declaration["roots"],
        source_packages = lock.get("source_packages", []),
    )

def _contradiction(lock):
    """What of the declaration is not what the packages were locked for; None if all is."""
    declaration = lock["declaration"]
    sources = [source["name"] for source in declaration.get("sources", [])]
    excluded = declaration.get("exclude", [])
    found = {}
    for package in lock["packages"]:
        if package["name"] in excluded:
            return "{} is excluded, but locked".format(package["name"])
        if package["source"] not in sources:
            return "{}: source {} is not in the declaration".format(package["name"], package["source"])
        for target in package["targets"]:
            if target not in declaration["architectures"]:
                return "{}: target {} is not in the declaration".format(package["name"], target)
            if (package["name"], target) in found:
                return "{}: more than one package for {}".format(package["name"], target)
            found[(package["name"], target)] = None
    for package in lock.get("source_packages", []):
        if package["source"] not in sources:
            return "source {}: source {} is not in the declaration".format(package["name"], package["source"])
    for root in declaration["roots"]:
        for architecture in declaration["architectures"]:
            if (root, architecture) not in found:
                return "{} is in the declaration, but not locked for {}".format(root, architecture)
    return None
