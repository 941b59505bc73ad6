"""The names of people in the steps: shown for half a minute, swept by the tick, waited for by nothing."""

from typing import Any

import pytest

from controller.core.contracts import DECISION_SCHEMA, DecisionEvent
from controller.core.journal.kind import Kind
from controller.core.person import NAMELESS, is_id, person_id
from controller.core.policy.validation import compiled, parse_policy
from controller.core.text import NOTICE
from controller.ports.errors import OutsideUnreachable
from controller.readmodel.page_text import escaped
from controller.steps.context.journalling import load_state
from controller.steps.context.names import KEPT, UNREAD, NamedNotices, Names
from controller.steps.operator import commands
from controller.steps.operator.identity import NONE_KEPT, forget, identify
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.world import World, failing, rebuilt, world

ANA, BEN = "person-aaaaaaaaaaaaaaaa", "person-bbbbbbbbbbbbbbbb"
DAY = 86_400.0


class Table:
    """What a table of names answers, and how often it was asked."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {ANA: "ana"}
        self.asked: list[str] = []
        self.down = False
        self.now = 100.0

    def name_of(self, person: str) -> str | None:
        self.asked.append(person)
        if self.down:
            raise OutsideUnreachable("no answer")
        return self.names.get(person)

    def read(self) -> Names:
        return Names(self.name_of, lambda: self.now)


def test_a_name_is_looked_up_once_in_half_a_minute_and_a_deleted_one_vanishes_then() -> None:
    table = Table()
    names = table.read()
    for _ in range(5):
        assert names.text(f"by {ANA}") == "by ana"
    assert len(table.asked) == 1
    table.names.clear()
    table.now += KEPT - 1
    assert names.text(f"by {ANA}") == "by ana"
    table.now += 2
    assert names.text(f"by {ANA}") == f"by {ANA} {NAMELESS}"
    assert KEPT <= 60


def test_where_the_table_is_silent_ids_stand_alone_and_nobody_waits_for_each_of_them() -> None:
    table = Table()
    names = table.read()
    table.down = True
    for _ in range(9):
        assert names.text(f"by {ANA} and {BEN}") == f"by {ANA} and {BEN}"
    assert len(table.asked) == 1
    table.down = False
    table.now += UNREAD
    assert names.text(f"by {ANA} and {BEN}") == f"by ana and {BEN} {NAMELESS}"


def test_what_is_kept_is_bounded() -> None:
    table = Table()
    names = table.read()
    for number in range(1_500):
        names.shown(person_id(f"{number:032x}"[::-1]))
    assert len(names._kept) <= 1_000


def test_data_are_named_at_any_depth_and_keys_stay() -> None:
    names = Table().read()
    data = {ANA: [ANA, {"by": ANA, "n": 1, "none": None}], "at": (ANA, 2.5, True)}
    assert names.data(data) == {ANA: ["ana", {"by": "ana", "n": 1, "none": None}], "at": ("ana", 2.5, True)}


def test_a_name_in_a_page_is_escaped() -> None:
    table = Table()
    table.names[BEN] = '<b>"ben"</b>\x1b[1m'
    assert table.read().text(f"<td>{BEN}</td>", escaped) == "<td>&lt;b&gt;&#34;ben&#34;&lt;/b&gt;</td>"


class Sent:
    def __init__(self) -> None:
        self.pages: list[tuple[str, str]] = []
        self.events: list[Any] = []

    def send(self, subject: str, text: str, *, path: str = "", key: str = "") -> None:
        self.pages.append((subject, text))

    def publish(self, kind: str, detail: Any) -> None:
        self.events.append(detail)


def test_notices_and_events_keep_their_bounds_though_names_are_long() -> None:
    table, sent = Table(), Sent()
    table.names = {ANA: "a" * 200, BEN: "b" * 200}
    notices = NamedNotices(sent, table.read())
    text = "\n".join([f"by {ANA} and {BEN}"] * 30)
    notices.send(f"by {ANA}", text)
    assert sent.pages[0][0] == f"by {'a' * 200}"
    assert len(sent.pages[0][1].encode()) <= NOTICE
    detail = DecisionEvent(
        id="1", application="storefront", sequence=1, at="2030-01-01T08:00:00Z", change="muted", kind="Muted",
        by=ANA, reason=f"{ANA} {BEN} " * 10,
    ).model_dump(by_alias=True)  # fmt: skip
    notices.publish(DECISION_SCHEMA, detail)
    told = DecisionEvent.model_validate(sent.events[0])
    assert told.by == "a" * 200
    assert told.reason.startswith("a" * 200)
    notices.publish(DECISION_SCHEMA, {"n": 1, "text": "no id"})
    assert sent.events[1] == {"n": 1, "text": "no id"}


def reviewed(w: World, **evacuate: Any) -> dict[str, Any]:
    changes = {"controllers": [OTHER], "evacuate": policy_data()["evacuate"] | evacuate}
    policy = parse_policy(policy_data() | changes)
    by = [{"by": "erika", "at": 1.0, "where": "pull request 7"}, {"by": "Erika", "at": 2.0, "where": ""}]
    review = {"schema": "tidegate.review/v1", "digest": policy.digest, "reviewed": by, "cases": None}
    return {"policy": compiled(policy), "deployed": w.stage.kernel.now(), "review": review}


def test_who_reviewed_a_policy_is_an_id_in_the_journal() -> None:
    w = world()
    w.advance(90)
    deps = rebuilt(w, **reviewed(w))
    load_state(deps)
    first, second = said(w.events[-1])["review"]["reviewed"]
    assert first["by"] == second["by"] == deps.people.known("erika")
    assert first["where"] == "pull request 7"
    assert "erika" not in w.events[-1].text.casefold()


def test_a_policy_comes_into_force_though_names_cannot_be_read() -> None:
    w = world()
    w.advance(90)
    deps = rebuilt(w, **reviewed(w))
    w.down.add("tidegate-people")
    load_state(deps)
    w.down.clear()
    loaded = w.events[-1]
    assert loaded.kind is Kind.POLICY_LOADED
    for each in said(loaded)["review"]["reviewed"]:
        assert is_id(each["by"])
        assert deps.people.name_of(each["by"]) is None


def test_the_tick_deletes_names_whose_days_are_over() -> None:
    w = world()
    old = rebuilt(w, people_days=1)
    gone = old.people.id_of("ana")
    stays = w.hand.people.id_of("ben")
    w.set_clock(OTHER, 2 * DAY)  # a day passes by the controller's clock
    w.advance(3700)
    table = {"TableName": "tidegate-people"}
    items = w.stage.cloud.call("dynamodb", "Scan", OTHER, table)["Items"]
    assert [item["name"]["S"] for item in items if "name" in item] == ["ben"]
    assert gone not in str(items)
    assert w.hand.people.name_of(stays) == "ben"


def test_a_tick_ticks_though_names_cannot_be_swept() -> None:
    w = world()
    w.down.add("tidegate-people")
    w.advance(3700)
    assert max(at for at, _ in w.hand.assessments.between("storefront", 0.0, 2e9)) > w.stage.kernel.now() - 90


@pytest.mark.parametrize("down", [False, True])
def test_people_are_told_of_a_stop_by_name_or_else_by_id(down: bool) -> None:
    w = failing()
    who = identify(w.hand, "ana").id
    if down:
        w.down.add("tidegate-people")
    assert commands.arm(w.deps, on=False, who=who, reason="stop").done
    text = w.stage.cloud.outbox.notices[-1].text
    assert text.startswith(f"by {who if down else 'ana'}: stop")
    w.advance(130)
    w.down.clear()
    decided = [
        d for _, record in w.hand.assessments.between("storefront", 0.0, 2e9) for d in record["decisions"]
    ]
    stopped = [d["reason"] for d in decided if d["code"] == "disarmed" and d["region"] == EAST]
    assert stopped
    assert all(who in reason and "ana" not in reason for reason in stopped)
    assert WEST in {d["region"] for d in decided}


def attributes_of(w: World, kind: str) -> dict[str, Any]:
    items = w.stage.cloud.call("dynamodb", "Scan", OTHER, {"TableName": "tidegate-people"})["Items"]
    return next(item for item in items if item["kind"]["S"] == kind)


@pytest.mark.parametrize(
    ("kind", "attribute", "value"),
    [
        ("name", "expires", None),
        ("name", "expires", {"S": "x"}),
        ("name", "name", {"NULL": True}),
        ("name", "id", {"S": "ben"}),
        ("id", "of", None),
        ("id", "of", {"S": ""}),
    ],
)
def test_a_damaged_name_keeps_no_page_from_people_and_nobody_from_acting(
    kind: str, attribute: str, value: dict[str, Any] | None
) -> None:
    w = failing()
    who = w.hand.people.id_of("ana")
    rest = {name: each for name, each in attributes_of(w, kind).items() if name != attribute}
    item = rest if value is None else {**rest, attribute: value}
    w.stage.cloud.call("dynamodb", "PutItem", OTHER, {"TableName": "tidegate-people", "Item": item})
    before = len(w.pages)
    assert commands.arm(w.hand, on=False, who=who, reason="stop").done
    w.advance(900)
    assert w.pages[before:] == ["storefront: disarmed", "storefront us-east-1: failing, and not left"]
    texts = [notice.text for notice in w.stage.cloud.outbox.notices[before:]]
    assert any(who in text for text in texts)
    assert commands.arm(w.hand, on=True, who=identify(w.hand, "ana").id, reason="go on").done


def test_what_is_no_name_any_more_is_deleted_when_it_is_forgotten() -> None:
    w = world()
    w.advance(90)
    w.hand.people.id_of("ana")
    item = {**attributes_of(w, "name"), "expires": {"S": "x"}}
    w.stage.cloud.call("dynamodb", "PutItem", OTHER, {"TableName": "tidegate-people", "Item": item})
    assert forget(w.hand, "ana").sentence == NONE_KEPT
    assert "ana" not in str(w.stage.cloud.call("dynamodb", "Scan", OTHER, {"TableName": "tidegate-people"}))
