"""Says what a Debian package of a dist is called, needs and replaces."""

load("//rules:providers.bzl", "DebControlInfo", "TreeInfo")

_RELATIONS = {
    "breaks": "Breaks",
    "conflicts": "Conflicts",
    "depends": "Depends",
    "pre_depends": "Pre-Depends",
    "provides": "Provides",
    "recommends": "Recommends",
    "replaces": "Replaces",
    "suggests": "Suggests",
}

def _deb_control_impl(ctx):
    package = ctx.attr.package or ctx.label.name
    control = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(control, json.encode_indent({
        "architecture_all": ctx.attr.architecture_all,
        "compression": ctx.attr.compression,
        "conffiles": ctx.attr.conffiles,
        "description": ctx.attr.description,
        "fields": ctx.attr.fields,
        "homepage": ctx.attr.homepage,
        "links": ctx.attr.links,
        "lintian_overrides": ctx.attr.lintian_overrides,
        "maintainer": ctx.attr.maintainer,
        "package": package,
        "prefix": ctx.attr.prefix or "/opt/" + package,
        "priority": ctx.attr.priority,
        "relations": {field: getattr(ctx.attr, name) for name, field in _RELATIONS.items()},
        "section": ctx.attr.section,
        "version": ctx.attr.version,
    }) + "\n")
    return [
        DefaultInfo(files = depset([control])),
        DebControlInfo(
            control = control,
            files = [files[TreeInfo] for files in ctx.attr.files],
            scripts = {name: _script(target) for target, name in ctx.attr.scripts.items()},
        ),
    ]

def _script(target):
    files = target[DefaultInfo].files.to_list()
    if len(files) != 1:
        fail("wanted one file of {}, found {}".format(target.label, len(files)), attr = "scripts")
    return files[0]

deb_control = rule(
    implementation = _deb_control_impl,
    doc = """Says what a Debian package of a dist is: the control block, and where it is installed.

Give it to a `relocatable_dist` as `deb`, with \"deb\" among its `formats`. Several dists can share
one: that for each machine takes its architecture from its platform.""",
    attrs = {
        "architecture_all": attr.bool(
            doc = "The package is for all architectures. By default it is for that of the dist's platform.",
        ),
        "compression": attr.string(
            doc = "Of the data: `xz`, which each dpkg reads, or `zst`, faster to make and to unpack, " +
                  "which dpkg reads from 1.21.18 on (Debian 12, Ubuntu 18.04).",
            default = "xz",
            values = ["xz", "zst"],
        ),
        "conffiles": attr.string_list(
            doc = "Absolute paths of configuration files, which dpkg keeps as the administrator has " +
                  "changed them. All files in /etc are such in any case.",
        ),
        "description": attr.string(
            doc = "The synopsis, a line of less than 80 characters, and whatever else there is to say in " +
                  "the lines after it.",
            mandatory = True,
        ),
        "fields": attr.string_dict(
            doc = "Further fields of the control file, for example `{\"Multi-Arch\": \"foreign\"}`.",
        ),
        "files": attr.label_list(
            doc = "Trees of what is installed besides the dist; their paths are those of the machine: " +
                  "`etc/x.conf`, `lib/systemd/system/x.service`.",
            providers = [TreeInfo],
        ),
        "homepage": attr.string(doc = "A URL."),
        "links": attr.string_dict(
            doc = "Links into the dist, from absolute paths to paths in the dist: " +
                  "`{\"/usr/bin/jq\": \"bin/jq\"}`.",
        ),
        "lintian_overrides": attr.string_list(
            doc = "Tags of lintian, each perhaps with what it is about, that are meant to be. Those that " +
                  "no dist can avoid are overridden already.",
        ),
        "maintainer": attr.string(
            doc = "`NAME <ADDRESS>`.",
            mandatory = True,
        ),
        "package": attr.string(doc = "The package's name; by default the target's."),
        "prefix": attr.string(
            doc = "Absolute path of the directory that the dist is installed in: `/usr`, or `/` itself. " +
                  "By default /opt/PACKAGE.",
        ),
        "priority": attr.string(
            doc = "How much a system needs the package (Debian Policy 2.5).",
            default = "optional",
        ),
        "scripts": attr.label_keyed_string_dict(
            doc = "From files to what they are: `preinst`, `postinst`, `prerm`, `postrm`, `config`, " +
                  "`templates`, `triggers`. If Python modules are to be compiled, the line that does it " +
                  "takes the place of a line `#DEBHELPER#`.",
            allow_files = True,
        ),
        "section": attr.string(
            doc = "What kind of package it is (Debian Policy 2.4).",
            default = "misc",
        ),
        "version": attr.string(
            doc = "The package's version, for example \"1.7.1-2\".",
            mandatory = True,
        ),
    } | {
        name: attr.string_list(
            doc = "%s: relations to other packages, such as `libc6 (>= 2.36)`." % field,
        )
        for name, field in _RELATIONS.items()
    },
    provides = [DebControlInfo],
)
