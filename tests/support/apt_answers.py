"""Small archives, each with one question, and what apt answers.

`apt_differential_test` asks apt, `apt_answers_test` asks our resolver: both have to say this.
"""

import dataclasses

from support.apt_archive import packages, stanza


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked of which archive.

    Attributes:
        packages: A Packages file for amd64.
        answer: Names of the packages that are taken, sorted; empty if nothing meets it.
        roots: Names of packages.
    """

    packages: str
    answer: str = ""
    roots: str = "root"


def _root(depends: str, *others: str, answer: str = "", **fields: str) -> Question:
    return Question(packages(stanza("root", Depends=depends, **fields), *others), answer)


_REPLACES = {"Conflicts": "a", "Replaces": "a"}
_TAKES_OVER = {**_REPLACES, "Provides": "a"}
_NATIVE = stanza("a")
_COMMON = stanza("a", architecture="all")
_ALLOWED = stanza("a", Multi_Arch="allowed")
_PROVIDER = stanza("a", Provides="v")

QUESTIONS = {
    # Debian's Multi-Arch specification: what `:any` and `:architecture` stand for.
    "any of an allowed one": _root("a:any", _ALLOWED, answer="a root"),
    "any of one that is not": _root("a:any", _NATIVE),
    "any of a foreign one": _root("a:any", stanza("a", Multi_Arch="foreign")),
    "any of one for all": _root("a:any", _COMMON),
    "any of too old a version": _root("a:any (>= 2)", _ALLOWED),
    "any of what an allowed one provides": _root(
        "v:any", stanza("a", Multi_Arch="allowed", Provides="v"), answer="a root"
    ),
    "any of what one that is not provides": _root("v:any", _PROVIDER),
    "any of what is provided as such": _root(
        "v:any", stanza("a", Provides="v:any"), answer="a root"
    ),
    "plain of what is provided as any": _root("v", stanza("a", Provides="v:any")),
    "its own architecture": _root("a:amd64", _NATIVE, answer="a root"),
    "its own architecture of one for all": _root("a:amd64", _COMMON, answer="a root"),
    "its own architecture of what is provided": _root("v:amd64", _PROVIDER, answer="a root"),
    "another architecture": _root("a:i386", _NATIVE),
    "another architecture of one for all": _root("a:i386", _COMMON),
    "all is no architecture": _root("a:all", _COMMON),
    "a conflict with another architecture": _root(
        "a", _NATIVE, Conflicts="a:i386", answer="a root"
    ),
    "a conflict with any of one that is not": _root(
        "a", _NATIVE, Conflicts="a:any", answer="a root"
    ),
    "a conflict with any of an allowed one": _root("a", _ALLOWED, Conflicts="a:any"),
    "a conflict with its own architecture": _root("a", _NATIVE, Conflicts="a:amd64"),
    # Debian Policy 7.6: a package whose files another has, and one that another stands in for.
    "files that are replaced": _root("a, b", _NATIVE, stanza("b", Replaces="a"), answer="a b root"),
    "a package that is replaced": _root(
        "a, b", _NATIVE, stanza("b", **_TAKES_OVER), answer="b root"
    ),
    "a package that is replaced, by a longer way": _root(
        "x, y",
        stanza("x", Depends="a"),
        stanza("y", Depends="b"),
        _NATIVE,
        stanza("b", **_TAKES_OVER),
        answer="b root x y",
    ),
    "a package that is replaced by what isn't called so": _root(
        "a, b", _NATIVE, stanza("b", **_REPLACES)
    ),
    "a version of a package that is replaced by none": _root(
        "a (>= 1), b", _NATIVE, stanza("b", **_TAKES_OVER)
    ),
    "a version of a package that is replaced by one": _root(
        "a (>= 1), b", _NATIVE, stanza("b", **_REPLACES, Provides="a (= 2)"), answer="b root"
    ),
    "an old version that is replaced": _root(
        "a, z",
        _NATIVE,
        stanza("z", Depends="b"),
        stanza("b", Breaks="a (<< 2)", Replaces="a (<< 2)", Provides="a (= 3)"),
        answer="b root z",
    ),
    "both are roots": Question(packages(_NATIVE, stanza("b", **_TAKES_OVER)), roots="a b"),
    "one of a kind": _root(
        "mta, postfix",
        stanza("exim", Provides="mta", Conflicts="mta", Replaces="mta"),
        stanza("postfix", Provides="mta", Conflicts="mta", Replaces="mta"),
        answer="postfix root",
    ),
    "one that more systems have": _root(
        "awk",
        stanza("gawk", Provides="awk", Priority="optional"),
        stanza("mawk", Provides="awk", Priority="required"),
        stanza("nawk", Provides="awk", Priority="extra"),
        answer="mawk root",
    ),
    "a version that it provides of itself": _root(
        "a (>= 5)", stanza("a", Provides="a (= 6)"), answer="a root"
    ),
}
