"""The source of a package as a repository: the .dsc and the archives that it lists, as they are."""

load("//rules/private:archive_mirrors.bzl", "SOURCE_ATTRIBUTES", "archive_mirrors", "download", "file_urls", "mirror_variable", "reproducible")
load("//rules/private:archive_path.bzl", "file_name")
load("//rules/private:generated.bzl", "build_file", "call")

_FAILED = "{path} (sha256 {sha256}), of the source package {package} {version}, could not be fetched from \
{urls}. If the archive has dropped this version, lock the one that it has now (-- --check only says which): \
{update} ; if another mirror has it: --repo_env={variable}=URL"

def _deb_source_package_impl(ctx):
    attr = ctx.attr
    mirrors = archive_mirrors(ctx)
    files = []
    for path, sha256 in attr.files.items():
        file = file_name(path)
        if not download(ctx, file_urls(mirrors, path), file, sha256):
            fail(_FAILED.format(
                package = attr.package,
                path = path,
                sha256 = sha256,
                update = attr.update,
                urls = ", ".join(mirrors),
                variable = mirror_variable(attr.source),
                version = attr.version,
            ))
        files.append(file)
    ctx.file("BUILD.bazel", build_file([
        call("package", default_visibility = ["//visibility:public"]),
        call("exports_files", sorted(files)),
        call("filegroup", name = "source", srcs = sorted(files)),
    ]))
    return reproducible(ctx)

deb_source_package = repository_rule(
    implementation = _deb_source_package_impl,
    doc = "The files of one source package, as `//:source` and under their own names.",
    attrs = {
        "files": attr.string_dict(doc = "Digests, by path below the archive's root.", mandatory = True),
        "package": attr.string(doc = "The source package's name.", mandatory = True),
        "update": attr.string(doc = "The command that refreshes the lock.", mandatory = True),
        "version": attr.string(doc = "The source package's version.", mandatory = True),
    } | {name: value for name, value in SOURCE_ATTRIBUTES.items() if name not in ["path", "sha256"]},
)

def declare_sources(tag, packages, sources, update):
    """Makes a repository for each source package of a lock; nothing is fetched before a build asks.

    Args:
        tag: The `debs.lock`.
        packages: The lock's `source_packages`.
        sources: The `debs.source`s by name.
        update: The command that refreshes the lock.

    Returns:
        Labels of source packages, by name of the package that was built from them.
    """
    found = {}
    for package in packages:
        name = "{}_source_{}_{}".format(tag.name, package["name"], package["version"])
        for character in "+~:".elems():
            name = name.replace(character, "_")
        source = sources[package["source"]]
        deb_source_package(
            name = name,
            components = source["components"],
            files = {file["path"]: file["sha256"] for file in package["files"]},
            mirrors = source["mirrors"],
            package = package["name"],
            snapshot = source["snapshot"],
            source = source["name"],
            suite = source["suite"],
            update = update,
            version = package["version"],
        )
        for built in package["packages"]:
            found.setdefault(built, []).append("@{}//:source".format(name))
    return found

def source_targets(sources):
    """Targets of a hub: `NAME_source` of each package, and `all_sources`.

    Args:
        sources: What `declare_sources` gave.

    Returns:
        Calls for `build_file`; none if the lock has no sources.
    """
    if not sources:
        return []
    groups = {name + "_source": labels for name, labels in sources.items()}
    groups["all_sources"] = {label: None for labels in sources.values() for label in labels}.keys()
    return [call("filegroup", name = name, srcs = sorted(srcs)) for name, srcs in groups.items()]
