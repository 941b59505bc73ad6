"""The table of names over the wire: one id a person, one item a name, and nothing left of a deleted one."""

import json

import pytest

from controller.aws.dynamodb.people import DAY, ENDS, KEEPS, PERMISSIONS, READS
from controller.core.person import is_id, key_of
from controller.ports.errors import OutsideUnreachable
from tests.aws.name_table import ANA, AT, DAYS, SESSION, Desk
from tests.support import wire as w

LOST = [w.lost, w.dropped, w.refused("ReplicatedWriteConflictException"), w.refused("ThrottlingException")]


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_the_same_person_is_one_id_by_every_door_and_in_every_spelling(desk: Desk) -> None:
    ana = desk.page.id_of(ANA)
    assert is_id(ana)
    others = [
        "ana@example.com",
        " ANA@EXAMPLE.COM ",
        SESSION,
        "arn:aws:iam::111122223333:user/Ana@example.com",
    ]
    assert [desk.terminal.id_of(each) for each in others] == [ana] * 4
    assert [desk.terminal.known(each) for each in others] == [ana] * 4
    assert desk.terminal.id_of("ben@example.com") != ana
    assert desk.terminal.name_of(ana) == ANA


def test_a_name_stands_in_one_item_and_in_no_key(desk: Desk) -> None:
    ana = desk.page.id_of(ANA)
    name, pointer = sorted(desk.items, key=lambda item: "name" not in item)
    assert name == {"kind": {"S": "name"}, "key": {"S": key_of(ANA)}, "id": {"S": ana}, "name": {"S": ANA},
                    "expires": {"N": str(int(AT + DAYS * DAY))}}  # fmt: skip
    assert pointer == {"kind": {"S": "id"}, "key": {"S": ana}, "of": {"S": key_of(ANA)},
                       "expires": {"N": str(int(AT + DAY))}}  # fmt: skip
    assert "ana" not in json.dumps([item["key"] for item in desk.items]).casefold()


def test_who_only_looks_writes_nothing(desk: Desk) -> None:
    assert desk.page.known(ANA) is None
    assert desk.page.name_of("person-aaaaaaaaaaaaaaaa") is None
    assert desk.items == []
    assert w.actions("dynamodb", desk.wire) == set(READS) | {"dynamodb:Scan"}


def test_a_hostile_name_is_kept_plain(desk: Desk) -> None:
    victim = desk.page.id_of("ben@example.com")
    desk.page.id_of("\x1b[2J<b>ana\n\u202eevil")
    forged = desk.page.id_of(victim)
    assert forged != victim
    assert "\x1b" not in str(desk.items)
    assert "\u202e" not in str(desk.items)
    assert desk.page.name_of(forged) == "person-…"
    assert desk.page.name_of(victim) == "ben@example.com"


def test_of_two_that_begin_at_once_one_gives_the_id(desk: Desk) -> None:
    found: list[str] = []
    desk.wire.next("PutItem", w.passed, w.after(lambda: found.append(desk.terminal.id_of(SESSION))))
    assert desk.page.id_of(ANA) == found[0]
    assert desk.kinds() == ["id", "id", "name"]
    assert desk.page.name_of(found[0]) == SESSION
    loser = next(i["key"]["S"] for i in desk.items if i["kind"]["S"] == "id" and i["key"]["S"] != found[0])
    assert desk.page.name_of(loser) is None


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("fault", LOST)
def test_a_lost_reply_is_settled_by_reading(desk: Desk, fault: w.Fault, place: int) -> None:
    desk.wire.next("PutItem", *[w.passed] * place, fault)
    ana = desk.page.id_of(ANA)
    assert desk.terminal.known(ANA) == ana
    assert desk.terminal.name_of(ana) == ANA
    assert desk.kinds() == ["id", "name"]


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_reply_while_another_begins_is_the_others_id(desk: Desk, fault: w.Fault) -> None:
    desk.wire.next("PutItem", w.passed, w.dropped)
    found: list[str] = []
    desk.wire.next("GetItem", w.passed, w.after(lambda: found.append(desk.terminal.id_of(ANA))))
    desk.wire.next("GetItem", fault)
    assert desk.page.id_of(ANA) == found[0]


def test_nobody_answers(desk: Desk) -> None:
    ana = desk.page.id_of(ANA)
    desk.wire.next("GetItem", *[w.dropped] * 6)
    with pytest.raises(OutsideUnreachable, match="nobody can be told apart: nothing was written"):
        desk.page.id_of(ANA)
    with pytest.raises(OutsideUnreachable, match="reading a person's id"):
        desk.page.known(ANA)
    with pytest.raises(OutsideUnreachable, match=f"reading the name of {ana}"):
        desk.page.name_of(ana)
    with pytest.raises(OutsideUnreachable, match="deleting a name"):
        desk.page.forget(ANA)
    desk.wire.next("Query", w.dropped)
    with pytest.raises(OutsideUnreachable, match="whose days are over"):
        desk.page.expire()
    desk.wire.next("PutItem", *[w.dropped] * 3)
    with pytest.raises(OutsideUnreachable, match="nobody can be told apart"):
        desk.page.id_of("ben@example.com")
    assert desk.page.id_of(ANA) == ana


def test_a_deleted_name_leaves_nothing_and_its_owner_begins_anew(desk: Desk) -> None:
    ana = desk.page.id_of(ANA)
    assert desk.terminal.forget(SESSION) == ana
    assert desk.items == []
    assert desk.page.name_of(ana) is None
    assert desk.page.known(ANA) is None
    assert desk.terminal.forget(ANA) is None
    again = desk.page.id_of(ANA)
    assert again != ana
    assert desk.page.name_of(ana) is None


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("fault", [w.dropped, w.lost])
def test_a_deletion_that_broke_off_is_done_again_or_ends_by_itself(
    desk: Desk, fault: w.Fault, place: int
) -> None:
    ana = desk.page.id_of(ANA)
    desk.pass_days(1.1)
    desk.page.expire()  # from now on the pointer lasts as long as the name
    desk.wire.next("DeleteItem", *[w.passed] * place, fault)
    with pytest.raises(OutsideUnreachable):
        desk.page.forget(ANA)
    if place == 0 and fault is w.dropped:
        assert desk.terminal.name_of(ana) == ANA
        assert desk.terminal.forget(ANA) == ana
    assert "ana" not in desk.text
    assert desk.terminal.name_of(ana) is None
    assert desk.terminal.forget(ANA) is None
    assert desk.page.expire() == 0
    assert desk.items == []


@pytest.mark.parametrize("days", [0, 1.1])
def test_where_the_pointer_outlives_its_name_it_says_nothing_and_goes(desk: Desk, days: float) -> None:
    ana = desk.page.id_of(ANA)
    desk.pass_days(days)
    desk.page.expire()
    key = {"kind": {"S": "name"}, "key": {"S": key_of(ANA)}}
    desk.client.delete_item(TableName=desk.table, Key=key)  # by hand
    assert desk.kinds() == ["id"]
    assert "ana" not in desk.text
    assert desk.terminal.name_of(ana) is None
    assert desk.terminal.id_of(ANA) != ana
    assert desk.terminal.name_of(ana) is None
    desk.pass_days(DAYS - 1)
    assert desk.page.expire() == 0
    desk.pass_days(1)
    assert desk.page.expire() == 1
    assert desk.items == []


def test_a_name_is_deleted_by_its_id_too(desk: Desk) -> None:
    ana, ben = desk.page.id_of(ANA), desk.page.id_of("ben")
    assert desk.terminal.forget(ana) == ana
    assert desk.terminal.forget(ana) is None
    assert desk.terminal.forget("person-aaaaaaaaaaaaaaaa") is None
    assert (desk.page.name_of(ana), desk.page.name_of(ben)) == (None, "ben")
    assert desk.kinds() == ["id", "name"]
    desk.wire.next("GetItem", *[w.dropped] * 3)
    with pytest.raises(OutsideUnreachable, match="deleting a name"):
        desk.page.forget(ben)


def test_a_name_deleted_while_its_owner_acts_stays_deleted(desk: Desk) -> None:
    ana = desk.page.id_of(ANA)
    desk.pass_days(2)  # an act now would count the days anew
    desk.wire.next("UpdateItem", w.after(lambda: desk.terminal.forget(ANA)))
    again = desk.page.id_of(ANA)
    assert again != ana
    assert desk.page.name_of(ana) is None
    assert desk.kinds() == ["id", "name"]


def test_a_name_is_over_some_days_after_the_last_act(desk: Desk) -> None:
    ana, ben = desk.page.id_of(ANA), desk.page.id_of("ben")
    desk.pass_days(DAYS - 1)
    assert desk.page.id_of(SESSION) == ana
    desk.pass_days(2)
    assert desk.page.name_of(ben) is None
    assert desk.page.expire() == 1
    assert desk.page.name_of(ana) == ANA
    assert desk.page.expire() == 0
    assert len(desk.items) == 2
    assert "'ben'" not in desk.text
    desk.pass_days(DAYS)
    assert desk.page.id_of(ANA) != ana


def test_an_act_counts_the_days_anew_once_a_day_at_most(desk: Desk) -> None:
    desk.page.id_of(ANA)
    for _ in range(3):
        desk.pass_days(0.5)
        desk.page.id_of(ANA)
    assert desk.wire.calls.count("UpdateItem") == 1


@pytest.mark.parametrize("fault", [w.lost, w.dropped])
def test_an_act_counts_though_its_day_could_not_be_written(desk: Desk, fault: w.Fault) -> None:
    ana = desk.page.id_of(ANA)
    desk.pass_days(2)
    desk.wire.next("UpdateItem", fault)
    assert desk.page.id_of(ANA) == ana


def test_whoever_acts_while_names_expire_keeps_theirs(desk: Desk) -> None:
    desk.page.id_of(ANA)
    desk.pass_days(DAYS + 1)
    found: list[str] = []
    desk.wire.next("DeleteItem", w.after(lambda: found.append(desk.terminal.id_of(ANA))))
    assert desk.page.expire() == 0
    assert desk.page.known(ANA) == found[0]
    assert desk.page.name_of(found[0]) == ANA


def test_many_pages_of_names_expire(desk: Desk) -> None:
    for number in range(120):
        desk.page.id_of(f"somebody-{number}-" + "x" * 150)
    desk.pass_days(DAYS + 1)
    assert [desk.page.expire() for _ in range(2)] == [120, 0]
    assert desk.items == []


def test_permissions_are_the_calls(desk: Desk) -> None:
    desk.page.name_of(desk.page.id_of(ANA))
    desk.pass_days(2)
    desk.page.id_of(ANA)
    assert w.actions("dynamodb", desk.wire) == set(KEEPS)
    desk.wire.calls.clear()
    desk.page.expire()
    desk.page.forget(ANA)
    assert w.actions("dynamodb", desk.wire) == set(ENDS)
    assert set(PERMISSIONS) == {*KEEPS, *ENDS}
