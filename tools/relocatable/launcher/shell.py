"""Launchers as POSIX sh scripts: for who wants to read what starts, at the price of its time.

The settings stand in the script's second line, as JSON; all else follows from them. A script wants
a shell, `readlink`, and, if an outer launcher left notes or variables that begin alike are to be
hidden, `env` and `sed` (in the C locale: elsewhere that of macOS stops at bytes that are no text).
What it does is what the native one does, but for argv[0]: the kernel does not tell a script by
which name it was started, only by which path.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict

from relocatable.errors import RelocatableError
from relocatable.launcher import locales
from relocatable.launcher.settings import RESTORE, ROOT, ROOT_WITHOUT_COLON, SELF, Settings

_BEGIN = "#!/bin/sh\n# relocatable launcher 1: "
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# No variable of the user's must change: these are ours by their names.
_OWN = "_relocatable_"
_TOKEN = re.compile("|".join(map(re.escape, (ROOT, ROOT_WITHOUT_COLON, SELF))))

_FIND_ROOT = r"""# Where this file is, links followed; `x` keeps a newline at the end of a name.
case $0 in
    /*) _relocatable_self=$0 ;;
    */*) _relocatable_self=$PWD/$0 ;;
    *) _relocatable_self=$(command -v -- "$0") ;;
esac
_relocatable_links=0
while [ -h "$_relocatable_self" ]; do
    _relocatable_links=$((_relocatable_links + 1))
    if [ "$_relocatable_links" -gt 40 ]; then
        printf '%s: cannot follow %s: it runs in a circle of links\n' "$0" "$_relocatable_self" >&2
        exit 126
    fi
    _relocatable_to=$(readlink "$_relocatable_self" && echo x) || exit 126
    _relocatable_to=${_relocatable_to%??}
    case $_relocatable_to in
        /*) _relocatable_self=$_relocatable_to ;;
        *) _relocatable_self=${_relocatable_self%/*}/$_relocatable_to ;;
    esac
done
_relocatable_root=$(cd -P -- "${_relocatable_self%/*}/@UP@" && pwd -P && echo x) || exit 126
_relocatable_root=${_relocatable_root%??}
[ "$_relocatable_root" != / ] || _relocatable_root=
"""
_RESTORE = r"""
# Undoes what an outer launcher did whose program has not cleaned up.
_relocatable_notes='s/^RELOCATABLE_RESTORE_\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'
case $(export -p) in *RELOCATABLE_RESTORE_*)
    for _relocatable_name in $(env | LC_ALL=C sed -n "$_relocatable_notes"); do
        # A line of another variable's value may look like one.
        eval "[ \"\${RELOCATABLE_RESTORE_$_relocatable_name+x}\" ]" || continue
        eval "_relocatable_was=\${RELOCATABLE_RESTORE_$_relocatable_name-}"
        unset "RELOCATABLE_RESTORE_$_relocatable_name" "$_relocatable_name"
        case $_relocatable_was in
            =*) eval "$_relocatable_name=\${_relocatable_was#=}; export $_relocatable_name" ;;
        esac
    done
esac
"""
_CHANGE = r"""
# NAME [VALUE]: sets it or, without a value, removes it, and notes what it was.
_relocatable_change() {
    eval "_relocatable_was=\${$1+=\$$1}"
    if [ $# = 2 ]; then
        eval "$1=\$2; export $1"
    elif [ "$_relocatable_was" ]; then
        unset "$1"
    else
        return 0
    fi
    # Of what was changed before, the first note says what the user had.
    eval "[ \"\${RELOCATABLE_RESTORE_$1+x}\" ]" ||
        eval "RELOCATABLE_RESTORE_$1=\$_relocatable_was; export RELOCATABLE_RESTORE_$1"
}
"""
_COLONLESS = r"""
# Some variables are split at ':', with no way to quote it: a descriptor has another name, and on
# macOS a number of its own. (`stat` of other systems understands something else by -f, and fails.)
_relocatable_colonless=${_relocatable_root:-/}
case $_relocatable_root in *:*)
    if [ -e /proc/self/fd ]; then
        for _relocatable_fd in 9 8 7 6 5 4 3; do
            [ -e "/proc/self/fd/$_relocatable_fd" ] || break
        done
        eval "exec $_relocatable_fd<\"\$_relocatable_root\"" || exit 126
        _relocatable_colonless=/proc/self/fd/$_relocatable_fd
    elif _relocatable_number=$(stat -f %d/%i "$_relocatable_root" 2>/dev/null) &&
        [ -e "/.vol/$_relocatable_number" ]; then
        _relocatable_colonless=/.vol/$_relocatable_number
    fi
esac
"""
_UNSET_ALL = r"""_relocatable_like='s/^\(@PREFIX@[A-Za-z0-9_]*\)=.*/\1/p'
for _relocatable_name in $(env | LC_ALL=C sed -n "$_relocatable_like"); do
    _relocatable_change "$_relocatable_name"
done
"""
_IN_C = r"""
# Whether nobody has chosen a locale but one that each machine ought to have.
_relocatable_in_c() {
    case ${LC_ALL:-} in
        "") case ${LC_CTYPE:-${LANG:-C}} in C | C.* | POSIX) return 0 ;; esac ;;
        C.*) return 0 ;;
    esac
    return 1
}
"""
_LOST = r"""
# Whether a locale is chosen for characters that the C library won't find.
_relocatable_lost() {
    _relocatable_locale=${LC_ALL:-${LC_CTYPE:-${LANG:-C}}}
    case $_relocatable_locale in
        C | POSIX) return 1 ;;
        */*) return 0 ;;
        *.[!@]*) _relocatable_codeset=${_relocatable_locale#*.} ;;
        *) _relocatable_codeset= ;;
    esac
    _relocatable_codeset=${_relocatable_codeset%%@*}
    _relocatable_as=$_relocatable_locale
    if [ "$_relocatable_codeset" ]; then
        _relocatable_as=$(printf %s "$_relocatable_codeset" |
            LC_ALL=C sed 'y/ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz/
s/[^a-z0-9]//g
s/^[0-9]*$/iso&/')
        case $_relocatable_locale in
            *@*) _relocatable_as=$_relocatable_as@${_relocatable_locale#*@} ;;
        esac
        _relocatable_as=${_relocatable_locale%%.*}.$_relocatable_as
    fi
    _relocatable_places=${LOCPATH:-}
    if ! [ "$_relocatable_places" ] && [ -r @ARCHIVE@ ]; then
        LC_ALL=C grep -qF -e "$_relocatable_as" @ARCHIVE@ 2>/dev/null
        [ $? = 1 ] || return 1
    fi
    _relocatable_places=$_relocatable_places:@DIRECTORY@:
    while [ "$_relocatable_places" ]; do
        _relocatable_place=${_relocatable_places%%:*}
        _relocatable_places=${_relocatable_places#*:}
        [ "$_relocatable_place" ] || continue
        for _relocatable_name in "$_relocatable_as" "$_relocatable_locale"; do
            ! [ -e "$_relocatable_place/$_relocatable_name/LC_CTYPE" ] || return 1
            ! [ -e "$_relocatable_place/${_relocatable_name%%@*}/LC_CTYPE" ] || return 1
        done
    done
}
""".replace("@ARCHIVE@", locales.ARCHIVE).replace("@DIRECTORY@", locales.DIRECTORY)
_SET_FILE = r"""
# NAME PATH: names a file to look at, unless the user has.
_relocatable_file() {
    eval "[ \"\${$1:-}\" ]" || ! [ -e "$2" ] || _relocatable_change "$1" "$2"
}
"""


def text(settings: Settings) -> bytes:
    """Returns the script that does what `settings` say.

    Raises:
        RelocatableError: if a shell can't do that.
    """
    if settings.argv0 is not None and settings.loader is None:
        raise RelocatableError(
            f"launcher: {settings.program} wants an argv[0] of its own, which a shell can't give "
            "without the dist's own loader: make it native"
        )
    about = json.dumps(asdict(settings), ensure_ascii=True, separators=(",", ":"))
    return f"{_BEGIN}{about}\n{''.join(_body(settings))}".encode("utf-8", "surrogateescape")


def is_launcher(data: bytes) -> bool:
    """Says whether a file's bytes are those of such a script."""
    return data.startswith(_BEGIN.encode())


def read(data: bytes) -> Settings:
    """Gives back the settings of a script.

    Raises:
        RelocatableError: if they are damaged, or the script is not the one that follows from them.
    """
    line = data.removeprefix(_BEGIN.encode()).partition(b"\n")[0]
    try:
        fields = json.loads(line)
        for name in ("library_path", "arguments"):
            fields[name] = tuple(fields[name])
        for name in ("environment", "inherited", "in_c", "lost", "files"):
            fields[name] = tuple((variable, value) for variable, value in fields[name])
        settings = Settings(**fields)
        same = text(settings) == data
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise RelocatableError(f"launcher: damaged settings: {error}") from error
    if not same:
        raise RelocatableError("launcher: the script is not what its settings say: it was edited")
    return settings


def _body(settings: Settings) -> Iterator[str]:
    yield _FIND_ROOT.replace("@UP@", "/".join([".."] * settings.depth) or ".")
    yield _RESTORE
    values = [value for _, value in settings.environment if value is not None]
    if settings.environment or settings.in_c or settings.lost or settings.files:
        yield _CHANGE
    if settings.in_c:
        yield _IN_C
    if settings.lost:
        yield _LOST
    if settings.files:
        yield _SET_FILE
    conditional = (*settings.in_c, *settings.lost, *settings.files)
    values += [value for _, value in (*settings.inherited, *conditional)]
    if any(ROOT_WITHOUT_COLON in text for text in (*settings.arguments, *values)):
        yield _COLONLESS
    for name, value in settings.environment:
        yield _variable(name, value)
    for name, value in settings.inherited:
        yield f"{_checked(name)}={_expanded(value)}; export {name}\n"
    for name, value in settings.in_c:
        yield f"! _relocatable_in_c || {_variable(name, value)}"
    for name, value in settings.lost:
        yield f"! _relocatable_lost || {_variable(name, value)}"
    for name, value in settings.files:
        yield f"_relocatable_file {_checked(name)} {_expanded(value)}\n"
    program = _expanded(f"{ROOT}/{settings.program}")
    words = [program]
    if settings.loader is not None:
        argv0 = _expanded(SELF if settings.argv0 is None else settings.argv0)
        words = [_expanded(f"{ROOT}/{settings.loader}")]
        words += [shlex.quote(flag) for flag in settings.loader_flags()]
        words += ["--argv0", argv0, program]
    words += [_expanded(argument) for argument in settings.arguments]
    yield f'\nexec {" ".join(words)} "$@"\n'


def _variable(name: str, value: str | None) -> str:
    prefix = _checked(name.removesuffix("*"))
    if prefix != name:
        return _UNSET_ALL.replace("@PREFIX@", prefix)
    return f"_relocatable_change {name}" + ("" if value is None else f" {_expanded(value)}") + "\n"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RelocatableError(f"launcher: {name!r} is no name that a shell has for a variable")
    if name.startswith((_OWN, RESTORE)):
        raise RelocatableError(f"launcher: {name!r} is a name that the script itself uses")
    return name


def _expanded(template: str) -> str:
    """Returns the shell word for a template."""
    words = []
    end = 0
    for found in _TOKEN.finditer(template):
        words.append(template[end : found.start()])
        end = found.end()
        words.append(_meaning(found[0], template[end : end + 1]))
    words.append(template[end:])
    # Every second one is a parameter of the shell's.
    quoted = [
        f'"{word}"' if number % 2 else shlex.quote(word)
        for number, word in enumerate(words)
        if word
    ]
    return "".join(quoted) or "''"


def _meaning(token: str, then: str) -> str:
    if token == SELF:
        return "$0"
    name = "root" if token == ROOT else "colonless"
    # The root of all is empty before a slash, and one without.
    return f"${{{_OWN}{name}%/}}" if then == "/" else f"${{{_OWN}{name}:-/}}"
