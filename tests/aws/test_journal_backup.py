"""The backup of the journal's table: each item goes back once, as it is, and nothing is written over."""

from typing import Any

import pytest

from controller.aws.dynamodb.journal import DynamoJournal
from controller.aws.dynamodb.journal_backup import PERMISSIONS, DynamoJournalBackup
from controller.core.journal.kind import Kind
from controller.ports.errors import JournalConflict, JournalUnreadable, OutsideUnreachable
from controller.ports.storage import StoredItem
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.support import wire as w
from tests.support.journal_events import drafted


class Desk:
    """A table with six events and three other items, and an empty one beside it."""

    def __init__(self, dynamodb: str = "rehearsal") -> None:
        self.client, self.wire = w.connect("dynamodb", w.DYNAMODBS[dynamodb]())
        self.table, self.source = (w.make_table(self.client, "application", "seq", "N") for _ in range(2))
        self.runtime = VirtualRuntime(Kernel(VirtualClock(1_700_000_000.0)))
        self.fill(self.source)
        self.wire.calls.clear()
        self.backup = DynamoJournalBackup(
            client=self.client, table=self.table, backup=self.client, source=self.source, runtime=self.runtime
        )

    def journal(self, table: str) -> DynamoJournal:
        return DynamoJournal(client=self.client, table=table, runtime=self.runtime)

    def fill(self, table: str) -> None:
        for application, count in (("storefront", 4), ("*fleet*", 2)):
            last = None
            for number in range(count):
                data = {"reason": "ü" * 4000}
                draft = drafted(f"{application}{number}", Kind.ARMED, 1.0, "ana", data=data)
                last = self.journal(table).append(application, draft, last)
        for name in ("policy#5e6f", "lease#storefront", "checkpoint#storefront#us-west-2"):
            item = {"application": {"S": name}, "seq": {"N": "0"}, "part": {"B": b"\x00\xff"}}
            self.client.put_item(TableName=table, Item=item)

    def scan(self, table: str) -> list[dict[str, Any]]:
        items = self.client.scan(TableName=table)["Items"]
        return sorted(items, key=lambda item: (item["application"]["S"], int(item["seq"]["N"])))


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_every_item_can_be_put_back_as_it_is(desk: Desk) -> None:
    items = list(desk.backup.kept())
    assert sum(item.event is not None for item in items) == 6
    assert all(desk.backup.put(item) for item in items)
    assert desk.scan(desk.table) == desk.scan(desk.source)
    assert desk.journal(desk.table).read("storefront") == desk.journal(desk.source).read("storefront")
    assert not any(desk.backup.put(item) for item in items)  # they stand already
    assert {(i.name, i.number) for i in desk.backup.standing()} == {(i.name, i.number) for i in items}
    assert w.actions("dynamodb", desk.wire) - {"dynamodb:Query"} == set(PERMISSIONS)


def test_a_long_table_is_read_page_by_page(desk: Desk) -> None:
    for number in range(1, 13):
        item = {"application": {"S": f"policy#{number}"}, "seq": {"N": "0"}, "part": {"S": "x" * 300_000}}
        desk.client.put_item(TableName=desk.source, Item=item)
    desk.wire.calls.clear()
    assert len(list(desk.backup.kept())) == 9 + 12
    assert desk.wire.calls.count("Scan") > 2


def test_an_item_of_ours_is_the_one_that_the_journal_writes(desk: Desk) -> None:
    items = {(i.name, i.number): i for i in desk.backup.kept()}
    for event in desk.journal(desk.source).read("storefront"):
        assert desk.backup.item_of(event) == items["storefront", event.seq]


def event_item(desk: Desk) -> StoredItem:
    return next(item for item in desk.backup.kept() if item.name == "storefront" and item.number == 1)


def test_another_item_under_the_key_stays_and_is_told(desk: Desk) -> None:
    mine = {"application": {"S": "storefront"}, "seq": {"N": "1"}, "body": {"S": "another"}}
    desk.client.put_item(TableName=desk.table, Item=mine)
    with pytest.raises(
        JournalConflict, match=r"item 1 of storefront stands in table-\d+ already, and is another"
    ):
        desk.backup.put(event_item(desk))
    assert desk.scan(desk.table) == [mine]


@pytest.mark.parametrize(
    ("puts", "gets"),
    [
        ([w.dropped], []),
        ([w.lost], []),
        ([w.lost], [w.dropped]),
        ([w.dropped, w.dropped], [w.dropped]),
        ([w.refused("ReplicatedWriteConflictException")], []),
    ],
)
def test_a_lost_call_is_made_again_and_harms_nothing(puts: list[w.Fault], gets: list[w.Fault]) -> None:
    desk = Desk()
    item = event_item(desk)
    desk.wire.next("PutItem", *puts)
    desk.wire.next("GetItem", *gets)
    desk.backup.put(item)
    assert desk.scan(desk.table) == [item.content]


def test_no_answer_is_told_and_nothing_is_known() -> None:
    desk = Desk()
    item = event_item(desk)
    desk.wire.next("PutItem", *[w.dropped] * 3)
    with pytest.raises(OutsideUnreachable, match="putting item 1 of storefront back: ConnectTimeoutError"):
        desk.backup.put(item)
    desk.wire.next("Scan", w.dropped)
    with pytest.raises(OutsideUnreachable, match="reading the table"):
        list(desk.backup.kept())


@pytest.mark.parametrize(
    "change",
    [{"body": {"S": "{}"}}, {"hash": {"S": "0" * 64}}, {"seq": {"N": "9"}}, {"application": {"S": "other"}}],
)
def test_an_item_that_is_not_its_journals_event_is_refused(change: dict[str, Any]) -> None:
    desk = Desk()
    desk.client.put_item(TableName=desk.source, Item={**event_item(desk).content, **change})
    with pytest.raises(JournalUnreadable, match=f"in {desk.source}"):
        list(desk.backup.kept())
