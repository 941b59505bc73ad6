"""The key of the console's cookies: one for a Region, and in the table as a ciphertext alone."""

import json

import pytest

from controller.aws.dynamodb.console_key import PERMISSIONS, ConsoleKey
from controller.ports.errors import OutsideUnreachable
from tests.support import wire as w


class Desk:
    def __init__(self) -> None:
        self.serve = w.DYNAMODBS["rehearsal"]()
        self.client, self.wire = w.connect("dynamodb", self.serve)
        self.kms, self.kms_wire = w.connect("kms")
        self.table = w.make_table(self.client, "application", "seq", "N")
        self.key = self.kms.create_key()["KeyMetadata"]["KeyId"]
        self.wire.calls.clear()
        self.kms_wire.calls.clear()

    def console(self, region: str = "us-east-2") -> ConsoleKey:
        return ConsoleKey(client=self.client, kms=self.kms, table=self.table, key_id=self.key, region=region)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_each_function_of_a_region_gets_the_same_key_and_each_region_another(desk: Desk) -> None:
    first = desk.console().read()
    assert len(first) == 32
    assert desk.console().read() == first
    assert desk.console("us-west-2").read() != first
    assert w.actions("dynamodb", desk.wire) | w.actions("kms", desk.kms_wire) == set(PERMISSIONS)


def test_of_two_that_make_one_at_once_the_first_written_is_used(desk: Desk) -> None:
    late, early = desk.console(), desk.console()
    kept = early.read()
    late._make()
    assert late.read() == kept


def test_the_table_holds_the_ciphertext_alone_and_it_opens_for_this_region_alone(desk: Desk) -> None:
    key = desk.console().read()
    item = json.loads(next(body for body in desk.wire.bodies if "ConditionExpression" in body))["Item"]
    assert key.hex() not in str(item)
    moved = desk.client.get_item(TableName=desk.table, Key={k: item[k] for k in ("application", "seq")})[
        "Item"
    ]
    desk.client.put_item(TableName=desk.table, Item=moved | {"application": {"S": "console-key#us-west-2"}})
    with pytest.raises(OutsideUnreachable, match="decrypting"):
        desk.console("us-west-2").read()


def test_a_failure_of_kms_is_told_by_its_code_and_quotes_no_key(desk: Desk) -> None:
    desk.kms_wire.next("Encrypt", w.refused("KMSInternalException", "the plaintext was s3cret", status=500))
    with pytest.raises(OutsideUnreachable) as failed:
        desk.console().read()
    assert "KMSInternalException" in str(failed.value)
    assert "s3cret" not in str(failed.value)
    assert failed.value.__cause__ is None
