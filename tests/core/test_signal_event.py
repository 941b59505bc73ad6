"""`tidegate.signal/v1`: the published schema and the model accept the same, and the parser what they do.

`python -m tests.core.test_signal_event` writes the schema anew.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from controller.aws.events.parse import parse
from controller.core.contracts import SignalEvent, json_schema
from controller.core.model import Ignored, Observation, Sighting, Verdict
from tests.support.event_samples import DETAIL, EVENT

FILE = Path(__file__).parents[2] / "schemas" / "tidegate.signal.v1.json"
NOW = 1_800_000_000.0
WRONG: list[object] = [
    *(None, True, 0, 1.5, "", "x" * 2000, "a/b", "a:b", "é", "\u202e", "us-east-1 ", "2026-11-23", [], {}),
    *(
        "down",
        "BREACHING",
        "silent",
        "-a",
        "a" * 64,
        "a" * 129,
        "a.b",
        "us-east-1",
        "2026-11-23T09:00:00+0100",
    ),
]


def changes() -> list[dict[str, Any]]:
    """Each member away, and of each wrong kind or form; and one that v1 does not know yet."""
    found = [deepcopy(DETAIL), DETAIL | {"severity": 3}]
    for key in DETAIL:
        found.append({name: value for name, value in DETAIL.items() if name != key})
        found += [DETAIL | {key: value} for value in WRONG]
    return found


def taken(detail: object) -> bool:
    try:
        SignalEvent.model_validate(detail)
    except ValidationError:
        return False
    return True


def test_the_published_schema_is_the_one_in_the_code() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == json_schema()


def test_schema_and_model_and_parser_take_and_refuse_the_same() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(FILE.read_text(encoding="utf-8")))
    answers = [(taken(detail), validator.is_valid(detail)) for detail in changes()]
    assert answers.count((True, True)) > 20
    assert answers.count((False, False)) > 100
    assert {(True, False), (False, True)}.isdisjoint(answers)
    for detail in changes():
        found = parse(json.dumps(EVENT | {"detail": detail}), NOW)
        assert isinstance(found, Sighting) is taken(detail), (detail, found)
        if isinstance(found, Ignored):
            assert len(found.reason) < 300
            assert found.reason.isprintable()


def test_a_monitors_event_is_a_sighting() -> None:
    assert parse(json.dumps(EVENT), NOW) == Sighting(
        "event:123456789012:eu-west-1:storefront/customer/us-east-1/real-users.checkout",
        Observation(
            at=1795424580.0,
            received=NOW,
            verdict=Verdict.BREACHING,
            via="event",
            id=EVENT["id"],
            reason="breaching since 2026-11-23T09:00:00Z: 38 % of checkouts fail",
        ),
    )


def test_what_was_sent_from_elsewhere_is_no_sign_of_life_of_the_observer() -> None:
    found = parse(EVENT | {"region": "us-east-2"}, NOW)
    assert isinstance(found, Sighting)
    assert (found.observation.via, found.signal.split(":")[2]) == ("relay", "eu-west-1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"detail-type": "tidegate.signal/v2"}, "expected “tidegate.signal/v1”"),
        ({"detail": None}, "no detail"),
        ({"detail": {}}, "application is refused: Field required (7 in all)"),
        ({"detail": DETAIL | {"since": "2026-11-23T09:05:00Z"}}, "lies after the event"),
        ({"detail": DETAIL | {"since": "2026-13-23T09:05:00Z"}}, "is not a time"),
        ({"detail": DETAIL | {"region": "us-east-1\n"}}, "region is refused"),
        ({"id": ""}, "a duplicate would not be known"),
        ({"account": "me"}, "not twelve digits"),
        ({"region": "here"}, "not the name of a Region"),
    ],
)
def test_what_is_refused(change: dict[str, Any], reason: str) -> None:
    found = parse(EVENT | change, NOW)
    assert isinstance(found, Ignored)
    assert reason in found.reason


def test_hostile_text_is_cut_and_stays_on_one_line() -> None:
    found = parse(EVENT | {"detail": DETAIL | {"reason": "a\nb\x1b[31m" + "x" * 900}}, NOW)
    assert isinstance(found, Sighting)
    assert found.observation.reason.isprintable()
    assert len(found.observation.reason) <= 200


if __name__ == "__main__":
    FILE.write_text(json.dumps(json_schema(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
