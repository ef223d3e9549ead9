"""Tests for `relocatable.strict_json`."""

import re

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.strict_json import Reader, Text

_WORD = Text("a word", re.compile("[a-z]+"))


class ReaderTest(parameterized.TestCase):
    """What a reader takes, and what it refuses."""

    def test_every_kind_of_value(self) -> None:
        reader = Reader.parse(
            b'{"s": "x", "n": 3, "l": ["a", "b"], "o": {}, "i": [{"s": "y"}]}', "f"
        )
        self.assertEqual(reader.string("s", _WORD), "x")
        self.assertEqual(reader.integer("n"), 3)
        self.assertEqual(reader.strings("l", _WORD, least=2), ("a", "b"))
        reader.item("o").done()
        (item,) = reader.items("i")
        self.assertEqual(item.string("s", _WORD), "y")
        reader.done()

    @parameterized.parameters(
        (b"", "f: wanted a JSON object: Expecting value: line 1 column 1 (char 0)"),
        (b'{"a": 1', "f: wanted a JSON object: Expecting ',' delimiter: line 1 column 8 (char 7)"),
        (b"[]", "f: wanted an object, found []"),
        (b"null", "f: wanted an object, found null"),
        (b'{"a": 1, "a": 2}', "f: wanted a JSON object: the key 'a' stands twice in one object"),
    )
    def test_no_object(self, data: bytes, message: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            Reader.parse(data, "f")
        self.assertEqual(str(caught.exception), message)

    @parameterized.parameters(b"\xff", b"[" * 100_000)
    def test_no_json(self, data: bytes) -> None:
        with self.assertRaisesRegex(RelocatableError, "^f: wanted a JSON object: "):
            Reader.parse(data, "f")

    @parameterized.parameters(
        ("{}", "f: misses the key 'x'"),
        ('{"x": 1}', "f: x: wanted a word, found 1"),
        ('{"x": ""}', 'f: x: wanted a word, found ""'),
        ('{"x": "a\\n"}', 'f: x: wanted a word, found "a\\n"'),
        ('{"x": "A%s"}' % ("b" * 99), f'f: x: wanted a word, found "A{"b" * 58}…'),
    )
    def test_no_string(self, text: str, message: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            Reader.parse(text.encode(), "f").string("x", _WORD)
        self.assertEqual(str(caught.exception), message)

    def test_null_and_zero(self) -> None:
        reader = Reader.parse(b'{"s": null, "t": "x", "n": 0}', "f")
        self.assertIsNone(reader.optional_string("s", _WORD))
        self.assertEqual(reader.optional_string("t", _WORD), "x")
        self.assertEqual(reader.count("n"), 0)
        reader.done()
        with self.assertRaisesRegex(RelocatableError, "^f: misses the key 's'$"):
            reader.optional_string("s", _WORD)

    @parameterized.parameters("-1", "true", "1.0", '"1"', "null")
    def test_no_count(self, text: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            Reader.parse(f'{{"x": {text}}}'.encode(), "f").count("x")
        message = f"f: x: wanted an integer that is not negative, found {text}"
        self.assertEqual(str(caught.exception), message)

    @parameterized.parameters("0", "-1", "true", "1.0", '"1"', "null")
    def test_no_positive_integer(self, text: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            Reader.parse(f'{{"x": {text}}}'.encode(), "f").integer("x")
        self.assertEqual(str(caught.exception), f"f: x: wanted a positive integer, found {text}")

    @parameterized.parameters(
        ('"a"', 'f: x: wanted a list, found "a"'),
        ("[]", "f: x: wanted at least 1 in the list, found []"),
        ('["a", 1]', "f: x[1]: wanted a word, found 1"),
        ('["a", "b", "a"]', 'f: x: wanted each string once, found ["a", "b", "a"]'),
    )
    def test_no_list_of_strings(self, text: str, message: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            Reader.parse(f'{{"x": {text}}}'.encode(), "f").strings("x", _WORD, least=1)
        self.assertEqual(str(caught.exception), message)

    def test_the_place_inside(self) -> None:
        reader = Reader.parse(b'{"x": {"y": [{}, {"z": 1}]}}', "f")
        with self.assertRaises(RelocatableError) as caught:
            reader.item("x").items("y")[1].string("z", _WORD)
        self.assertEqual(str(caught.exception), "f: x.y[1].z: wanted a word, found 1")

    def test_what_nobody_took(self) -> None:
        reader = Reader.parse(b'{"x": {"b": 1, "a": 2}}', "f")
        with self.assertRaises(RelocatableError) as caught:
            reader.item("x").done()
        self.assertEqual(str(caught.exception), "f: x has the unknown key 'a'; there are none")


if __name__ == "__main__":
    absltest.main()
