"""Whatever stands in an item, nobody goes by it, people are told, and the evidence can be exported."""

import hashlib
import json
from typing import Any

import pytest

from controller.audit.bundle.write import Period, whole_beginning
from controller.core.journal.event import Draft, event_of, seal
from controller.core.journal.head import head_in
from controller.core.journal.notes import Armed
from controller.ports.errors import JournalUnreadable
from controller.steps.context.journalling import read_state
from controller.steps.operator.commands import arm
from tests.support.audit_bundle import Forger, checked, exported, record_of
from tests.support.policy_scene import OTHER
from tests.support.world import World, failing, rebuilt

ASSESSMENTS = "tidegate-assessments"


def event(**changes: str) -> str:
    """Event 2 with other members, each in its own spelling."""
    members = {
        "application": '"storefront"', "at": "1893484800.5", "by": '"ana"', "data": '{"reason":"x"}',
        "epoch": "0", "format": "2", "id": '"i"', "incident": "null", "kind": '"Armed"',
        "prev": f'"{"0" * 64}"', "seq": "2",
    }  # fmt: skip
    return "{" + ",".join(f'"{name}":{text}' for name, text in (members | changes).items()) + "}"


HOSTILE = {
    "no JSON": "}{",
    "a list": "[]",
    "deep": "[" * 200_000,
    "deep inside": event(data='{"reason":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "a time of 400 digits": event(at="1" + "0" * 400),
    "a time that is none": event(at="NaN"),
    "a time of no calendar": event(at="1e300"),
    "a time before all": event(at="-1"),
    "a number of 400 digits": event(seq="1" + "0" * 400),
    "a number that is none": event(seq="1e999"),
    "a writer that is a number": event(by="5"),
    "an epoch that is text": event(epoch='"0"'),
    "an incident that is a list": event(incident="[]"),
    "a kind that is a list": event(kind="[]"),
    "a format that is true": event(format="true"),
    "a member that has none": event(format='2,"more":1'),
    "a member twice": event(seq='1,"seq":2'),
    "half a letter": event(data='{"reason":"\\ud800"}'),
    "spaces": event().replace(",", ", ", 1),
    "a line more": event() + "\n",
    "a byte order mark": "\ufeff" + event(),
    "a number with a point": event(epoch="0.0"),
    "a nought below nought": event(epoch="-0"),
    "an exponent": event(at="18934848005e-1"),
}


def test_the_event_that_is_changed_here_is_one() -> None:
    assert event_of(event()).seq == 2


def spoken() -> World:
    """A Region fails; a person has said three things before anybody could move."""
    w = failing()
    w.advance(1)
    for on in (False, True, False):
        arm(w.hand, on=on, who="ana", reason="exercise")
    return w


def put(body: str, *, journal: str = "storefront") -> Any:
    def how(w: World) -> None:
        item = {
            "application": {"S": journal}, "seq": {"N": "2"}, "body": {"S": body},
            "hash": {"S": hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()},
        }  # fmt: skip
        w.stage.cloud.call("dynamodb", "PutItem", OTHER, {"TableName": "tidegate-journal", "Item": item})

    return how


@pytest.mark.parametrize("what", HOSTILE)
def test_an_event_that_nobody_wrote_is_named_and_people_are_told_and_nothing_moves(what: str) -> None:
    """Found: some of these ended each tick by an error of Python, and nobody was paged."""
    w = spoken()
    put(HOSTILE[what])(w)
    with pytest.raises(JournalUnreadable, match="event 2"):
        read_state(rebuilt(w))
    w.advance(660)
    assert "storefront: the journal cannot be read" in w.pages
    assert w.moves == []


@pytest.mark.parametrize("what", ["deep", "a time of 400 digits", "a list"])
def test_in_the_fleets_journal_it_counts_as_a_stop(what: str) -> None:
    w = spoken()
    put(HOSTILE[what], journal="*fleet*")(w)
    state = read_state(rebuilt(w))
    assert state.fleet_unread
    assert "event 2" in str(state.fleet)


@pytest.mark.parametrize("what", HOSTILE)
def test_the_beginning_of_such_a_journal_is_evidence(what: str) -> None:
    first = seal("storefront", Draft("a", Armed(reason="x"), 1.0, "ana"), None)
    assert whole_beginning("storefront", [first.text, HOSTILE[what]]) == (first,)


@pytest.mark.parametrize(
    "kept",
    [
        *(None, 5, "x", [], {}, {"seq": 1}, {"hash": "x"}, {"seq": "1", "hash": "x"}),
        *({"seq": 1.0, "hash": "x"}, {"seq": True, "hash": "x"}, {"seq": 0, "hash": "x"}),
        {"seq": 1 << 60, "hash": "x"},
        {"seq": 1, "hash": ["x"]},
    ],
)  # fmt: skip
def test_what_is_no_head_is_none(kept: object) -> None:
    assert head_in(kept) is None


@pytest.mark.parametrize("at", [10**400, "x", True, float("nan"), None])
def test_a_head_whose_restoration_has_no_time_knows_of_none(at: object) -> None:
    found = head_in({"seq": 1, "hash": "x", "restored": "y", "restored_at": at})
    assert found is not None
    assert (found.restored, found.restored_at) == ("", 0.0)


def deep() -> str:
    return '{"head":' + "[" * 100_000 + "]" * 100_000 + "}"


@pytest.mark.parametrize(
    "changes",
    [{"witness": {"S": deep()}}, {"last": {"N": "-7"}}, {"last": {"N": "1e20"}}, {"count": {"N": "1e60"}}],
)
def test_a_head_of_assessments_that_nobody_wrote_stops_no_controller_and_no_export(
    changes: dict[str, Any],
) -> None:
    w = failing()
    w.advance(400)
    key = {"application": {"S": "head#storefront"}, "at": {"N": "0"}}
    found = w.stage.cloud.call("dynamodb", "GetItem", OTHER, {"TableName": ASSESSMENTS, "Key": key})["Item"]
    put_item = {"TableName": ASSESSMENTS, "Item": found | changes}
    w.stage.cloud.call("dynamodb", "PutItem", OTHER, put_item)
    assert read_state(rebuilt(w)).last is not None
    now, signer = w.stage.kernel.now(), Forger()
    bundle = checked(exported(record_of(w), Period(now - 3600, now), signer))
    assert bundle.manifest is not None
    assert any("us-east-2" in told for told in bundle.manifest.unread)


@pytest.mark.parametrize("record", ['{"by":NaN}', '{"by":"\\ud800"}', '{"by":1e999}', f'{{"by":{10**40}}}'])
def test_an_assessment_that_has_no_spelling_is_exported_as_it_stands_and_named(record: str) -> None:
    """Found: it made every export impossible, also of evidence."""
    import gzip

    w = failing()
    w.advance(400)
    query = {
        "TableName": ASSESSMENTS, "KeyConditionExpression": "application = :a",
        "ExpressionAttributeValues": {":a": {"S": "storefront"}},
    }  # fmt: skip
    items = w.stage.cloud.call("dynamodb", "Query", OTHER, query)["Items"]
    odd = items[3] | {"body": {"B": gzip.compress(record.encode())}}
    w.stage.cloud.call("dynamodb", "PutItem", OTHER, {"TableName": ASSESSMENTS, "Item": odd})
    now = w.stage.kernel.now()
    found = checked(exported(record_of(w), Period(now - 3600, now), Forger()))
    assert found.wrong is not None
    assert (found.wrong.file.partition("/")[0], found.wrong.where) == ("assessments", "record 4")
    assert json.loads(json.dumps(found.wrong.sentence)).startswith("it says that its hash is")
