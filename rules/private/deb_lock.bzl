"""Reads a lock file of Debian packages, as `tools/relocatable/deb_lock.py` writes it."""

load("//rules/private:deb_hub.bzl", "CPUS")

_FORMAT = 1

_LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
_NAME = _LOWER + "+.-"

# No part of a path starts with a dot, so that none can lead out of the archive.
_PATH = _LOWER + _LOWER.upper() + "+.-_~%/"

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

def update_command(label):
    """The command that refreshes a lock.

    Args:
        label: The lock file's label.

    Returns:
        A command line.
    """
    path = "/".join([part for part in (label.package, label.name) if part])
    return "bazel run @rules_relocatable//tools:update_deb_lock -- --lock=" + path

def read_lock(ctx, label):
    """Reads a lock file and checks what is used of it.

    Args:
        ctx: The module context.
        label: The lock file's label.

    Returns:
        The decoded lock: a dict with `declaration`, `indices` and `packages`.
    """
    if not ctx.path(label).exists:
        _fail(label, "does not exist")
    lock = json.decode(ctx.read(label), default = None)
    if type(lock) != "dict" or "version" not in lock:
        _fail(label, "wanted a JSON object with a version, found something else")
    if lock["version"] != _FORMAT:
        problem = "wanted lock format {}, found {}; use the rules_relocatable that wrote it, or delete it and start anew"
        _fail(label, problem.format(_FORMAT, repr(lock["version"])))
    wanted = {"declaration": "dict", "indices": "list", "packages": "list", "version": "int"}
    _check_types(label, "the lock", lock, wanted, optional = {"promises": "list"})
    declaration = lock["declaration"]
    _check_types(label, "declaration", declaration, {
        "architectures": "list",
        "exclude": "list",
        "roots": "list",
        "sources": "list",
    }, optional = {
        "pins": "list",
        "recommends": "bool",
    })
    for source in declaration["sources"]:
        _check_types(label, "a source", source, {
            "allow_expired": "bool",
            "allow_unsigned": "bool",
            "components": "list",
            "keyring": "string",
            "mirrors": "list",
            "name": "string",
            "suite": "string",
        }, optional = {
            "architectures": "list",
            "priority": "int",
        })
    for index in lock["indices"]:
        _check_types(label, "an index", index, _INDEX)
    for architecture in declaration["architectures"]:
        if architecture not in CPUS:
            _fail(label, "wanted architectures of {}, found {}".format(CPUS.keys(), architecture))
    for package in lock["packages"]:
        _check_package(label, package, declaration)
    _check_roots(label, lock)
    return lock

def _check_package(label, package, declaration):
    _check_types(label, "a package", package, _PACKAGE)
    name, path = package["name"], package["path"]
    if not name or name[0] not in _LOWER or _others(name, _NAME):
        _fail(label, "wanted a package name, found {}".format(repr(name)))
    strays = [part for part in path.split("/") if not part or part.startswith(".")]
    if strays or _others(path, _PATH) or not path.endswith(".deb"):
        _fail(label, "{}: wanted a .deb's path, found {}".format(name, repr(path)))
    if len(package["sha256"]) != 64 or _others(package["sha256"], "0123456789abcdef"):
        _fail(label, "{}: wanted a sha256, found {}".format(name, repr(package["sha256"])))
    if package["source"] not in [source["name"] for source in declaration["sources"]]:
        _fail(label, "{}: source {} is not in the declaration".format(name, package["source"]))
    for target in package["targets"]:
        if target not in declaration["architectures"]:
            _fail(label, "{}: target {} is not in the declaration".format(name, target))

def _check_roots(label, lock):
    found = {
        (package["name"], target): None
        for package in lock["packages"]
        for target in package["targets"]
    }
    for root in lock["declaration"]["roots"]:
        for architecture in lock["declaration"]["architectures"]:
            if (root, architecture) not in found:
                _fail(label, "{} is in the declaration, but not locked for {}".format(root, architecture))

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
    fail("{}: {}; run: {}".format(label, problem, update_command(label)))
