"""A bundle may come from anybody: whatever it is, its check ends soon, in a sentence, and writes nothing."""

import gzip
import hashlib
import io
import json
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from controller.audit.bundle.archive import END, header
from controller.audit.bundle.manifest import FIRST, FLEET, JOURNAL, KEY, MANIFEST, SEAL, SIGNATURE
from controller.audit.bundle.signature import NoKey, public_key
from controller.audit.bundle.verify import NotABundle, verify
from controller.core.canonical_json import ascii_json
from tests.support.audit_bundle import Forger, checked, framed, listed, opened, resealed, told

LOG = "assessments/us-east-2/2030-01-01.jsonl.gz"


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("seal.json", b"0" * 10_000_000)
    return out.getvalue()


def named(name: str) -> bytes:
    """A tar of one file, named so, with a checksum that is right."""
    raw = bytearray(header("seal.json", 4))
    raw[:100] = name.encode().ljust(100, b"\0")
    raw[148:156] = b" " * 8
    raw[148:156] = f"{sum(raw):06o}\0 ".encode()
    return bytes(raw) + b"evil".ljust(512, b"\0") + END


BLANK = dict.fromkeys(FIRST, b"")
NONE = {
    "empty": b"",
    "text": b"not a bundle at all\n",
    "not UTF-8": b"\xff\xfe" * 2000,
    "a zip bomb": zipped(),
    "a gzip": gzip.compress(b"0" * 1_000_000),
    "a path out": named("../../etc/passwd"),
    "an absolute path": named("/etc/passwd"),
    "another first file": named("manifest.json"),
    "a seal of 8 GB": header("seal.json", 8**11 - 1) + b"{",
    "a seal that is no JSON": framed(dict.fromkeys(FIRST, b"\xff\x00")),
    "a seal of depth": framed({**dict.fromkeys(FIRST, b""), SEAL: b"[" * 4096}),
    "a seal of a later version": framed(
        {**dict.fromkeys(FIRST, b""), SEAL: b'{"schema":"tidegate.audit/v3"}'}
    ),
    "nothing after the seal": framed({SEAL: b"{}"}),
}


@pytest.mark.parametrize("what", NONE)
def test_what_is_no_bundle_is_told_at_once(what: str) -> None:
    with pytest.raises(NotABundle, match="this is no bundle"):
        checked(NONE[what])


def test_a_file_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge"
    with file.open("wb") as out:
        out.truncate(1 << 40)
    began = time.process_time()
    with file.open("rb") as huge, pytest.raises(NotABundle):
        verify(huge)
    assert time.process_time() - began < 0.5


def forged(changes: dict[str, bytes], **claims: Any) -> bytes:
    """A bundle that a forger signed; its manifest is right but for what it `claims` of the log."""
    files = opened(told().bundle) | changes
    manifest = json.loads(files[MANIFEST])
    names = sorted(set(files) - set(FIRST))
    sound = [listed(name, files[name]) for name in names if name not in changes or name != LOG]
    made = [{"name": LOG, "bytes": len(files[LOG]), "lines": 5} | claims | _hashed(files[LOG])]
    manifest["files"] = sorted(sound + (made if LOG in changes else []), key=lambda each: each["name"])
    return resealed(files, manifest, Forger())


def _hashed(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest()}


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(size >> 20)) + packer.flush()


@pytest.mark.parametrize(
    ("changes", "claims", "where", "sentence"),
    [
        ({LOG: bomb(32 << 20)}, {"unpacked": 32 << 20}, "line 1", "longer than"),
        ({LOG: bomb(32 << 20)}, {"unpacked": 5000}, "", "it unpacks to more than the 5000 bytes"),
        ({LOG: gzip.compress(b"\n" * 9_000_000)}, {"unpacked": 9_000_000}, "record 1", "no line of JSON"),
        ({LOG: gzip.compress(b"[" * 900_000 + b"\n")}, {"unpacked": 900_001}, "record 1", "no line of JSON"),
        ({LOG: gzip.compress(b'{"at":\xff}\n')}, {"unpacked": 9}, "record 1", "no line of JSON"),
        ({LOG: gzip.compress(b"9" * 9000 + b"\n")}, {"unpacked": 9001}, "record 1", "no line of JSON"),
        ({LOG: gzip.compress(b"NaN\n")}, {"unpacked": 4}, "record 1", ""),
        ({LOG: gzip.compress(b"{}\n")}, {"unpacked": 3}, "record 1", "expected one line of canonical JSON"),
        ({LOG: gzip.compress(b"{}")}, {"unpacked": 2}, "line 1", "it has no end"),
        ({LOG: b"no gzip"}, {"unpacked": 5}, "", "it cannot be unpacked"),
        ({LOG: gzip.compress(b"") + gzip.compress(b"")}, {"unpacked": 0}, "", "something follows"),
        ({LOG: gzip.compress(b"")[:-4]}, {"unpacked": 0}, "", "it unpacks to 0 bytes"),
        ({JOURNAL: b"{}\n"}, {}, "event 1", "expected one line of canonical JSON"),
        ({FLEET: b'"\xc3\xa9"\n'}, {}, "event 1", "expected one line of canonical JSON"),
    ],
)  # fmt: skip
def test_what_a_forger_puts_into_a_sound_frame_is_bounded_and_told(
    changes: dict[str, bytes], claims: dict[str, Any], where: str, sentence: str
) -> None:
    bundle = forged(changes, **claims)
    began = time.process_time()
    tracemalloc.start()
    found = checked(bundle).wrong
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is not None
    assert (found.file, found.where) == (next(iter(changes)), where), found
    assert sentence in found.sentence
    assert most < 24 << 20
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"unpacked": 1 << 40}, "not read"),
        ({"lines": 1 << 40}, "not read"),
        ({"name": "../../etc/passwd"}, "String should match pattern"),
        ({"name": "a" * 5000}, "String should"),
        ({"bytes": -1}, "greater than or equal"),
        ({"bytes": True}, "Input should be a valid integer"),
        ({"more": 1}, "Extra inputs"),
        ({"name": "seal.json"}, "not in order"),
    ],
)
def test_a_manifest_that_claims_what_no_bundle_has_is_refused(claims: dict[str, Any], sentence: str) -> None:
    files = opened(told().bundle)
    manifest = json.loads(files[MANIFEST])
    manifest["files"][1] |= claims
    text = (ascii_json(manifest) + "\n").encode()
    seal = json.loads(files[SEAL]) | {"manifest": _hashed(text)["sha256"], "key": "forger"}
    sealed = (ascii_json(seal) + "\n").encode()
    forger = Forger()
    first = {
        SEAL: sealed,
        SIGNATURE: forger.sign(sealed),
        KEY: forger.public_key().pem.encode(),
        MANIFEST: text,
    }
    found = checked(framed({**files, **first})).wrong
    assert found is not None
    assert (found.file, sentence in found.sentence) == (MANIFEST, True), found


def test_only_keys_that_kms_signs_with_are_taken() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    for pem in (
        b"",
        b"\xff" * 100,
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        small.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ):
        with pytest.raises(NoKey):
            public_key(pem)


def signed(seal: bytes, manifest: bytes) -> bytes:
    """Both as a forger spells them, in a sound frame."""
    forger = Forger()
    key = forger.public_key().pem.encode()
    files = opened(told().bundle)
    return framed({**files, SEAL: seal, SIGNATURE: forger.sign(seal), KEY: key, MANIFEST: manifest})


def test_a_seal_or_manifest_that_is_spelled_otherwise_or_of_another_period_is_refused() -> None:
    files = opened(told().bundle)
    seal = json.loads(files[SEAL]) | {"key": "forger"}
    text = (ascii_json(seal) + "\n").encode()
    assert checked(signed(text, files[MANIFEST])).wrong is None
    spaced = checked(signed(json.dumps(seal).encode(), files[MANIFEST])).wrong
    assert spaced is not None
    assert spaced.file == SEAL
    for manifest in (
        json.dumps(json.loads(files[MANIFEST])).encode(),
        (ascii_json(json.loads(files[MANIFEST]) | {"to": "2040-01-01T00:00:00Z"}) + "\n").encode(),
    ):
        again = (ascii_json(seal | {"manifest": _hashed(manifest)["sha256"]}) + "\n").encode()
        found = checked(signed(again, manifest)).wrong
        assert found is not None
        assert (found.file, "another period" in found.sentence) == (MANIFEST, True)


def test_what_the_manifest_does_not_name_is_not_read() -> None:
    real = opened(told().bundle)[LOG]
    found = checked(forged({LOG: real}, unpacked=len(gzip.decompress(real)), lines=3)).wrong
    assert found is not None
    assert (found.file, found.where, found.sentence) == (LOG, "line 4", "expected 3 lines")
    found = checked(forged({LOG: real}, unpacked=len(gzip.decompress(real)), lines=99)).wrong
    assert found is not None
    assert (found.file, "expected 99" in found.sentence) == (LOG, True)
    files = opened(told().bundle)
    manifest = json.loads(files[MANIFEST]) | {"assessments": {}}
    found = checked(resealed(files, manifest, Forger())).wrong
    assert found is not None
    assert (found.file, "knows of no assessments" in found.sentence) == (LOG, True)
    manifest["files"] = [each for each in json.loads(files[MANIFEST])["files"] if each["name"] != FLEET]
    found = checked(resealed(files, manifest, Forger())).wrong
    assert found is not None
    assert (found.file, "lacks the journal" in found.sentence) == (MANIFEST, True)


@pytest.mark.parametrize("second", ["gaps.json", MANIFEST, SEAL])
def test_no_name_comes_twice_for_whoever_unpacks_it_by_hand(second: str) -> None:
    """tar would write the later over the earlier."""
    files = opened(told().bundle)
    manifest = json.loads(files[MANIFEST])
    extra = listed(second, b"{}")
    manifest["files"] = sorted([*manifest["files"], extra], key=lambda each: each["name"])
    text = (ascii_json(manifest) + "\n").encode()
    seal = json.loads(files[SEAL]) | {"manifest": _hashed(text)["sha256"]}
    first = opened(signed((ascii_json(seal) + "\n").encode(), text))
    parts = [framed({name: first[name]}) for name in FIRST]
    parts += [framed({e["name"]: b"{}" if e == extra else files[e["name"]]}) for e in manifest["files"]]
    found = checked(b"".join(part[: -len(END)] for part in parts) + END).wrong
    assert found is not None
    assert (found.file, "not in order" in found.sentence) == (MANIFEST, True)
