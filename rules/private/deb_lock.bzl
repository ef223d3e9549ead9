"""Reads a lock file of Debian packages, as `tools/relocatable/deb_lock` writes it."""

load("//rules/private:archive_path.bzl", "is_path")
load("//rules/private:deb_hub.bzl", "CPUS")
load("//rules/private:deb_source.bzl", "OPTIONAL", "difference")

_FORMAT = 1

_LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
_NAME = _LOWER + "+.-"

_INDEX = {
    "date": "string",
    "origin": "string",
    "sha256": "string",
    "signed_by": "list",
    "source": "string",
}

_PACKAGE = {
    "architecture": "string",
    "depends": "list",
    "name": "string",
    "path": "string",
    "sha256": "string",
    "size": "int",
    "source": "string",
    "targets": "list",
    "version": "string",
}

_SOURCE_PACKAGE = {
    "files": "list",
    "name": "string",
    "packages": "list",
    "source": "string",
    "version": "string",
}

_SOURCE_FILE = {
    "path": "string",
    "sha256": "string",
    "size": "int",
}

_SOURCE = {
    "allow_expired": "bool",
    "allow_unsigned": "bool",
    "architectures": "list",
    "components": "list",
    "keyring": "string",
    "mirrors": "list",
    "name": "string",
    "priority": "int",
    "release_suite": "string",
    "snapshot": "string",
    "suite": "string",
}

# What a person writes who has none.
_START = {"declaration": {"architectures": ["amd64", "arm64"], "roots": ["PACKAGE"]}}

def read_lock(ctx, label, sources, update):
    """Reads a lock file and checks what is used of it.

    Args:
        ctx: The module context.
        label: The lock file's label.
        sources: What the module declares, which the lock has to agree with.
        update: The command that makes the lock, for messages.

    Returns:
        A struct with `architectures`, `roots`, `indices`, `packages` and `source_packages` as in the
        file, and `problem`: why nothing of it may be used before it is made anew, or None.
    """
    if not ctx.path(label).exists:
        fail("{}: {}, found no file: write into it {}, and run: {}".format(
            label,
            "wanted a lock, or the start of one",
            json.encode(_START),
            update,
        ))
    lock = json.decode(ctx.read(label), default = None)
    if type(lock) != "dict" or not ("version" in lock or lock.keys() == ["declaration"]):
        _fail(label, "wanted a JSON object with a version, or with a declaration alone, found something else")
    if "version" in lock and lock["version"] != _FORMAT:
        problem = "wanted lock format {}, found {}; use the rules_relocatable that wrote it, or delete it and start anew"
        fail("{}: {}".format(label, problem.format(_FORMAT, repr(lock["version"]))))
    declaration = _read_declaration(label, lock)
    if "version" not in lock:
        return _read(declaration, lock, "is not made yet")
    _check_types(label, "the lock", lock, {
        "declaration": "dict",
        "indices": "list",
        "packages": "list",
        "version": "int",
    }, optional = {"promises": "list", "source_packages": "list"})
    for index in lock["indices"]:
        _check_types(label, "an index", index, _INDEX)
    for package in lock["packages"]:
        _check_package(label, package)
    for package in lock.get("source_packages", []):
        _check_source_package(label, package)
    problem = difference(sources, declaration.get("sources", [])) or _contradiction(lock)
    return _read(declaration, lock, problem)

def _read(declaration, lock, problem):
    return struct(
        architectures = declaration["architectures"],
        indices = lock.get("indices", []),
        packages = lock.get("packages", []),
        problem = problem,
        roots = declaration["roots"],
        source_packages = lock.get("source_packages", []),
    )

def _read_declaration(label, lock):
    """What is wanted; a person may have written it, and left out what is empty."""
    declaration = lock["declaration"] if "declaration" in lock else {}
    _check_types(label, "declaration", declaration, {
        "architectures": "list",
        "roots": "list",
    }, optional = {
        "exclude": "list",
        "pins": "list",
        "recommends": "bool",
        "sources": "list",
        "with_source": "list",
    })
    for source in declaration.get("sources", []):
        wanted = {key: kind for key, kind in _SOURCE.items() if key not in OPTIONAL}
        _check_types(label, "a source", source, wanted, optional = {key: _SOURCE[key] for key in OPTIONAL})
    for architecture in declaration["architectures"]:
        if architecture not in CPUS:
            _fail(label, "wanted architectures of {}, found {}".format(CPUS.keys(), architecture))
    for root in declaration["roots"]:
        _check_name(label, root)
    return declaration

def _check_name(label, name):
    if type(name) != "string" or not name or name[0] not in _LOWER or _others(name, _NAME):
        _fail(label, "wanted a package name, found {}".format(repr(name)))

def _check_package(label, package):
    _check_types(label, "a package", package, _PACKAGE)
    _check_name(label, package["name"])
    _check_file(label, package["name"], package, ".deb")
    if not package["targets"]:
        _fail(label, "{}: wanted targets, found none".format(package["name"]))

def _check_source_package(label, package):
    _check_types(label, "a source package", package, _SOURCE_PACKAGE)
    for name in [package["name"]] + package["packages"]:
        _check_name(label, name)
    for file in package["files"]:
        _check_types(label, "a file of a source package", file, _SOURCE_FILE)
        _check_file(label, "source " + package["name"], file, "")

def _check_file(label, name, file, suffix):
    path, sha256 = file["path"], file["sha256"]
    if not is_path(path, suffix):
        _fail(label, "{}: wanted a {}'s path, found {}".format(name, suffix or "file", repr(path)))
    if len(sha256) != 64 or _others(sha256, "0123456789abcdef"):
        _fail(label, "{}: wanted a sha256, found {}".format(name, repr(sha256)))

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
            found[(package["name"], target)] = None
    for package in lock.get("source_packages", []):
        if package["source"] not in sources:
            return "source {}: source {} is not in the declaration".format(package["name"], package["source"])
    for root in declaration["roots"]:
        for architecture in declaration["architectures"]:
            if (root, architecture) not in found:
                return "{} is in the declaration, but not locked for {}".format(root, architecture)
    return None

def _check_types(label, place, value, wanted, optional = {}):
    if type(value) != "dict":
        _fail(label, "{}: wanted an object, found {}".format(place, repr(value)))
    if sorted([key for key in value if key not in optional]) != sorted(wanted):
        problem = "{}: wanted the keys {}, found {}"
        _fail(label, problem.format(place, sorted(wanted), sorted(value)))
    for key, kind in (wanted | optional).items():
        if key in value and type(value[key]) != kind:
            problem = "{}: {}: wanted {}, found {}"
            _fail(label, problem.format(place, key, kind, repr(value[key])))

def _others(text, allowed):
    """What is left of `text` between the first and the last character that is not in `allowed`."""
    return text.strip(allowed)

def _fail(label, problem):
    fail("{}: {}; correct it, or restore it from version control".format(label, problem))
