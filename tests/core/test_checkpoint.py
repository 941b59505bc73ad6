"""A checkpoint holds the whole state: every golden journal folds on from it as from its first event."""

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from controller.core.incident.checkpoint import FORM, OF_OTHERS, Checkpoints, NoCheckpoint, seal_of
from controller.core.incident.fold import fold
from controller.core.incident.state import State
from controller.core.journal.event import Event, event_of
from tests.support.quarter_journal import quarter
from tests.support.sources import existing

GOLDEN = Path(__file__).parents[1] / "golden"
JOURNALS = existing(GOLDEN.glob("*/*.jsonl"), least=16)
FORMS = {1: "fa78227132be50d9"}
"""Number of the form -> the hash of its JSON schema. A state of another shape needs a new number."""


def events_of(file: Path) -> list[Event]:
    return [event_of(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def checkpoints() -> Checkpoints:
    return Checkpoints()


@pytest.mark.parametrize("file", JOURNALS, ids=[f"{file.parent.name}/{file.stem}" for file in JOURNALS])
def test_from_each_event_on_the_state_goes_on_as_if_all_had_been_read(
    file: Path, checkpoints: Checkpoints
) -> None:
    events = events_of(file)
    whole = fold("storefront", events)
    for number in range(1, len(events) + 1):
        state = fold("storefront", events[:number])
        again = checkpoints.state_of(checkpoints.text_of(state, 1.0), "storefront", 1.0)
        assert again == state
        assert fold("storefront", events[number:], onto=again) == whole


def test_a_quarter_of_a_year_too_and_the_same_state_has_the_same_text(checkpoints: Checkpoints) -> None:
    state = fold("storefront", quarter())
    text = checkpoints.text_of(state, 1.0)
    assert checkpoints.state_of(text, "storefront", 1.0) == state
    assert seal_of(text) == seal_of(Checkpoints().text_of(fold("storefront", quarter()), 1.0))


def test_what_the_fleet_says_is_not_kept(checkpoints: Checkpoints) -> None:
    state = fold("storefront", quarter())
    known = replace(state, fleet="stopped", fleet_left={"us-east-1": 1.0}, fleet_unread=True)
    assert checkpoints.state_of(checkpoints.text_of(known, 1.0), "storefront", 1.0) == state
    assert {each.name for each in fields(State)} > OF_OTHERS


@pytest.mark.parametrize(
    "change",
    [("storefront", "another"), (f'"form":{FORM}', f'"form":{FORM + 1}'), ('"deployed":1', '"deployed":2'),
     ("\n", ""), ('"armed":', '"armed":[],"x":'), ('"incidents":{', '"incidents":{"x":{},')],
)  # fmt: skip
def test_what_is_of_others_or_damaged_is_no_checkpoint(
    change: tuple[str, str], checkpoints: Checkpoints
) -> None:
    text = checkpoints.text_of(fold("storefront", quarter()), 1.0)
    assert change[0] in text
    with pytest.raises(NoCheckpoint):
        checkpoints.state_of(text.replace(*change, 1), "storefront", 1.0)


@pytest.mark.parametrize("text", ["", "\n", "{}", "{}\n{}", "[]\n[]", "null\nnull", "\ud800"])
def test_nonsense_is_no_checkpoint(text: str, checkpoints: Checkpoints) -> None:
    with pytest.raises(NoCheckpoint):
        checkpoints.state_of(text, "storefront", 1.0)


def test_another_shape_of_the_state_has_another_number() -> None:
    """Raise `FORM` where this fails: two versions may run side by side, and each reads its own alone."""
    schema = json.dumps(TypeAdapter(State).json_schema(), sort_keys=True)
    assert FORMS[FORM] == hashlib.sha256(schema.encode()).hexdigest()[:16]


def test_an_empty_journal_has_none(checkpoints: Checkpoints) -> None:
    with pytest.raises(ValueError, match="empty"):
        checkpoints.text_of(State("storefront"), 1.0)
