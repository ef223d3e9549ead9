"""`debs`: pinned Debian packages as targets.

```starlark
debs = use_extension("@rules_relocatable//rules:extensions.bzl", "debs")
debs.source(
    name = "bookworm",
    components = ["main"],
    mirrors = ["https://ftp.us.debian.org/debian"],
    suite = "bookworm",
)
debs.lock(
    name = "my_debs",
    lock = "//:debs.lock.json",
)
use_repo(debs, "my_debs")
```

Then `@my_debs//:libpython3.11` is that package's .deb file for the target platform. `docs/debs.md`
has the rest.
"""

load("//rules/private:archive_file.bzl", "archive_file")
load("//rules/private:deb_hub.bzl", "deb_hub")
load("//rules/private:deb_lock.bzl", "read_lock", "update_command")
load("//rules/private:deb_repository.bzl", "deb_repository")

_source = tag_class(
    doc = "An archive that locks take packages from. Each module names its own.",
    attrs = {
        "components": attr.string_list(
            doc = "Components of the suite, as in the locks that use this source. None for a flat " +
                  "repository.",
        ),
        "mirrors": attr.string_list(
            doc = "Public http(s) URLs of the archive's root. They are tried in this order, after " +
                  "`--repo_env=RELOCATABLE_DEB_MIRROR_<NAME>` and the machine's own apt. A password " +
                  "comes from the user's .netrc, or Bazel's `--credential_helper`.",
        ),
        "name": attr.string(
            doc = "What locks call the source.",
            mandatory = True,
        ),
        "suite": attr.string(
            doc = "Directory below `dists/`. A code name: what \"stable\" means changes. With a slash at " +
                  "its end, a directory below the root: a flat repository, as \"./\" often is.",
            mandatory = True,
        ),
    },
)

_lock = tag_class(
    doc = "A repository with the packages of a lock file.",
    attrs = {
        "lock": attr.label(
            doc = "The lock file, made by `@rules_relocatable//tools:update_deb_lock`.",
            mandatory = True,
        ),
        "name": attr.string(
            doc = "The repository's name, for `use_repo`. No two modules may use the same.",
            mandatory = True,
        ),
    },
)

_file = tag_class(
    doc = "A repository with one file of an archive: the source of a package, for example.",
    attrs = {
        "name": attr.string(
            doc = "The repository's name, for `use_repo`; the file is its target `//:file`.",
            mandatory = True,
        ),
        "path": attr.string(
            doc = "The file's path below the archive's root, for example " +
                  "`pool/main/p/python3.11/python3.11_3.11.2.orig.tar.gz`.",
            mandatory = True,
        ),
        "sha256": attr.string(
            doc = "Its digest, 64 hexadecimal digits; `apt-get source --print-uris` tells it.",
            mandatory = True,
        ),
        "source": attr.string(
            doc = "Name of a `source` of this module, whose archive has it. All suites of an archive " +
                  "share their files.",
            mandatory = True,
        ),
    },
)

def _sources(module):
    sources = {}
    for tag in module.tags.source:
        if tag.name in sources:
            fail("debs.source(name = \"{}\") stands twice in {}".format(tag.name, module.name))
        sources[tag.name] = tag
    return sources

def _check_sources(tag, lock, sources):
    """A lock must mean the same archive by a source's name as the module that uses it."""
    for wanted in lock["declaration"]["sources"]:
        name = wanted["name"]
        call = "debs.source(name = \"{}\", suite = \"{}\", components = {})".format(
            name,
            wanted["suite"],
            wanted["components"],
        )
        if name not in sources:
            fail("{}: needs {}, found sources {}".format(tag.lock, call, sources.keys()))
        found = sources[name]
        if found.suite != wanted["suite"] or found.components != wanted["components"]:
            fail("{}: wanted {}, found suite {} and components {}; change it, or run: {}".format(
                tag.lock,
                call,
                found.suite,
                found.components,
                update_command(tag.lock),
            ))

def _repository_name(tag, package):
    """A package's repository; `+` may not be in such a name, and `_` is in no package's."""
    return "{}_{}_{}".format(tag.name, package["name"].replace("+", "_"), package["architecture"])

def _declare(tag, lock, sources):
    """Makes the repositories of one lock; nothing is fetched before a build asks for it."""
    update = update_command(tag.lock)
    vendors = {index["source"]: index["origin"] for index in lock["indices"]}
    targets = {}
    for package in lock["packages"]:
        source = sources[package["source"]]
        repository = _repository_name(tag, package)
        deb_repository(
            name = repository,
            architecture = package["architecture"],
            bytes = str(package["size"]),
            components = source.components,
            mirrors = source.mirrors,
            package = package["name"],
            path = package["path"],
            sha256 = package["sha256"],
            source = source.name,
            suite = source.suite,
            update = update,
            vendor = vendors.get(source.name, ""),
            version = package["version"],
        )
        for target in package["targets"]:
            targets["{}_{}".format(package["name"], target)] = repository
    deb_hub(
        name = tag.name,
        architectures = lock["declaration"]["architectures"],
        lock = str(tag.lock),
        packages = targets,
        update = update,
    )

def _declare_file(tag, module, sources):
    """Makes the repository of one file."""
    if tag.source not in sources:
        fail("debs.file(name = \"{}\") in {}: wanted a source of this module, found \"{}\"; there are {}".format(
            tag.name,
            module.name,
            tag.source,
            sources.keys(),
        ))
    if len(tag.sha256) != 64:
        fail("debs.file(name = \"{}\") in {}: wanted a sha256 of 64 digits, found \"{}\"".format(
            tag.name,
            module.name,
            tag.sha256,
        ))
    source = sources[tag.source]
    archive_file(
        name = tag.name,
        components = source.components,
        declared_name = tag.name,
        mirrors = source.mirrors,
        path = tag.path,
        sha256 = tag.sha256,
        source = source.name,
        suite = source.suite,
    )

def _claim(owners, kind, tag, module):
    if tag.name in owners:
        fail("debs.{}(name = \"{}\") stands in {} and in {}: rename one of them".format(
            kind,
            tag.name,
            owners[tag.name],
            module.name,
        ))
    owners[tag.name] = module.name

def _debs_impl(ctx):
    owners = {}
    direct = {False: [], True: []}
    for module in ctx.modules:
        sources = _sources(module)
        for tag in module.tags.file:
            _claim(owners, "file", tag, module)
            _declare_file(tag, module, sources)
            if module.is_root:
                direct[ctx.is_dev_dependency(tag)].append(tag.name)
        for tag in module.tags.lock:
            _claim(owners, "lock", tag, module)
            lock = read_lock(ctx, tag.lock)
            _check_sources(tag, lock, sources)
            _declare(tag, lock, sources)
            if module.is_root:
                direct[ctx.is_dev_dependency(tag)].append(tag.name)
    return ctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = direct[False],
        root_module_direct_dev_deps = direct[True],
    )

debs = module_extension(
    implementation = _debs_impl,
    doc = "Debian packages, pinned by lock files: a pure function of the tags and these files.",
    tag_classes = {
        "file": _file,
        "lock": _lock,
        "source": _source,
    },
)
