"""The lease of an incident over the wire: one driver at a time, beats, takeovers and lost replies."""

import json
from dataclasses import replace

import pytest

from controller.aws.dynamodb.leases import PERMISSIONS, DynamoLeases
from controller.ports.errors import JournalConflict, OutsideUnreachable
from controller.ports.storage import Lease
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.support import wire as w

FIRST, SECOND = "evacuate-storefront-1", "evacuate-storefront-2"


class Desk:
    def __init__(self, dynamodb: str = "rehearsal") -> None:
        self.serve = w.DYNAMODBS[dynamodb]()
        self.client, self.wire = w.connect("dynamodb", self.serve)
        self.table = w.make_table(self.client, "application", "seq", "N")
        self.wire.calls.clear()
        self.kernel = Kernel(VirtualClock(1_700_000_000.0))
        self.leases = self.opened(self.client)
        self.other = self.opened(w.connect("dynamodb", self.serve)[0])

    def opened(self, client: object) -> DynamoLeases:
        return DynamoLeases(client=client, table=self.table, runtime=VirtualRuntime(self.kernel))


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_a_lease_is_taken_and_beaten(desk: Desk) -> None:
    assert desk.leases.read("storefront") is None
    lease = desk.leases.take("storefront", FIRST, None)
    assert lease == Lease("storefront", 1, FIRST, 0)
    assert desk.leases.beat(lease) == replace(lease, beats=1)
    assert desk.other.beat(lease) == replace(lease, beats=2)
    assert desk.other.read("storefront") == replace(lease, beats=2)
    assert desk.leases.read("another") is None
    assert desk.client.scan(TableName=desk.table)["Items"][0]["application"] == {"S": "lease#storefront"}


def test_only_one_of_two_becomes_the_first_driver(desk: Desk) -> None:
    lease = desk.leases.take("storefront", FIRST, None)
    with pytest.raises(JournalConflict, match=f"{FIRST} holds epoch 1"):
        desk.other.take("storefront", SECOND, None)
    assert desk.other.read("storefront") == lease


def test_a_takeover_raises_the_epoch_and_stops_the_old_driver(desk: Desk) -> None:
    old = desk.leases.take("storefront", FIRST, None)
    new = desk.other.take("storefront", SECOND, old)
    assert new == Lease("storefront", 2, SECOND, 0)
    with pytest.raises(JournalConflict, match=f"{FIRST} holds epoch 1 no more"):
        desk.leases.beat(old)
    with pytest.raises(JournalConflict, match=f"{SECOND} holds epoch 2"):
        desk.leases.take("storefront", FIRST, old)
    assert desk.leases.read("storefront") == new


def test_a_driver_that_beats_is_not_taken_over(desk: Desk) -> None:
    seen = desk.leases.take("storefront", FIRST, None)
    alive = desk.leases.beat(seen)
    with pytest.raises(JournalConflict):
        desk.other.take("storefront", SECOND, seen)
    assert desk.leases.beat(alive).beats == 2


def test_another_driver_cannot_beat_in_the_same_epoch(desk: Desk) -> None:
    lease = desk.leases.take("storefront", FIRST, None)
    with pytest.raises(JournalConflict):
        desk.other.beat(replace(lease, driver=SECOND))


def test_no_beat_without_a_lease(desk: Desk) -> None:
    with pytest.raises(JournalConflict):
        desk.leases.beat(Lease("storefront", 1, FIRST, 0))


@pytest.mark.parametrize(
    "fault",
    [w.lost, w.dropped, w.refused("ReplicatedWriteConflictException"), w.refused("ThrottlingException")],
)
def test_a_failed_take_is_settled_by_reading(desk: Desk, fault: w.Fault) -> None:
    desk.wire.next("PutItem", fault)
    lease = desk.leases.take("storefront", FIRST, None)
    assert desk.leases.read("storefront") == lease
    desk.wire.next("PutItem", fault)
    taken = desk.leases.take("storefront", SECOND, lease)
    assert desk.leases.read("storefront") == taken == Lease("storefront", 2, SECOND, 0)


def test_a_take_that_failed_while_another_took_is_a_conflict(desk: Desk) -> None:
    desk.wire.next("PutItem", w.dropped)
    desk.wire.next("GetItem", w.after(lambda: desk.other.take("storefront", SECOND, None)))
    with pytest.raises(JournalConflict):
        desk.leases.take("storefront", FIRST, None)


def test_a_failed_beat_is_tried_again(desk: Desk) -> None:
    lease = desk.leases.take("storefront", FIRST, None)
    desk.wire.next("UpdateItem", w.dropped, w.refused("ReplicatedWriteConflictException"))
    assert desk.leases.beat(lease).beats == 1


def test_nobody_answers(desk: Desk) -> None:
    lease = desk.leases.take("storefront", FIRST, None)
    for operation in ("PutItem", "GetItem", "UpdateItem"):
        desk.wire.next(operation, *[w.dropped] * 3)
    with pytest.raises(OutsideUnreachable, match="taking the lease of storefront"):
        desk.leases.take("storefront", SECOND, lease)
    with pytest.raises(OutsideUnreachable, match="beating for storefront"):
        desk.leases.beat(lease)
    desk.wire.next("GetItem", w.dropped)
    with pytest.raises(OutsideUnreachable, match="reading the lease of storefront"):
        desk.leases.read("storefront")
    assert desk.leases.read("storefront") == lease


def test_a_lease_is_read_strongly_and_failures_are_spaced(desk: Desk) -> None:
    started = desk.kernel.now()
    desk.wire.next("PutItem", w.dropped)
    lease = desk.leases.take("storefront", FIRST, None)
    desk.wire.next("UpdateItem", w.dropped)
    desk.leases.beat(lease)
    asked = [json.loads(body) for body in desk.wire.bodies if "ConsistentRead" in body]
    assert [request["ConsistentRead"] for request in asked] == [True]
    assert desk.kernel.now() - started == pytest.approx(0.2)


def test_permissions_are_the_calls(desk: Desk) -> None:
    desk.leases.beat(desk.leases.take("storefront", FIRST, None))
    desk.leases.read("storefront")
    assert w.actions("dynamodb", desk.wire) == set(PERMISSIONS)
