"""The table of features."""

from absl.testing import absltest, parameterized

from relocatable.python import features
from relocatable.python.features import FEATURES, Feature, Since


class FeaturesTest(parameterized.TestCase):
    @parameterized.parameters(
        ("asyncio", "asyncio/base_events.py", 11, True),
        ("asyncio", "lib-dynload/_asyncio.cpython-311-x86_64-linux-gnu.so", 11, True),
        ("asyncio", "lib-dynload/_asyncio_other.so", 11, False),
        ("ssl", "ssl.py", 11, True),
        ("ssl", "ssl_.py", 11, False),
        ("test", "unittest/test/x.py", 11, True),
        ("test", "test/x.py", 11, True),
        ("test", "unittest/x.py", 11, False),
        ("config", "config-3.11-x86_64-linux-gnu/Makefile", 11, True),
        ("multiprocessing", "concurrent/futures/process.py", 11, True),
        ("distutils", "distutils/x.py", 11, True),
        ("distutils", "distutils/x.py", 12, False),
        ("pyrepl", "_pyrepl/x.py", 12, False),
        ("pyrepl", "_pyrepl/x.py", 13, True),
        ("pyrepl", "os.py", 12, False),
        ("sqlite3", "dbm/sqlite3.py", 13, True),
        ("cjkcodecs", "encodings/gbk.py", 14, True),
        ("cjkcodecs", "encodings/utf_8.py", 14, False),
    )
    def test_paths(self, name: str, path: str, minor: int, belongs: bool) -> None:
        self.assertEqual(FEATURES[name].match(path, minor), belongs)

    def test_versions(self) -> None:
        feature = Feature("", ("a", Since("b", 12)), (Since("c", last=12),))
        self.assertEqual(feature.names(11), ["a", "c"])
        self.assertEqual(feature.names(12), ["a", "b", "c"])
        self.assertEqual(feature.names(13), ["a", "b"])

    def test_names_are_sorted_and_told(self) -> None:
        self.assertEqual(list(FEATURES), sorted(FEATURES))
        for feature in FEATURES.values():
            self.assertTrue(feature.about)

    def test_known_ones_are_fine(self) -> None:
        features.check(FEATURES)


if __name__ == "__main__":
    absltest.main()
