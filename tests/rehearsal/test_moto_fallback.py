"""moto behind the wire."""

import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from controller.rehearsal.moto_fallback import MotoFallback
from tests.support.moto_client import client


@pytest.fixture
def fallback() -> MotoFallback:
    found = MotoFallback()
    client("sns", found).list_topics()
    found.reset()
    return found


def test_topics_by_region_until_reset(fallback: MotoFallback) -> None:
    topics = client("sns", fallback)
    arn = topics.create_topic(Name="notices")["TopicArn"]
    assert arn == "arn:aws:sns:eu-west-1:123456789012:notices"
    assert topics.list_topics()["Topics"] == [{"TopicArn": arn}]
    fallback.reset()
    assert topics.list_topics()["Topics"] == []


def test_objects_stream_whatever_their_names(fallback: MotoFallback) -> None:
    store = client("s3", fallback)
    store.create_bucket(Bucket="audit", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    store.put_object(Bucket="audit", Key="ä/b c+%", Body=b"x" * 5000)
    assert store.get_object(Bucket="audit", Key="ä/b c+%")["Body"].read() == b"x" * 5000
    assert store.head_object(Bucket="audit", Key="ä/b c+%")["ContentLength"] == 5000
    with pytest.raises(store.exceptions.NoSuchKey):
        store.get_object(Bucket="audit", Key="none")


def test_keys_encrypt(fallback: MotoFallback) -> None:
    keys = client("kms", fallback)
    key = keys.create_key()["KeyMetadata"]["KeyId"]
    sealed = keys.encrypt(KeyId=key, Plaintext=b"token")["CiphertextBlob"]
    assert keys.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"token"


def test_what_moto_lacks_is_an_error_and_prints_nothing(
    fallback: MotoFallback, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client("route53-recovery-cluster", fallback).list_routing_controls()
    assert capsys.readouterr().out == ""


def test_moto_is_imported_on_the_first_call_only() -> None:
    code = (
        "import sys; from controller.rehearsal.moto_fallback import MotoFallback; "
        "import controller.rehearsal.wire.dispatch; "
        "MotoFallback().reset(); sys.exit('moto' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
