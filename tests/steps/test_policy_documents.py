"""Policies kept by digest: who drives by them, what a row proves, and what people do without one."""

import json

import pytest

from controller.core.canonical_json import ascii_digest
from controller.core.incident.state import Phase
from controller.core.journal.kind import Kind
from controller.core.journal.notes import PolicyLoaded
from controller.core.policy import document
from controller.core.policy.document import document_of
from controller.steps.context.journalling import load_state, write
from controller.steps.operator import commands
from controller.steps.operator.hand_to_people import hand_to_people
from tests.steps.policy_change import (
    BEGAN,
    changed,
    codes_told,
    errors,
    forge,
    in_mid_move,
    loaded,
    outcome,
    policy_of,
    redeploy,
    with_slices,
)
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.world import World, deploy, failing, world

WHY = {"who": "ana", "reason": "it is ours now"}
THREE = {**BEGAN, "controllers": [WEST, OTHER, EAST]}
LONGER = {"cooldown": "6h"}
LATER = {**THREE, "limits": THREE["limits"] | LONGER}


def open_id(w: World) -> str:
    incident = w.state.open
    assert incident is not None
    return incident.id


def kept(w: World, name: str) -> str | None:
    return w.hand.policies.read(name)


def test_the_document_is_kept_before_the_journal_names_the_policy() -> None:
    w = world(**BEGAN)
    w.advance(70)
    assert loaded(w) == [policy_of(BEGAN).digest]
    assert kept(w, policy_of(BEGAN).digest) == document_of(policy_of(BEGAN))
    written = [call.operation for call in w.calls if call.operation in ("PutItem", "Query", "GetItem")]
    assert "PutItem" in written


def test_a_policy_that_a_version_before_loaded_is_kept_by_the_next_tick() -> None:
    w = world(**BEGAN)
    w.advance(70)
    item = {"application": {"S": f"policy#{policy_of(BEGAN).digest}"}, "seq": {"N": "0"}}
    where = {"TableName": w.stage.deployment.journal_table, "Key": item}
    w.stage.cloud.call("dynamodb", "DeleteItem", w.deps.here, where)
    redeploy(w, BEGAN, at=0.0)  # another process of the same deployment
    w.advance(70)
    assert kept(w, policy_of(BEGAN).digest) is not None


def rolled_back() -> World:
    """Three controllers in mid-move; one got another policy and was rolled back, so that nobody has it."""
    w = in_mid_move("evacuate", THREE)
    before = w.every[OTHER]
    load_state(redeploy(w, LATER, home=OTHER))
    deploy(w, before)
    assert w.state.policy == policy_of(LATER).digest
    return w


def test_the_roll_back_of_one_stack_silences_none_of_three_controllers() -> None:
    w = rolled_back()
    assert w.until(w.has(Kind.SETTLED), 600)
    assert w.count(Kind.TAKEN_OVER) == 0
    assert codes_told(w) == []
    assert errors(w) == []


def test_the_driver_dies_after_a_roll_back_and_another_superseded_controller_finishes() -> None:
    w = rolled_back()
    incident = w.state.open
    assert incident is not None
    functions = w.stage.cloud.controller_regions[incident.driver].functions
    for name in list(functions):
        functions[name] = lambda _event, _context=None: {}
    assert w.until(w.has(Kind.TAKEN_OVER), 600)
    assert w.until(w.has(Kind.SETTLED), 900)


def test_all_three_get_another_policy_in_mid_move_and_the_move_goes_on_by_the_one_it_began_with() -> None:
    w = in_mid_move("evacuate", THREE)
    for home in THREE["controllers"]:
        redeploy(w, LATER, home=home)
    assert w.until(w.has(Kind.SETTLED), 600)
    assert {said(e)["policy"] for e in w.events if e.kind is Kind.SHIFT_INTENDED} == {policy_of(THREE).digest}
    assert errors(w) == []


FORGED = {
    "another text": "{}",
    "no text": "",
    "another policy": json.loads(document_of(policy_of(changed(evacuate={"waves": [4]})))),
}


@pytest.mark.parametrize("text", FORGED.values(), ids=list(FORGED))
def test_a_forged_row_moves_nothing_is_told_and_a_person_takes_it_over(text: object) -> None:
    w = in_mid_move("evacuate")
    redeploy(w, changed(limits=LONGER))
    forge(w, policy_of(BEGAN).digest, text)
    moved = len(w.moves)
    w.advance(600)
    assert len(w.moves) == moved
    assert codes_told(w) == ["policy-unreadable"]
    assert errors(w) == []
    name = open_id(w)
    assert hand_to_people(w.hand, name, **WHY).done
    assert w.state.open is None
    assert f"{name}: handed to people" in w.pages
    assert w.whole


def test_s23_a_forged_row_is_believed_where_nobody_computes_its_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The counter-test: without the digest a row alone says how a move goes on."""
    w = in_mid_move("evacuate")
    redeploy(w, changed(limits=LONGER))
    forge(w, policy_of(BEGAN).digest, FORGED["another policy"])

    def believed(text: str, _digest: str) -> object:
        return document.parse_policy(json.loads(text))

    monkeypatch.setattr("controller.steps.context.policy_library.policy_of_document", believed)
    assert w.until(w.has(Kind.SETTLED), 600)
    assert [len(said(e)["changes"]) for e in w.events if e.kind is Kind.SHIFT_INTENDED] == [1, 3]


def test_a_policy_of_a_later_version_is_unreadable_held_and_told() -> None:
    """Its text is whole, but it has a key that this version does not know."""
    w = in_mid_move("evacuate")
    newer = {**policy_of(changed(limits=LONGER)).counted(), "aKeyOfTheNextVersion": {"deep": []}}
    text = json.dumps(newer, sort_keys=True, separators=(",", ":"))
    forge(w, ascii_digest(newer), text)
    state = load_state(w.hand)
    loaded = PolicyLoaded(
        digest=ascii_digest(newer), deployed=w.stage.kernel.now(), enforcement="live", controls=None
    )
    write(w.hand, state, loaded)
    moved = len(w.moves)
    w.advance(600)
    assert len(w.moves) == moved
    assert codes_told(w) == ["policy-unreadable"]
    assert errors(w) == []


def test_where_the_policy_in_force_cannot_be_read_a_person_begins_nothing_and_is_told_why() -> None:
    w = world(**BEGAN)
    w.advance(70)
    newer = changed(limits=LONGER)
    load_state(redeploy(w, newer))
    deploy(w, w.deps)
    forge(w, policy_of(newer).digest, "{}")
    for done in (
        commands.evacuate(w.hand, EAST, **WHY),
        commands.restore(w.hand, EAST, **WHY),
        commands.drill(w.hand, EAST, **WHY),
    ):
        assert not done.done
        assert "the policy in force cannot be read" in done.sentence


def test_handed_to_people_half_way_says_which_region_carries_what() -> None:
    w = in_mid_move("evacuate")
    redeploy(w, with_slices("abc"))
    w.advance(120)
    done = hand_to_people(w.hand, open_id(w), **WHY)
    assert done.done
    text = w.stage.cloud.outbox.notices[-1].text
    assert "us-east-1 carries 3 of 4 slices (use1-b, use1-c, use1-d)" in text
    assert "us-west-2 carries 4 of 4 slices" in text
    assert "by ana" in text
    last = w.events[-1]
    assert (last.kind, last.draft.by, said(last)["code"]) == (Kind.SETTLED, "ana", "handed-to-people")
    moved = len(w.moves)
    w.advance(300)
    assert len(w.moves) == moved
    assert outcome(w).outcome == "interrupted"
    assert errors(w) == []


def test_it_is_refused_while_a_call_may_still_land_and_done_once_none_can() -> None:
    w = failing(**BEGAN)
    w.trouble = lambda sent: "lost" if sent.operation.startswith("UpdateRoutingControl") else None
    assert w.until(w.has(Kind.SHIFT_INTENDED), 200, step=0.5)
    for deps in w.every.values():
        functions = w.stage.cloud.controller_regions[deps.here].functions
        for name in list(functions):
            functions[name] = lambda _event, _context=None: {}
    early = hand_to_people(w.hand, open_id(w), **WHY)
    assert not early.done
    assert "may still land" in early.sentence
    w.advance(60)
    assert hand_to_people(w.hand, open_id(w), **WHY).done
    incident = next(iter(w.state.incidents.values()))
    assert incident.phase in (Phase.SETTLED, Phase.STOOD_DOWN)
    assert incident.outcome == "interrupted"


def test_what_waits_for_people_is_handed_to_them_too_and_one_that_has_ended_is_refused() -> None:
    w = failing(**changed(evacuate={"approval": "oncall"}))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    name = open_id(w)
    assert hand_to_people(w.hand, name, **WHY).done
    assert next(iter(w.state.incidents.values())).phase is Phase.STOOD_DOWN
    again = hand_to_people(w.hand, name, **WHY)
    assert not again.done
    assert "it has ended" in again.sentence
    unknown = hand_to_people(w.hand, "storefront-mars-1", **WHY)
    assert "knows no incident" in unknown.sentence
    assert [str(said(e)["reason"]) for e in w.events if e.kind is Kind.REFUSED] == [
        again.sentence,
        unknown.sentence,
    ]


def test_a_drill_that_is_away_is_handed_over_where_it_stands() -> None:
    w = in_mid_move("drill")
    assert w.until(lambda: w.count(Kind.SHIFT_VERIFIED) == 4, 300)
    assert hand_to_people(w.hand, open_id(w), **WHY).done
    w.advance(240)
    assert outcome(w).east == ""
    assert w.count(Kind.TURNED_BACK) == 0
