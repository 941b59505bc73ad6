"""The store of approvals over the wire, on the rehearsal's table and on moto's."""

import json
import traceback

import pytest

from controller.aws.dynamodb.approvals import PERMISSIONS, DynamoApprovals
from controller.ports.errors import OutsideUnreachable
from controller.ports.storage import Approval
from tests.support import wire as w

TOKEN = "AQCEAAAAKgAAAAMAAAAA-secret"
APPROVAL = Approval("7f3a", "storefront", "storefront-17", "d" * 64, 1_700_000_900.5, TOKEN)


class Desk:
    def __init__(self, dynamodb: str = "rehearsal") -> None:
        self.serve = w.DYNAMODBS[dynamodb]()
        self.client, self.wire = w.connect("dynamodb", self.serve)
        self.kms, self.kms_wire = w.connect("kms")
        self.table = w.make_table(self.client, "application", "seq", "N")
        key = self.kms.create_key()["KeyMetadata"]["KeyId"]
        self.wire.calls.clear()
        self.kms_wire.calls.clear()
        self.approvals = DynamoApprovals(client=self.client, kms=self.kms, table=self.table, key_id=key)

    def item(self, name: str) -> dict[str, dict[str, object]]:
        key = {"application": {"S": f"approval#{name}"}, "seq": {"N": "0"}}
        return dict(self.client.get_item(TableName=self.table, Key=key)["Item"])


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_an_approval_comes_back_with_its_token(desk: Desk) -> None:
    desk.approvals.put(APPROVAL)
    assert desk.approvals.get("7f3a") == APPROVAL
    assert desk.approvals.get("another") is None
    assert json.loads(desk.wire.bodies[-1])["ConsistentRead"] is True
    called = w.actions("dynamodb", desk.wire) | w.actions("kms", desk.kms_wire)
    assert called == set(PERMISSIONS)


def test_a_later_one_replaces_one_of_the_same_id(desk: Desk) -> None:
    desk.approvals.put(APPROVAL)
    later = Approval("7f3a", "storefront", "storefront-17", "e" * 64, 1_700_001_800.0, "another token")
    desk.approvals.put(later)
    assert desk.approvals.get("7f3a") == later


def test_the_table_never_sees_the_token(desk: Desk) -> None:
    desk.approvals.put(APPROVAL)
    assert TOKEN not in "".join(desk.wire.bodies)
    assert TOKEN.encode() not in bytes(desk.item("7f3a")["token"]["B"])  # type: ignore[arg-type]
    assert TOKEN not in repr(APPROVAL)


def test_a_token_moved_to_another_approval_does_not_open(desk: Desk) -> None:
    desk.approvals.put(APPROVAL)
    stolen = desk.item("7f3a") | {"application": {"S": "approval#other"}}
    desk.client.put_item(TableName=desk.table, Item=stolen)
    with pytest.raises(OutsideUnreachable, match="decrypting the token of approval other"):
        desk.approvals.get("other")


def test_a_failure_of_kms_says_nothing_of_the_token(desk: Desk) -> None:
    desk.kms_wire.next(
        "Encrypt", w.refused("KMSInternalException", f"cannot encrypt {TOKEN}", 500), w.dropped
    )
    for code in ("KMSInternalException", "ConnectTimeoutError"):
        with pytest.raises(OutsideUnreachable, match=f"token of approval 7f3a: {code}") as raised:
            desk.approvals.put(APPROVAL)
        assert TOKEN not in "".join(traceback.format_exception(raised.value))
        assert raised.value.__context__ is None
    assert desk.approvals.get("7f3a") is None


def test_nobody_answers(desk: Desk) -> None:
    desk.wire.next("PutItem", w.dropped)
    with pytest.raises(OutsideUnreachable, match="keeping approval 7f3a"):
        desk.approvals.put(APPROVAL)
    desk.approvals.put(APPROVAL)
    desk.wire.next("GetItem", w.dropped)
    with pytest.raises(OutsideUnreachable, match="reading an approval"):
        desk.approvals.get("7f3a")
