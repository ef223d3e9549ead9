"""What is bundled of what programs open by name, and what they are told."""

from absl.testing import absltest, parameterized

from relocatable import content, elf, policies
from relocatable.errors import RelocatableError
from relocatable.policies import Policies, Policy, Variables
from relocatable.provenance import Edit, Origin, Record
from relocatable.tree import File, Tree
from support.elf_builder import ElfBuilder

RECORD = Record(Origin("//:x", "x"))
HOST, BUNDLED, SEARCH = Policy.HOST, Policy.BUNDLED, Policy.SEARCH


def tree(*paths: str) -> Tree:
    made = Tree()
    for path in paths:
        made.add(path, File(path.encode() + b"\n\n", RECORD))
    return made


class PoliciesTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dist = Tree()

    def take(self, *pool: str, **wanted: Policy) -> Variables:
        return policies.take(self.dist, tree(*pool), Policies(**wanted), "x/lib")

    def paths(self) -> list[str]:
        return [path for path, _ in self.dist.files()]

    def test_by_default_nothing_is_taken_or_told(self) -> None:
        found = self.take("usr/lib/gconv/gconv-modules", "usr/lib/locale/C.utf8/LC_CTYPE")
        self.assertEqual(found, Variables())
        self.assertEmpty(self.paths())

    def test_character_sets(self) -> None:
        directory = "usr/lib/x-linux-gnu/gconv"
        found = self.take(
            f"{directory}/A.so",
            f"{directory}/gconv-modules",
            f"{directory}/gconv-modules.cache",
            f"{directory}/gconv-modules.d/more.conf",
            gconv=BUNDLED,
        )
        want = (("GCONV_PATH", "{root_without_colon}/x/lib/gconv"),)
        self.assertEqual(found, Variables(environment=want))
        names = ("A.so", "gconv-modules", "gconv-modules.d/more.conf")
        self.assertEqual(self.paths(), [f"x/lib/gconv/{name}" for name in names])

    @parameterized.parameters((("C.utf8",), True), (("C.utf8", "de_DE.utf8"), False))
    def test_locales(self, names: tuple[str, ...], only_c: bool) -> None:
        pool = [f"usr/lib/locale/{name}/LC_MESSAGES/SYS_LC_MESSAGES" for name in names]
        told = (("LOCPATH", "{root_without_colon}/x/lib/locale"),)
        found = self.take(*pool, "usr/lib/locale/locale-archive", locales=BUNDLED)
        utf8 = (("LC_ALL", "C.UTF-8"),)
        if only_c:
            self.assertEqual(found, Variables(in_c=told, lost=(*told, *utf8)))
        else:
            self.assertEqual(found, Variables(environment=told, lost=utf8))
        self.assertLen(self.paths(), len(names))

    def test_certificates(self) -> None:
        directory = "usr/share/ca-certificates/mozilla"
        found = self.take(f"{directory}/A.crt", f"{directory}/B.crt", ca_certificates=BUNDLED)
        told = (("SSL_CERT_FILE", "{root}/x/lib/ssl/cert.pem"),)
        self.assertEqual(found, Variables(files=told))
        file = self.dist.file("x/lib/ssl/cert.pem")
        self.assertEqual(
            content.read(file.content), f"{directory}/A.crt\n{directory}/B.crt\n".encode()
        )
        self.assertEqual(file.record.edits, (Edit("certificates", None, "2 in one file"),))

    def test_certificates_that_are_searched(self) -> None:
        names, paths = zip(*self.take(ca_certificates=SEARCH).files, strict=True)
        self.assertEqual(set(names), {"SSL_CERT_FILE"})
        self.assertEqual(paths[0], "/etc/ssl/certs/ca-certificates.crt")

    @parameterized.parameters(
        ("gconv", "no gconv/gconv-modules is in the libraries; let them include"),
        ("locales", r"no locale/NAME/LC_\* is in the libraries; let them include"),
        ("ca_certificates", r"no ca-certificates/\*.crt is in the libraries; let them include"),
    )
    def test_what_is_not_in_the_pool(self, policy: str, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, f'{policy} = "bundled": {message}'):
            self.take("usr/lib/libx.so", **{policy: BUNDLED})

    def test_the_machines_c_library_has_its_own(self) -> None:
        Policies(nss=BUNDLED, ca_certificates=BUNDLED).check(own_libc=False)
        with self.assertRaisesRegex(RelocatableError, 'gconv = "bundled" wants libc = "bundled"'):
            Policies(gconv=BUNDLED).check(own_libc=False)
        with self.assertRaisesRegex(RelocatableError, "nss: wanted host or bundled, found search"):
            Policies(nss=SEARCH).check(own_libc=True)

    def test_name_services(self) -> None:
        """Only the C library opens them, so only it is kept from the machine's directories."""
        for soname, policy, changed in (
            ("libc.so.6", BUNDLED, True),
            ("libc.so.6", HOST, False),
            ("libm.so.6", BUNDLED, False),
        ):
            built = ElfBuilder(soname=soname, needed=()).build()
            edits = policies.edits(elf.read(memoryview(built), soname), Policies(nss=policy))
            self.assertEqual(edits is not None and edits.no_default_libraries, changed)


if __name__ == "__main__":
    absltest.main()
