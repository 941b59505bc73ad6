"""An evacuation that people approved, exported over the wire; and bundles as a forger would write them."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from controller.audit.bundle.archive import END, write
from controller.audit.bundle.earlier_bundle import Earlier
from controller.audit.bundle.manifest import KEY, MANIFEST, SEAL, SIGNATURE, Manifest, Seal
from controller.audit.bundle.signature import low
from controller.audit.bundle.verify import Verified, verify
from controller.audit.bundle.write import NOBODY, Period, Record, export
from controller.aws.audit.signing import KmsSigner
from controller.aws.dynamodb.stored_records import DynamoAssessmentLog
from controller.core.journal.kind import Kind
from controller.entry.audit_sources import text_of
from controller.ports.audit import PublicKey, Signer
from controller.rehearsal.wire.botocore_client import virtual_clients
from tests.support.approval_request import asked, yes
from tests.support.policy_scene import OTHER
from tests.support.world import World

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=5)
FIRST = (SEAL, SIGNATURE, KEY, MANIFEST)


@dataclass(frozen=True)
class Told:
    """A world whose evacuation is over, what there is to export of it, and a bundle of it."""

    world: World
    record: Record
    period: Period
    signer: KmsSigner
    bundle: bytes


@cache
def told() -> Told:
    """Look at it, and change nothing of it."""
    w, request = asked()
    yes(w, request)
    assert w.until(w.has(Kind.SETTLED), 120)
    w.advance(130)
    record = record_of(w)
    period = Period(w.stage.kernel.now() - 3600, w.stage.kernel.now())
    signer = KmsSigner(client=service(w, "kms"), key_id="alias/tidegate-signing")
    return Told(w, record, period, signer, exported(record, period, signer))


def service(w: World, name: str, region: str = OTHER) -> Any:
    """A client of one's own: those of a world go over to the next one."""
    cloud = w.stage.cloud
    return virtual_clients(cloud.wire, w.hand.runtime, w.stage.faults)(name, region, None, ONCE)


def record_of(w: World, **changes: Any) -> Record:
    policy = w.stage.policy
    logs = {r: DynamoAssessmentLog(client=service(w, "dynamodb", r), table="tidegate-assessments")
            for r in w.every}  # fmt: skip
    found = Record("storefront", w.events, "*fleet*", w.hand.journal.read("*fleet*"), logs,
                   {policy.digest: text_of(policy)}, "0.1.0")  # fmt: skip
    return replace(found, **changes)


def exported(record: Record, period: Period, signer: Signer | None) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bundle.tar"
        export(record, period, signer, file)
        return file.read_bytes()


class Forger:
    """Signs with a key of its own."""

    def __init__(self, number: int = 7) -> None:
        self._key = ec.derive_private_key(number, ec.SECP256R1())

    def public_key(self) -> PublicKey:
        pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return PublicKey("forger", "ECDSA_SHA_256", pem.decode())

    def sign(self, message: bytes) -> bytes:
        signature = self._key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
        return low(self._key.public_key(), signature)


def checked(
    bundle: bytes, key: bytes | None = None, earlier: Earlier | None = None, *, keep: bool = False
) -> Verified:
    return verify(io.BytesIO(bundle), key, earlier, keep=keep)


def opened(bundle: bytes) -> dict[str, bytes]:
    """Name -> content, as any tar reads it."""
    with tarfile.open(fileobj=io.BytesIO(bundle)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def framed(files: Mapping[str, bytes]) -> bytes:
    """The files in a sound frame, in this order; nothing else is put right."""
    out = io.BytesIO()
    for name, content in files.items():
        write(out, name, len(content), [content])
    return out.getvalue() + END


def listed(name: str, content: bytes) -> dict[str, Any]:
    packed = name.endswith(".gz")
    plain = gzip.decompress(content) if packed else content
    lines = plain.count(b"\n") if ".jsonl" in name else None
    return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
            "lines": lines, "unpacked": len(plain) if packed else None}  # fmt: skip


def resealed(files: Mapping[str, bytes], manifest: Mapping[str, Any], signer: Signer | None) -> bytes:
    """`files` with a manifest of its own, sealed and signed anew by `signer`."""
    said = Manifest.model_validate(manifest)
    text = said.text()
    key = signer.public_key() if signer else NOBODY
    seal = Seal.model_validate(
        {"application": said.application, "from": said.begin, "to": said.to, "key": key.name,
         "manifest": hashlib.sha256(text).hexdigest(), "algorithm": key.algorithm}
    )  # fmt: skip
    signature = signer.sign(seal.text()) if signer else b""
    first = {SEAL: seal.text(), SIGNATURE: signature, KEY: key.pem.encode(), MANIFEST: text}
    return framed(first | {name: files[name] for name in sorted(set(files) - set(FIRST))})
