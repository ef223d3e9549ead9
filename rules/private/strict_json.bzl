"""Reads JSON that has exactly the shape that is expected of it.

`tools/relocatable/strict_json.py` does the same for the tools. The functions here return what is wrong, as
a text, instead of failing: a caller knows best what to say around it, and a test can ask for many.
"""

# Of an object in an object …: more than any shape that is read here has.
_DEPTH = 9

_SHOWN = 60

def text(word, least = None):
    """A string, or a list of different ones.

    Args:
        word: Of which kind: an attribute of WORDS.
        least: For a list, how many there are at least.

    Returns:
        A kind of value, for `fault_of_object`.
    """
    return struct(least = least, type = "string" if least == None else "list", word = word)

INTEGER = struct(least = None, type = "int", word = None)
BOOLEAN = struct(least = None, type = "bool", word = None)
OBJECT = struct(least = None, type = "dict", word = None)

def objects(least = 0):
    """A list of objects, which the caller looks at one by one.

    Args:
        least: How many there are at least.

    Returns:
        As `text`.
    """
    return struct(least = least, type = "list", word = None)

def decode(data):
    """Decodes an object that means the same to every reader of JSON.

    Bazel (7.7.1) takes the last of two values under one key, and makes a Latin-1 byte of `\\u00e9`. So an
    object with a key twice is refused, and so are escapes other than `\\"` and `\\\\`: nothing that our
    tools write has any.

    Args:
        data: A file's text.

    Returns:
        The object or None, and what is wrong or "".
    """
    value = json.decode(data, default = None)
    if type(value) != "dict":
        return None, _why_not(data)
    plain = data.replace("\\\\", "").replace("\\\"", "")
    if "\\" in plain:
        return None, "wanted characters as they are, found the escape {}".format(
            plain[plain.index("\\"):][:2],
        )

    # Without escapes, each other part is the inside of a string.
    parts = plain.split("\"")
    if sum_of([part.count(":") for part in parts[::2]]) != len(_keys(value)):
        return None, "the key \"{}\" stands twice in one object".format(_more_often(parts, _keys(value)))
    return value, ""

def _why_not(data):
    if not data.strip():
        return "found an empty file"
    for number, line in enumerate(data.splitlines()):
        if line.startswith("<<<<<<<"):
            return "found a merge conflict in line {} ({})".format(number + 1, shown(line))
    return "wanted a JSON object, found something else (python3 -m json.tool FILE says where)"

def sum_of(numbers):
    """The sum of a list of integers.

    Args:
        numbers: The list.

    Returns:
        An integer.
    """
    total = 0
    for number in numbers:
        total += number
    return total

def _keys(value):
    """All keys of an object and of what is in it, as often as they are there."""
    found, level = [], [value]
    for _ in range(_DEPTH):
        below = []
        for each in level:
            if type(each) == "dict":
                found += each.keys()
                below += each.values()
            elif type(each) == "list":
                below += each
        level = [each for each in below if type(each) in ["dict", "list"]]
    return found

def _more_often(parts, keys):
    """The first key that stands more often in a text than in what was decoded from it."""
    left = {}
    for key in keys:
        left[key] = left.get(key, 0) + 1
    for at in range(1, len(parts) - 1, 2):
        if parts[at + 1].strip().startswith(":"):
            left[parts[at]] = left.get(parts[at], 0) - 1
            if left[parts[at]] < 0:
                return parts[at]
    return "?"

def fault_of_object(place, value, fields, optional = {}):
    """Says what is wrong with an object.

    Args:
        place: What the message calls it.
        value: Anything.
        fields: Kinds of values, by the key that they have.
        optional: The same for keys that need not be there.

    Returns:
        A text; empty if nothing is wrong.
    """
    if type(value) != "dict":
        return "{}: wanted an object, found {}".format(place, shown(value))
    wanted = fields | optional
    strange = sorted([key for key in value if key not in wanted])
    missing = sorted([key for key in fields if key not in value])
    if strange:
        near = [key for key in wanted if key not in value and _near(strange[0], key)]
        return "{} has the unknown key {}{}; there are {}".format(
            place,
            shown(strange[0]),
            "; is {} meant?".format(near[0]) if near else "",
            ", ".join(sorted(wanted)),
        )
    if missing:
        return "{} misses the key \"{}\"".format(place, missing[0])
    for key, kind in wanted.items():
        fault = _fault("{}.{}".format(place, key), value[key], kind) if key in value else ""
        if fault:
            return fault
    return ""

_MEANINGS = {
    "bool": "true or false",
    "dict": "an object",
    "int": "a positive integer",
    "list": "a list",
    "string": "a string",
}

def _fault(place, value, kind):
    if type(value) != kind.type or (kind.type == "int" and value <= 0):
        meaning = kind.word.meaning if kind.type == "string" else _MEANINGS[kind.type]
        return "{}: wanted {}, found {}".format(place, meaning, shown(value))
    if kind.type == "string" and not kind.word.matches(value):
        return "{}: wanted {}, found {}".format(place, kind.word.meaning, shown(value))
    if kind.type != "list":
        return ""
    if len(value) < kind.least:
        return "{}: wanted at least {} in the list, found {}".format(place, kind.least, shown(value))
    for number, each in enumerate(value if kind.word else []):
        if type(each) != "string" or not kind.word.matches(each):
            return "{}[{}]: wanted {}, found {}".format(place, number, kind.word.meaning, shown(each))
    if kind.word and len({each: None for each in value}) != len(value):
        return "{}: wanted each string once, found {}".format(place, shown(value))
    return ""

def _near(one, other):
    """Whether two words differ in one place, by two characters at most."""
    if abs(len(one) - len(other)) > 2:
        return False
    before, after = 0, 0
    shorter = min(len(one), len(other))
    for at in range(shorter):
        if one[at] != other[at]:
            break
        before += 1
    for at in range(shorter - before):
        if one[-1 - at] != other[-1 - at]:
            break
        after += 1
    return before + after + 2 >= max(len(one), len(other)) and before + after > 0

def shown(value):
    """A value for a message.

    Args:
        value: Anything.

    Returns:
        Its start, in one line.
    """
    said = repr(value)
    return said if len(said) <= _SHOWN else said[:_SHOWN] + "…"
