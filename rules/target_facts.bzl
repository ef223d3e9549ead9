"""States facts about a platform that dists are made for."""

load("//rules:providers.bzl", "TargetFactsInfo")

def _target_facts_impl(ctx):
    facts = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(facts, json.encode_indent({
        "loader": ctx.attr.loader,
        "machine": ctx.attr.machine,
        "multiarch": ctx.attr.multiarch,
        "name": ctx.attr.platform_name,
        "page_size": ctx.attr.page_size,
        "system_libraries": ctx.attr.system_libraries,
    }) + "\n")
    info = TargetFactsInfo(
        facts = facts,
        launcher = ctx.file.launcher,
        name = ctx.attr.platform_name,
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
            doc = "The native launcher, from toolchains/launcher.",
            allow_single_file = True,
            mandatory = True,
        ),
        "loader": attr.string(
            doc = "soname of the ELF loader.",
            mandatory = True,
        ),
        "machine": attr.int(
            doc = "`e_machine` of ELF files, as the gABI numbers it.",
            mandatory = True,
        ),
        "multiarch": attr.string(
            doc = "Debian's multiarch triplet.",
            mandatory = True,
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
                  "dist leaves to it with `libc = \"host\"`.",
            mandatory = True,
        ),
    },
    provides = [TargetFactsInfo, platform_common.ToolchainInfo],
)
