"""Tests for code signatures: made, kept, checked."""

import hashlib
import struct

from absl.testing import absltest, parameterized

from relocatable import macho
from relocatable.errors import RelocatableError
from relocatable.macho import Edits, NotEditableError
from relocatable.macho.sign import hash_pages
from support.macho_builder import ARM64, EXECUTE, X86_64, MachOBuilder
from support.macho_signature import ENTITLEMENTS, ENTITLEMENTS_DER, REQUIREMENTS, signed

_ID = Edits(install_name="@rpath/other.dylib")
_RUNTIME, _AD_HOC, _LINKER_SIGNED = 0x10000, 0x2, 0x20000


def _edit(data: bytes, edits: Edits = _ID) -> tuple[macho.Signature, bytes]:
    new = macho.plan(memoryview(data), "lib/a.dylib", edits).apply(data)
    file = macho.read(memoryview(new), "a.dylib")
    assert macho.verify_signature(file, memoryview(new)) == []
    signature = macho.read_signature(file, memoryview(new))
    assert signature is not None
    return signature, new


def _problems(data: bytes) -> list[str]:
    return macho.verify_signature(macho.read(memoryview(data), "a"), memoryview(data))


class MakeTest(parameterized.TestCase):
    def test_what_had_none_gets_that_of_a_linker(self) -> None:
        signature, new = _edit(MachOBuilder().build())
        directory = signature.directory
        self.assertEqual(signature.kind, "linker-signed")
        self.assertEqual(directory.identifier, "a.dylib")
        self.assertEqual(directory.version, 0x20400)
        self.assertEqual(directory.flags, _AD_HOC | _LINKER_SIGNED)
        self.assertEqual((directory.page_size, directory.hash_type), (4096, 2))
        self.assertEqual(directory.special, {})
        self.assertEqual(directory.executable, (0, 0x4000, 0))
        self.assertEqual(directory.code_limit % 16, 0)
        self.assertEqual(signature.offset, directory.code_limit)
        self.assertEqual(signature.blobs, {})
        self.assertEqual(len(new) % 16, 0)

    def test_a_program_says_that_it_is_one(self) -> None:
        signature, _ = _edit(MachOBuilder(type=EXECUTE).build(), Edits(rpaths=("/a",)))
        self.assertEqual(signature.directory.executable, (0, 0x4000, 1))

    def test_x86_64_is_signed_only_if_it_was(self) -> None:
        data = MachOBuilder(cpu=X86_64).build()
        plan = macho.plan(memoryview(data), "a", _ID)
        self.assertIsNone(macho.read(memoryview(plan.apply(data)), "a").signature)
        _, once = _edit(data, Edits(sign="always"))
        _edit(once)

    def test_the_same_bytes_again(self) -> None:
        _, once = _edit(MachOBuilder().build())
        self.assertFalse(macho.plan(memoryview(once), "a.dylib", _ID))
        self.assertFalse(macho.plan(memoryview(once), "a.dylib", Edits(sign="always")))
        back = macho.plan(
            memoryview(once), "a.dylib", Edits(install_name="/install/lib/libtiny.dylib")
        ).apply(once)
        _, direct = _edit(MachOBuilder().build(), Edits(sign="always"))
        self.assertEqual(back, direct)

    def test_remove(self) -> None:
        data = MachOBuilder().build()
        _, once = _edit(data, Edits(sign="always"))
        plan = macho.plan(memoryview(once), "a", Edits(sign="remove"))
        bare = plan.apply(once)
        self.assertEqual(bare[:32], data[:32])
        self.assertEqual(len(bare), -(-len(data) // 16) * 16)
        self.assertIsNone(macho.read(memoryview(bare), "a").signature)
        self.assertFalse(macho.plan(memoryview(bare), "a", Edits(sign="remove")))

    def test_what_is_appended_cannot_be_signed(self) -> None:
        with self.assertRaisesRegex(NotEditableError, "something is appended to it"):
            _edit(MachOBuilder().build() + b"payload")

    def test_what_is_encrypted_cannot_be_signed(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "is encrypted"):
            _edit(MachOBuilder(encrypted=1).build())

    @parameterized.parameters(0, 1, 4095, 4096, 4097, 10000)
    def test_pages_are_hashed_however_they_come(self, size: int) -> None:
        data = bytes(range(256)) * 40
        data = data[:size]
        wanted = b"".join(
            hashlib.sha256(data[at : at + 4096]).digest() for at in range(0, size, 4096)
        )
        for step in (1000, 4096, 5000, 20000):
            chunks = [memoryview(data)[at : at + step] for at in range(0, size, step)]
            self.assertEqual(hash_pages(chunks), wanted)


class KeepTest(parameterized.TestCase):
    def test_ad_hoc_keeps_requirements_and_entitlements(self) -> None:
        data = signed(MachOBuilder(), flags=_AD_HOC)
        self.assertEqual(_problems(data), [])
        signature, _ = _edit(data)
        self.assertEqual(signature.kind, "ad-hoc")
        self.assertEqual(signature.directory.identifier, "org.example.tiny")
        self.assertEqual(
            {slot: signature.blobs[slot] for slot in (2, 5, 7)},
            {2: REQUIREMENTS, 5: ENTITLEMENTS, 7: ENTITLEMENTS_DER},
        )
        self.assertEqual(sorted(signature.directory.special), [1, 2, 3, 5, 7])
        self.assertEqual(signature.directory.special[3], b"3" * 32)

    def test_ad_hoc_keeps_the_hardened_runtime(self) -> None:
        signature, _ = _edit(signed(MachOBuilder(), flags=_AD_HOC | _RUNTIME))
        self.assertEqual(signature.directory.flags, _AD_HOC | _RUNTIME)
        self.assertEqual(signature.directory.runtime, 0xE0500)

    def test_an_identity_is_dropped_and_told(self) -> None:
        data = signed(MachOBuilder(), flags=_RUNTIME, cms=b"signed by somebody")
        before = macho.read_signature(macho.read(memoryview(data), "a"), memoryview(data))
        assert before is not None
        self.assertEqual((before.kind, before.directory.team), ("identity", "TEAM123456"))
        signature, new = _edit(data)
        self.assertEqual(signature.kind, "ad-hoc")
        self.assertEqual(signature.directory.flags, _AD_HOC)
        self.assertIsNone(signature.directory.team)
        self.assertNotIn(b"signed by somebody", new)
        self.assertEqual(signature.blobs[5], ENTITLEMENTS)
        self.assertEqual(signature.blobs[2], bytes.fromhex("fade0c010000000c00000000"))
        log = macho.plan(memoryview(data), "a", _ID).log
        self.assertIn(("signature-team", "TEAM123456", None), log)
        self.assertIn(f"identity {before.directory.cdhash.hex()}", [edit.before for edit in log])

    def test_sha_1_alone_becomes_sha_256(self) -> None:
        data = signed(MachOBuilder(), flags=_AD_HOC, hash_type=1)
        self.assertEqual(_problems(data), [])
        signature, _ = _edit(data)
        self.assertEqual(signature.directory.hash_type, 2)
        self.assertEqual(sorted(signature.directory.special), [2, 5, 7])


class VerifyTest(parameterized.TestCase):
    def test_a_byte_that_changed(self) -> None:
        data = bytearray(_edit(MachOBuilder().build())[1])
        data[0x4001] ^= 1
        self.assertEqual(
            _problems(bytes(data)),
            ["a: the signature is wrong: 1 of 9 pages have another hash, the first is page 4"],
        )

    def test_an_entitlement_that_changed(self) -> None:
        data = bytearray(signed(MachOBuilder(), flags=_AD_HOC))
        data[data.index(b"<plist>") + 1] ^= 1
        (problem,) = _problems(bytes(data))
        self.assertIn("special slot 5 has another hash", problem)

    def test_an_info_plist_that_changed(self) -> None:
        builder = MachOBuilder(info_plist=b"<plist>info</plist>")
        data = signed(builder, flags=_AD_HOC, info=hashlib.sha256(b"other").digest())
        (problem,) = _problems(data)
        self.assertIn("section __info_plist", problem)
        data = signed(builder, flags=_AD_HOC, info=hashlib.sha256(builder.info_plist).digest())
        self.assertEqual(_problems(data), [])

    def test_no_signature(self) -> None:
        self.assertEqual(
            _problems(MachOBuilder(cpu=ARM64).build()),
            ["a: should have a signature, found none"],
        )

    def test_parts_that_share_bytes(self) -> None:
        """Each would become a copy."""
        data = bytearray(signed(MachOBuilder(), flags=_AD_HOC))
        start = data.index(struct.pack(">I", 0xFADE0CC0))
        for number in range(1, 5):  # All are where the code directory is.
            data[start + 16 + 8 * number : start + 20 + 8 * number] = data[start + 16 : start + 20]
        with self.assertRaisesRegex(RelocatableError, "together longer than its"):
            _problems(bytes(data))

    def test_less_than_all(self) -> None:
        data = bytearray(_edit(MachOBuilder().build())[1])
        at = data.index(struct.pack(">I", 0xFADE0C02)) + 32
        limit = struct.unpack_from(">I", data, at)[0]
        struct.pack_into(">I", data, at, limit - 1)
        self.assertIn(f"all {limit} bytes before it should be signed", _problems(bytes(data))[0])

    @parameterized.parameters((28, 0), (28, 1000), (32, 1 << 31), (36, 0), (37, 9), (39, 3))
    def test_a_code_directory_that_contradicts_itself(self, at: int, value: int) -> None:
        data = bytearray(_edit(MachOBuilder().build())[1])
        start = data.index(struct.pack(">I", 0xFADE0C02))
        struct.pack_into(">I" if at < 36 else "B", data, start + at, value)
        with self.assertRaisesRegex(RelocatableError, "^a: damaged code signature: "):
            _problems(bytes(data))


if __name__ == "__main__":
    absltest.main()
