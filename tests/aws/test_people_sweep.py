"""Names that are over, and items that are no names: what a sweep costs, and what anybody else sees."""

import pytest

from controller.aws.dynamodb import people
from controller.aws.dynamodb.people import SWEEPING
from controller.core.person import is_id
from controller.ports.errors import OutsideUnreachable
from tests.aws.name_table import ANA, DAYS, SESSION, Desk
from tests.support import wire as w


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def swept(desk: Desk) -> list[str]:
    """The requests of one sweep."""
    desk.wire.calls.clear()
    desk.page.expire()
    return list(desk.wire.calls)


def test_a_sweep_costs_what_ends_and_not_the_number_of_people(desk: Desk) -> None:
    everybody = [desk.page.id_of(f"somebody-{number}") for number in range(50)]
    assert swept(desk) == ["Query"] * 2
    desk.pass_days(1.1)
    first = swept(desk)
    assert (first.count("GetItem"), first.count("UpdateItem")) == (50, 50)
    desk.pass_days(30)
    desk.page.id_of("somebody-7")
    for _ in range(3):
        desk.pass_days(DAYS / 4)
        assert swept(desk) == ["Query"] * 2
    desk.pass_days(DAYS / 4 - 1)  # all but one are over
    assert sorted(set(swept(desk))) == ["DeleteItem", "GetItem", "Query", "UpdateItem"]
    assert [person for person in everybody if desk.page.name_of(person)] == [everybody[7]]
    assert desk.kinds() == ["id", "name"]
    assert swept(desk) == ["Query"] * 2


def test_a_sweep_is_bounded_by_items_and_the_next_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "SWEPT", 6)
    for number in range(10):
        desk.page.id_of(f"somebody-{number}")
    desk.pass_days(1.1)
    assert [swept(desk).count("UpdateItem") for _ in range(3)] == [6, 4, 0]
    desk.pass_days(DAYS)
    assert [desk.page.expire() for _ in range(4)] == [6, 4, 0, 0]  # then their pointers
    assert desk.items == []


def test_a_sweep_is_bounded_by_seconds(desk: Desk) -> None:
    for number in range(10):
        desk.page.id_of(f"somebody-{number}")
    desk.pass_days(1.1)
    slow = w.after(lambda: desk.kernel.run(until=desk.kernel.now() + 2.0))
    desk.wire.next("GetItem", *[slow] * 10)
    began = desk.kernel.now()
    assert swept(desk).count("GetItem") == 3
    assert desk.kernel.now() - began <= SWEEPING + 2.0


def test_a_pointer_whose_name_is_deleted_while_it_is_looked_at_does_not_come_back(desk: Desk) -> None:
    desk.page.id_of(ANA)
    desk.pass_days(1.1)
    desk.wire.next("UpdateItem", w.after(lambda: desk.terminal.forget(ANA)))
    assert desk.page.expire() == 0
    assert desk.items == []


BAD = [
    None,
    {"S": "x"},
    {"S": ""},
    {"N": "7"},
    {"NULL": True},
    {"M": {}},
    {"S": "x" * 3000},
    {"L": [{"S": ANA}]},
]
"""What an attribute may be by somebody else's hand; None: it is missing."""


def harmed(desk: Desk, kind: str, attribute: str, value: dict[str, object] | None) -> None:
    item = next(each for each in desk.items if each["kind"]["S"] == kind)
    rest = {name: each for name, each in item.items() if name != attribute}
    desk.client.put_item(TableName=desk.table, Item=rest if value is None else {**rest, attribute: value})


@pytest.mark.parametrize("value", BAD, ids=str)
@pytest.mark.parametrize(
    ("kind", "attribute"),
    [("name", "id"), ("name", "expires"), ("name", "name"), ("id", "of"), ("id", "expires")],
)
def test_an_item_that_is_no_name_shows_nobody_and_keeps_nobody_from_acting(
    desk: Desk, kind: str, attribute: str, value: dict[str, object] | None
) -> None:
    ana = desk.page.id_of(ANA)
    harmed(desk, kind, attribute, value)
    assert desk.page.name_of(ana) in (None, ANA, "x", "x" * 199 + "…")
    again = desk.page.id_of(ANA)
    assert is_id(again)
    assert desk.terminal.id_of(SESSION) == again
    desk.pass_days(2)
    desk.page.expire()
    assert desk.page.known(ANA) == again
    desk.pass_days(DAYS)
    desk.page.expire()
    assert desk.items == []


@pytest.mark.parametrize("value", BAD, ids=str)
@pytest.mark.parametrize("attribute", ["id", "expires", "name"])
def test_what_is_no_name_is_forgotten_too(
    desk: Desk, attribute: str, value: dict[str, object] | None
) -> None:
    desk.page.id_of(ANA)
    harmed(desk, "name", attribute, value)
    desk.terminal.forget(ANA)
    assert "name" not in desk.kinds()
    assert "ana" not in desk.text


def test_of_two_that_replace_what_is_no_name_one_gives_the_id(desk: Desk) -> None:
    desk.page.id_of(ANA)
    harmed(desk, "name", "expires", {"S": "x"})
    found: list[str] = []
    desk.wire.next("PutItem", w.passed, w.after(lambda: found.append(desk.terminal.id_of(SESSION))))
    assert desk.page.id_of(ANA) == found[0] == desk.terminal.known(ANA)


def test_a_deletion_that_was_given_up_costs_one_look_and_nothing_else(desk: Desk) -> None:
    ana = desk.page.id_of(ANA)
    desk.wire.next("DeleteItem", w.dropped)
    with pytest.raises(OutsideUnreachable):
        desk.page.forget(ANA)
    assert [swept(desk).count("UpdateItem") for _ in range(2)] == [1, 0]
    assert desk.page.name_of(ana) == ANA == desk.page.name_of(desk.terminal.id_of(ANA))
