"""What programs open by name when they run; tools/relocatable/policies.py carries it out."""

_WHOSE = ["bundled", "host"]

# By name; each is a flag of relocate_tree as well.
POLICY_ATTRIBUTES = {
    "ca_certificates": attr.string(
        doc = "Which certificates OpenSSL and GnuTLS trust: `host` are those of the machine, where the " +
              "library itself looks (Debian's: in Debian's places); `search` looks for them where " +
              "distributions have them; `bundled` takes those of the package `ca-certificates` from " +
              "`libraries`. The last two set SSL_CERT_FILE if the user has not.",
        default = "host",
        values = _WHOSE + ["search"],
    ),
    "gconv": attr.string(
        doc = "Where iconv(3) finds character sets that are not built in: `host`, the machine's " +
              "modules, if there are any where this C library looks; `bundled`, those in `libraries`.",
        default = "host",
        values = _WHOSE,
    ),
    "locales": attr.string(
        doc = "Where setlocale(3) finds locales: `host`, the machine's; `bundled`, those in " +
              "`libraries`. If these are C's alone (`C.utf8`), for who has chosen no other that is there.",
        default = "host",
        values = _WHOSE,
    ),
    "nss": attr.string(
        doc = "With which services a bundled C library looks up names of users and hosts: `bundled` are " +
              "files and DNS, and the `libnss_*.so.2` of `layers`; `host` are also the machine's, loaded " +
              "into the dist's programs.",
        default = "bundled",
        values = _WHOSE,
    ),
}
