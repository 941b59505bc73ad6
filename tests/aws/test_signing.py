"""Signing by KMS, against moto's: what it signs is checked offline, with the public key alone."""

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from controller.audit.bundle.signature import fingerprint, holds, public_key, spelled
from controller.aws.audit.locked_store import S3LockedStore
from controller.aws.audit.signing import KmsSigner
from controller.ports.audit import NotLocked
from controller.ports.errors import OutsideUnreachable
from controller.rehearsal.moto_fallback import MotoFallback
from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.kms import ALIAS, Keys, Vault
from controller.rehearsal.services.s3 import DAYS, audit_bucket, locked
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.direct_client import attach
from controller.rehearsal.wire.dispatch import Wire
from tests.support.moto_client import SESSION, client


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_2048"])
def test_what_kms_signs_is_checked_with_its_public_key(spec: str) -> None:
    kms = client("kms", MotoFallback())
    made = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec=spec)["KeyMetadata"]
    signer = KmsSigner(client=kms, key_id=made["Arn"])
    told = signer.public_key()
    key = public_key(told.pem.encode())
    assert spelled(key) == told.pem.encode()
    signature = signer.sign(b"a seal")
    assert holds(key, told.algorithm, signature, b"a seal")
    assert not holds(key, told.algorithm, signature, b"a sear")
    assert not holds(key, "none", signature, b"a seal")
    assert not holds(key, told.algorithm, b"", b"a seal")
    asked = {"KeyId": made["Arn"], "Message": b"a seal", "SigningAlgorithm": told.algorithm}
    assert kms.verify(**asked, Signature=signature)["SignatureValid"]


def test_a_key_that_signs_otherwise_and_one_that_is_not_there_are_told() -> None:
    kms = client("kms", MotoFallback())
    curve = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P384")["KeyMetadata"]["Arn"]
    for key in (curve, "alias/none"):
        with pytest.raises(OutsideUnreachable, match=key):
            KmsSigner(client=kms, key_id=key).sign(b"a seal")


def keys(region: str = "us-east-2") -> Any:
    vault = Vault(region, random.Random(4))
    found = SESSION.client("kms", endpoint_url="http://127.0.0.1", region_name=region)
    wire = Wire({("kms", region): Keys(region, vault, vault)}, MotoFallback().handle, threading.RLock())
    attach(found, wire.handle, VirtualRuntime(Kernel(VirtualClock(0.0))), latency=0)
    return found


def test_the_rehearsals_key_signs_as_kms_does_and_is_one_in_every_region() -> None:
    kms = keys()
    signer = KmsSigner(client=kms, key_id=ALIAS)
    told, signature = signer.public_key(), signer.sign(b"a seal")
    assert holds(public_key(told.pem.encode()), told.algorithm, signature, b"a seal")
    asked = {"KeyId": ALIAS, "Message": b"a seal", "SigningAlgorithm": told.algorithm}
    assert kms.verify(**asked, Signature=signature)["SignatureValid"]
    with pytest.raises(kms.exceptions.KMSInvalidSignatureException):
        kms.verify(**{**asked, "Message": b"a sear"}, Signature=signature)
    assert signer.sign(b"a seal") == signature
    there = KmsSigner(client=keys("us-west-2"), key_id=ALIAS).public_key()
    assert fingerprint(public_key(there.pem.encode())) == fingerprint(public_key(told.pem.encode()))
    assert there.name == told.name.replace("us-east-2", "us-west-2")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"KeyId": "alias/tidegate"}, "NotFoundException"),
        ({"Message": b"x" * 4097}, "ValidationException"),
        ({"MessageType": "DIGEST"}, "InvalidKeyUsageException"),
        ({"SigningAlgorithm": "ECDSA_SHA_384"}, "InvalidKeyUsageException"),
    ],
)
def test_the_rehearsals_key_refuses_what_it_cannot_do(changes: dict[str, Any], code: str) -> None:
    vault = Vault("us-east-2", random.Random(4))
    asked = {"KeyId": ALIAS, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"} | changes
    with pytest.raises(AwsError) as refused:
        Keys("us-east-2", vault, vault).operations["Sign"](Call("kms", "Sign", "us-east-2", asked))
    assert refused.value.code == code


def test_a_restart_keeps_the_key() -> None:
    before, after = Vault("us-east-2", random.Random(4)), Vault("us-east-2", random.Random(5))
    assert before.derived(b"signing") != after.derived(b"signing")
    after.restore(before.dump())
    assert before.derived(b"signing") == after.derived(b"signing")


def store(fallback: MotoFallback) -> Any:
    made = SESSION.client("s3", endpoint_url="http://127.0.0.1")
    wire = Wire({}, locked("eu-west-1", fallback.handle), threading.RLock())
    attach(made, wire.handle, VirtualRuntime(Kernel(VirtualClock(0.0))), latency=0)
    return made


def test_what_is_kept_in_the_locked_bucket_can_be_neither_deleted_nor_replaced(tmp_path: Path) -> None:
    fallback = MotoFallback()
    s3, name = store(fallback), audit_bucket("eu-west-1")
    file = tmp_path / "bundle.tar"
    file.write_bytes(b"a bundle")
    kept = S3LockedStore(client=s3, bucket=name).keep("storefront/1.tar", file)
    assert kept.place == f"s3://{name}/storefront/1.tar"
    assert s3.get_object(Bucket=name, Key="storefront/1.tar")["Body"].read() == b"a bundle"
    put = s3.head_object(Bucket=name, Key="storefront/1.tar")["LastModified"].timestamp()
    assert kept.until - put == pytest.approx(DAYS * 86400, abs=90_000)
    file.write_bytes(b"another")
    again = S3LockedStore(client=s3, bucket=name).keep("storefront/1.tar", file)
    assert again == kept
    versions = s3.list_object_versions(Bucket=name)["Versions"]
    assert len(versions) == 1
    with pytest.raises(s3.exceptions.ClientError, match="Access Denied"):
        s3.delete_object(Bucket=name, Key="storefront/1.tar", VersionId=versions[0]["VersionId"])


def test_a_bucket_that_locks_nothing_or_is_not_there_is_told(tmp_path: Path) -> None:
    s3 = store(MotoFallback())
    file = tmp_path / "bundle.tar"
    file.write_bytes(b"a bundle")
    s3.create_bucket(Bucket="open", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with pytest.raises(NotLocked, match=r"s3://open/1\.tar is there, but its bucket locks nothing"):
        S3LockedStore(client=s3, bucket="open").keep("1.tar", file)
    with pytest.raises(OutsideUnreachable, match="NoSuchBucket"):
        S3LockedStore(client=s3, bucket="none").keep("1.tar", file)
