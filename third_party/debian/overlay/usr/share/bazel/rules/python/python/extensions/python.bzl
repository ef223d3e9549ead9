"""`python.toolchain` for Debian's rules_python: the root's own Python is the only one.

Today's rules_python takes a `python_version` without a name and downloads that interpreter when it is
chosen. Here nothing can be downloaded from a code host, so the versions are accepted and not used;
the toolchain that Debian's rules_python registers finds the system's python3.
"""

def _hub_impl(repository_ctx):
    repository_ctx.file("BUILD.bazel")
    repository_ctx.file("interpreters.bzl", "INTERPRETER_LABELS = {}\n")

_hub = repository_rule(
    doc = "What Debian's rules_python imports from this extension: a table of interpreters, empty.",
    implementation = _hub_impl,
)

def _python_impl(module_ctx):
    _hub(name = "pythons_hub")
    return module_ctx.extension_metadata(reproducible = True)

python = module_extension(
    doc = "Accepts the Python versions that modules ask for; the system's python3 runs them all.",
    implementation = _python_impl,
    tag_classes = {
        "toolchain": tag_class(
            doc = "A Python version that a module asks for.",
            attrs = {
                "configure_coverage_tool": attr.bool(doc = "Not used."),
                "ignore_root_user_error": attr.bool(doc = "Not used."),
                "is_default": attr.bool(doc = "Not used."),
                "name": attr.string(doc = "Not used."),
                "python_version": attr.string(doc = "Not used.", mandatory = True),
            },
        ),
    },
)
