"""How repository rules write BUILD files: as calls, in which every value is quoted.

What stands in a lock is nobody's we know, so no text of it may be put into Starlark by formatting: a quote
or a line's end in it would end the literal (or the comment), and the rest would be evaluated. So the rules
never write code as text. They name a function and hand over values, and `_string` quotes what is text.
"""

_PLAIN = "".join([
    " !#$%&'()*+,-./0123456789:;<=>?@",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`",
    "abcdefghijklmnopqrstuvwxyz{|}~",
])

def _escapes():
    """Each byte and its octal escape: of all escapes, the only kind for bytes that Bazel (7.7.1) reads.

    `repr` writes `\\x01` and `json.encode` writes `\\u0001`, neither of which Bazel's own parser takes.
    """
    found = {}
    for number in range(256):
        # Starlark has no chr().
        hexadecimal = "0123456789abcdef"[number // 16] + "0123456789abcdef"[number % 16]
        byte = json.decode("\"\\u00{}\"".format(hexadecimal))
        found[byte] = "\\{}{}{}".format(number // 64, number // 8 % 8, number % 8)
    return found | {character: character for character in _PLAIN.elems()}

_QUOTED = _escapes()

def _string(text):
    """A string as a literal of printable ASCII, so that no encoding of files has a say in it.

    Bazel's strings hold the bytes of UTF-8. Only `json.decode` makes any that hold something else.
    """
    if not text.strip(_PLAIN):
        return "\"{}\"".format(text)
    strays = [character for character in text.elems() if character not in _QUOTED]
    if strays:
        fail("wanted text as UTF-8 for a generated file, found {} in {}".format(repr(strays[0]), repr(text)))
    return "\"{}\"".format("".join([_QUOTED[character] for character in text.elems()]))

def _flat(value):
    """A value that stands in one line: a string, a number, a boolean, None, or what `call` gave."""
    if type(value) == "string":
        return _string(value)
    if type(value) == "struct":
        return value.code
    if type(value) in ["bool", "int", "NoneType"]:
        return repr(value)
    fail("wanted a string, a number, a boolean or a call in a generated file, found {}".format(type(value)))

def _value(value):
    """A value, or a list or dict of values, which isn't nested further."""
    if type(value) == "list" and value:
        return "[\n" + "".join(["    {},\n".format(_flat(each)) for each in value]) + "]"
    if type(value) == "dict" and value:
        entries = ["    {}: {},\n".format(_flat(key), _flat(each)) for key, each in value.items()]
        return "{\n" + "".join(entries) + "}"
    if type(value) in ["dict", "list"]:
        return repr(value)
    return _flat(value)

def call(function, *positional, **named):
    """Calls a function in a generated file.

    Args:
        function: Its name; a constant of the rule, never part of any data.
        *positional: Arguments: strings, numbers, booleans, None, calls, or lists and dicts of them.
        **named: The same by name.

    Returns:
        A struct, for `build_file` or as an argument of another call.
    """
    arguments = [_value(each) for each in positional]
    arguments += ["{} = {}".format(name, _value(each)) for name, each in named.items()]
    lines = "".join([each + ",\n" for each in arguments]).split("\n")
    indented = "\n".join([("    " + line) if line else "" for line in lines])
    return struct(code = "{}(\n{})".format(function, indented))

def build_file(statements):
    """The text of a BUILD file.

    Args:
        statements: What `call` gave, or a string: what the file says of itself.

    Returns:
        A string.
    """
    return "".join([_flat(statement) + "\n\n" for statement in statements]).rstrip("\n") + "\n"
