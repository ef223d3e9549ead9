"""Property tests for `relocatable.sbom`: whatever files are called, the documents are sound."""

import json
from hashlib import sha256

from absl.testing import absltest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relocatable.licenses.debian import Packages
from relocatable.provenance import Edit, Origin, Package, Record, Wheel
from relocatable.sbom import documents, inventory
from relocatable.sbom.inventory import Facts
from relocatable.tree import File, Tree
from support import sbom_schemas

_FACTS = Facts('awkward "dist" \'ü', "0.1.0", platform="linux_x86_64")
_AWKWARD = st.sampled_from("""aé漢😀 '"\\<>&#%{}$@:+~\t\n\x01\x7f\udcff\udc80""")
_names = st.text(_AWKWARD, min_size=1, max_size=8)
_paths = st.lists(_names, min_size=1, max_size=3).map("/".join)
_packages = st.text(st.sampled_from("ab0+.-"), max_size=4).map("a{}".format)
_versions = st.text(st.sampled_from("0aZ.+~:-"), max_size=6).map("1{}".format)
_digests = st.sampled_from(("0" * 64, "f" * 64))
_sources = st.one_of(
    st.builds(
        Package,
        _packages,
        _versions,
        st.just("amd64"),
        _digests,
        _packages,
        _versions,
        st.sampled_from(("", "Debian", "Debian Backports")),
        st.sampled_from(("", "https://example.invalid/a_1+b.deb")),
    ),
    st.builds(Wheel, st.sampled_from(("a", "B_c")), st.just("1"), _names, _digests),
    _names.map("//x:{}".format),
)
_texts = st.none() | _names
_files = st.builds(
    File,
    st.binary(max_size=8),
    st.builds(
        Record,
        st.builds(Origin, _sources, _paths),
        st.lists(st.builds(Edit, _names, _texts, _texts), max_size=2).map(tuple),
    ),
)


class SbomPropertyTest(absltest.TestCase):
    @settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=150,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.dictionaries(_paths, _files, max_size=6))
    def test_awkward_names(self, files: dict[str, File]) -> None:
        tree = Tree(dict(files))
        found = inventory.take(tree, _FACTS, Packages(()))
        cyclonedx = documents.write(found, "cyclonedx")
        self.assertIsNone(sbom_schemas.cyclonedx_problem(cyclonedx))
        listed = [
            each["hashes"][1]["content"]
            for component in json.loads(cyclonedx)["components"]
            for each in component["components"]
        ]
        contents = sorted(sha256(bytes(file.content)).hexdigest() for file in files.values())  # type: ignore[arg-type]
        self.assertEqual(sorted(listed), contents)
        document = sbom_schemas.spdx(documents.write(found, "spdx"))
        self.assertEmpty(sbom_schemas.spdx_problems(document))
        self.assertLen(document.files, len(files))


if __name__ == "__main__":
    absltest.main()
