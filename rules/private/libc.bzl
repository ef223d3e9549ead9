"""Whose C library a dist runs on, and how old its machine may be."""

_SYSTEMS_ONLY = "wanted \"host\", as programs of {} run on the system's C library only; found \"bundled\""
_NO_HOST = "wanted libc = \"host\" with it, as a dist with a C library of its own needs none of the machine"
_OTHER_FORMAT = "wanted nothing, as {} has {}; say {} instead"

LIBC_ATTRIBUTES = {
    "libc": attr.string(
        doc = "Whose C library the programs run on: `bundled` is the dist's own, taken from " +
              "`libraries` together with its loader; `host` is the machine's, and nothing of " +
              "it is taken. By default `bundled`; on macOS there is only `host`.",
        values = ["", "bundled", "host"],
    ),
    "min_glibc": attr.string(
        doc = "With `libc = \"host\"`: the version of glibc that machines have at least, for " +
              "example \"2.28\". A symbol that is newer is an error. By default any; the " +
              "metadata says which is needed.",
    ),
    "min_macos": attr.string(
        doc = "The version of macOS that machines have at least, for example \"12.0\"; by default the " +
              "platform's oldest. A file that is built for a newer one is an error.",
    ),
}

def libc_of(ctx, target):
    """Says whose C library a dist runs on.

    Args:
        ctx: the rule's context; its attributes include LIBC_ATTRIBUTES.
        target: TargetFactsInfo.

    Returns:
        string, `bundled` or `host`.
    """
    if target.object_format == "elf":
        return ctx.attr.libc or "bundled"
    if ctx.attr.libc == "bundled":
        fail(_SYSTEMS_ONLY.format(target.name), attr = "libc")
    return "host"

def minimum_flags(ctx, target):
    """Gives the flags that tell how old machines may be.

    Args:
        ctx: the rule's context; its attributes include LIBC_ATTRIBUTES.
        target: TargetFactsInfo.

    Returns:
        list of string, for verify_dist.
    """
    glibc, macos = ctx.attr.min_glibc, ctx.attr.min_macos
    if target.object_format == "elf":
        if macos:
            fail(_OTHER_FORMAT.format(target.name, "glibc", "min_glibc"), attr = "min_macos")
        if glibc and libc_of(ctx, target) != "host":
            fail(_NO_HOST, attr = "min_glibc")
        return ["--min_glibc=" + glibc] if glibc else []
    if glibc:
        fail(_OTHER_FORMAT.format(target.name, "no glibc", "min_macos"), attr = "min_glibc")
    return ["--min_macos=" + macos] if macos else []
