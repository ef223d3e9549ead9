"""The kinds of strings that locks of Debian packages are made of.

`tools/relocatable/deb_lock/words.py` has the same, by the same names, as the regular expressions that
Starlark lacks. tests/integration/debs_hostile_test.py holds the two against each other.
A string here is the bytes of UTF-8.
"""

load("//rules/private:archive_path.bzl", "is_path")

_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LOWER = _LETTERS + _DIGITS
_ALL = _LOWER + _LETTERS.upper()
_VISIBLE = _ALL + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

# What toolchains/ has target facts for.
_ARCHITECTURES = ["amd64", "arm64"]

# Control characters of Unicode's first 128 are not in _VISIBLE; these are the others, and what ends a line.
_CONTROL = ["\302" + byte for byte in (
    "\200\201\202\203\204\205\206\207\210\211\212\213\214\215\216\217" +
    "\220\221\222\223\224\225\226\227\230\231\232\233\234\235\236\237"
).elems()] + ["\342\200\250", "\342\200\251"]

_CONTINUATION = "".join([
    "\200\201\202\203\204\205\206\207\210\211\212\213\214\215\216\217",
    "\220\221\222\223\224\225\226\227\230\231\232\233\234\235\236\237",
    "\240\241\242\243\244\245\246\247\250\251\252\253\254\255\256\257",
    "\260\261\262\263\264\265\266\267\270\271\272\273\274\275\276\277",
])

# What the first byte of a character says of the others: their number, and what the second may be. RFC 3629.
_LEADS = {byte: (1, _CONTINUATION) for byte in (
    "\302\303\304\305\306\307\310\311\312\313\314\315\316\317" +
    "\320\321\322\323\324\325\326\327\330\331\332\333\334\335\336\337"
).elems()} | {byte: (2, _CONTINUATION) for byte in (
    "\341\342\343\344\345\346\347\350\351\352\353\354\356\357"
).elems()} | {byte: (3, _CONTINUATION) for byte in "\361\362\363".elems()} | {
    "\340": (2, _CONTINUATION[32:]),
    "\355": (2, _CONTINUATION[:32]),
    "\360": (3, _CONTINUATION[16:]),
    "\364": (3, _CONTINUATION[:16]),
}

def _only(text, allowed):
    return not text.strip(allowed)

def _word(text, first, others):
    """Whether a text begins with one of the characters `first` and goes on with `others`."""
    return text != "" and text[0] in first and _only(text, others)

def _utf8(text):
    left, allowed = 0, ""
    for byte in text.elems():
        if left:
            if byte not in allowed:
                return False
            left, allowed = left - 1, _CONTINUATION
        elif byte in _LEADS:
            left, allowed = _LEADS[byte]
        elif byte not in _VISIBLE and byte != " ":
            return False
    return not left

def _line(text):
    return _only(text, _VISIBLE + " ") or (_utf8(text) and not any([each in text for each in _CONTROL]))

def _name(text):
    return _word(text, _LOWER, _LOWER + "+.-")

def _pattern(text):
    return _word(text, _LOWER + "*", _LOWER + "+.*-")

def _version(text):
    epoch, colon, rest = text.partition(":")
    if not colon:
        return _word(text, _ALL, _ALL + ".+~-")
    return _word(epoch, _DIGITS, _DIGITS) and _word(rest, _ALL, _ALL + ".+~-")

def _sha256(text):
    return len(text) == 64 and _only(text, _DIGITS + "abcdef")

def _fingerprint(text):
    return len(text) in [40, 64] and _only(text, _DIGITS + "ABCDEF")

def _source(text):
    return _word(text, _LETTERS, _LOWER + "-")

def _file_path(text, suffix = ""):
    return is_path(text, suffix) and (_only(text, _VISIBLE + " ") or _utf8(text))

def _deb_path(text):
    return _file_path(text, ".deb")

def _component(text):
    return _word(text, _ALL, _ALL + "._/+-")

def _suite(text):
    return text in ["/", "./"] or _component(text)

def _release_suite(text):
    return text in ["", "-"] or _component(text)

def _pin(text):
    name, equals, version = text.partition("=")
    if equals:
        return _pattern(name) and _version(version)
    name, slash, source = text.partition("/")
    return slash != "" and _pattern(name) and _source(source)

def _url(text):
    rest = text.removeprefix("https://") if text.startswith("https://") else text.removeprefix("http://")
    return rest != text and _only(text, _VISIBLE) and rest != "" and rest[0] != "/"

def _keyring(text):
    parts = text.split("/")
    return text == "" or (text[0] != "/" and " " not in text and _line(text) and "." not in parts and ".." not in parts)

def _moment(text):
    date, t, time = text.partition("T")
    return text == "" or (
        t != "" and len(date) == 8 and _only(date, _DIGITS) and
        len(time) == 7 and time[-1] == "Z" and _only(time[:-1], _DIGITS)
    )

def _target(text):
    return text in _ARCHITECTURES

def _architecture(text):
    return text == "all" or text in _ARCHITECTURES

def _kind(meaning, matches):
    return struct(matches = matches, meaning = meaning)

# What messages call each, and a function that says whether a string is one.
WORDS = struct(
    architecture = _kind("all, amd64 or arm64", _architecture),
    component = _kind("a component", _component),
    deb_path = _kind("a .deb file's path in the archive", _deb_path),
    file_path = _kind("a file's path in the archive", _file_path),
    fingerprint = _kind("a key's fingerprint", _fingerprint),
    keyring = _kind("a keyring's path in the workspace, or its name", _keyring),
    line = _kind("one line of text without control characters", _line),
    name = _kind("a package name", _name),
    pattern = _kind("a package name, where * is anything", _pattern),
    pin = _kind("package=version or package/source", _pin),
    release_suite = _kind("a suite, as a Release file has it, or - for none", _release_suite),
    sha256 = _kind("64 hexadecimal digits", _sha256),
    moment = _kind("a moment like 20260131T000000Z", _moment),
    source = _kind("a source's name (a-z, 0-9, -)", _source),
    suite = _kind("a suite, or a flat repository's directory with a slash at its end", _suite),
    target = _kind("amd64 or arm64", _target),
    url = _kind("an http or https URL", _url),
    version = _kind("a Debian version", _version),
)
