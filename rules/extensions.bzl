"""`debs`: pinned Debian packages as targets.

```starlark
debs = use_extension("@rules_relocatable//rules:extensions.bzl", "debs")
debs.source(
    name = "bookworm",
    components = ["main"],
    keyring = "debian",
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
load("//rules/private:archive_path.bzl", "is_path")
load("//rules/private:deb_hub.bzl", "deb_hub")
load("//rules/private:deb_lock.bzl", "read_lock")
load("//rules/private:deb_repository.bzl", "deb_repository")
load("//rules/private:deb_source.bzl", "read_sources", "said", "source_tag", "sources_of")
load("//rules/private:deb_source_package.bzl", "declare_sources")

_lock = tag_class(
    doc = "A repository with the packages of a lock file.",
    attrs = {
        "lock": attr.label(
            doc = "The lock file. `bazel run @<name>//:update` makes it out of what its `declaration` " +
                  "wants, and refreshes it.",
            mandatory = True,
        ),
        "name": attr.string(
            doc = "The repository's name, for `use_repo`. No two modules may use the same.",
            mandatory = True,
        ),
        "sources": attr.string_list(
            doc = "Which `source`s of this module it takes packages from: of equal versions that of the " +
                  "earlier. None stands for all.",
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
                  "`pool/main/p/python3.11/python3.11_3.11.2.orig.tar.gz`. Its name there, and no " +
                  "URL: `+` and not `%2b`.",
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

def _repository_name(tag, package):
    """A package's repository; `+` may not be in such a name, and `_` is in no package's."""
    return "{}_{}_{}".format(tag.name, package["name"].replace("+", "_"), package["architecture"])

def _update_command(tag, module):
    """The command that makes a lock, for messages."""
    command = "bazel run @{}//:update".format(tag.name)
    if tag.lock.repo_name:
        return "{} (in the workspace of the module {})".format(command, module.name)
    return command

def _declare(tag, lock, sources, update):
    """Makes the repositories of one lock; nothing is fetched before a build asks for it."""
    problem = "{}: {}; run: {}".format(tag.lock, lock.problem, update) if lock.problem else ""
    vendors = {index["source"]: index["origin"] for index in lock.indices}
    declared = {source["name"]: source for source in sources}
    targets = {"{}_{}".format(root, a): "" for root in lock.roots for a in lock.architectures}
    for package in lock.packages:
        repository = _repository_name(tag, package)
        for target in package["targets"]:
            targets["{}_{}".format(package["name"], target)] = repository
        if problem:
            continue
        source = declared[package["source"]]
        deb_repository(
            name = repository,
            architecture = package["architecture"],
            bytes = str(package["size"]),
            components = source["components"],
            mirrors = source["mirrors"],
            package = package["name"],
            path = package["path"],
            sha256 = package["sha256"],
            snapshot = source["snapshot"],
            source = source["name"],
            suite = source["suite"],
            target = package["targets"][0],
            update = update,
            vendor = vendors.get(source["name"], ""),
            version = package["version"],
        )
    deb_hub(
        name = tag.name,
        architectures = lock.architectures,
        declared_name = tag.name,
        lock = str(tag.lock),
        # In the root's own workspace, a lock is a file that can be written.
        lock_path = "" if tag.lock.repo_name else _path(tag.lock),
        packages = targets,
        problem = problem,
        source_packages = {} if problem else declare_sources(tag, lock.source_packages, declared, update),
        sources = json.encode({"sources": [said(source) for source in sources]}),
        update = update,
    )

def _path(label):
    return "/".join([part for part in (label.package, label.name) if part])

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
    if not is_path(tag.path):
        fail("debs.file(name = \"{}\") in {}: wanted a file's path in the archive, found \"{}\"".format(
            tag.name,
            module.name,
            tag.path,
        ))
    source = sources[tag.source]
    archive_file(
        name = tag.name,
        components = source["components"],
        declared_name = tag.name,
        mirrors = source["mirrors"],
        path = tag.path,
        sha256 = tag.sha256,
        snapshot = source["snapshot"],
        source = source["name"],
        suite = source["suite"],
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
        sources = read_sources(module)
        for tag in module.tags.file:
            _claim(owners, "file", tag, module)
            _declare_file(tag, module, sources)
            if module.is_root:
                direct[ctx.is_dev_dependency(tag)].append(tag.name)
        for tag in module.tags.lock:
            _claim(owners, "lock", tag, module)
            wanted = sources_of(tag, module, sources)
            update = _update_command(tag, module)
            _declare(tag, read_lock(ctx, tag.lock, wanted, update), wanted, update)
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
        "source": source_tag,
    },
)
