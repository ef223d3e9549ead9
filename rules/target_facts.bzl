"""States facts about a platform that dists are made for."""

load("//rules:providers.bzl", "TargetFactsInfo")

# What only one object format has, and its object files can't do without.
_OF_FORMAT = {
    "elf": ["loader", "multiarch", "system_libraries"],
    "mach-o": ["minimum_os", "system_prefixes"],
}

def _target_facts_impl(ctx):
    facts = ctx.actions.declare_file(ctx.label.name + ".json")
    content = {
        "machine": ctx.attr.machine,
        "name": ctx.attr.platform_name,
        "object_format": ctx.attr.object_format,
        "page_size": ctx.attr.page_size,
    }
    for object_format, names in _OF_FORMAT.items():
        for name in names:
            value = getattr(ctx.attr, name)
            if object_format == ctx.attr.object_format:
                content[name] = value
            elif value:
                fail("wanted nothing, as object_format is {}; found {}".format(ctx.attr.object_format, value), attr = name)
    ctx.actions.write(facts, json.encode_indent(content) + "\n")
    info = TargetFactsInfo(
        facts = facts,
        launcher = ctx.file.launcher,
        name = ctx.attr.platform_name,
        object_format = ctx.attr.object_format,
        system_libraries = ctx.attr.system_libraries,
    )
    return [
        DefaultInfo(files = depset([facts])),
        info,
        platform_common.ToolchainInfo(target_facts = info),
    ]

target_facts = rule(
    implementation = _target_facts_impl,
    doc = """States facts about a platform; give it to a `toolchain` of type
`@rules_relocatable//toolchains:target_type`.""",
    attrs = {
        "launcher": attr.label(
            doc = "The native launcher, from toolchains/launcher; without one, launchers can only be scripts.",
            allow_single_file = True,
        ),
        "loader": attr.string(
            doc = "soname of the ELF loader; for ELF.",
        ),
        "machine": attr.int(
            doc = "What object files say of the machine: `e_machine` as the ELF gABI numbers it, or " +
                  "`cputype` of Mach-O.",
            mandatory = True,
        ),
        "minimum_os": attr.string(
            doc = "The oldest version of the system that dists are for, unless they say another; for Mach-O.",
        ),
        "multiarch": attr.string(
            doc = "Debian's multiarch triplet; for ELF.",
        ),
        "object_format": attr.string(
            doc = "Of programs and libraries: `elf` or `mach-o`.",
            default = "elf",
            values = _OF_FORMAT.keys(),
        ),
        "page_size": attr.int(
            doc = "The largest page that kernels of this platform use, in bytes.",
            mandatory = True,
        ),
        "platform_name": attr.string(
            doc = "How people call the platform, in metadata and messages.",
            mandatory = True,
        ),
        "system_libraries": attr.string_list(
            doc = "sonames that each machine of this platform has, the loader's among them: what a " +
                  "dist leaves to it with `libc = \"host\"`; for ELF.",
        ),
        "system_prefixes": attr.string_list(
            doc = "What the install names of the system's libraries begin with, which each machine of " +
                  "this platform has; for Mach-O.",
        ),
    },
    provides = [TargetFactsInfo, platform_common.ToolchainInfo],
)
