"""The fold: what may follow what, and what a journal says once it is read."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision.decide import decide
from controller.core.decision.guards import begun
from controller.core.incident.fold import ANSWERING, Folding, apply, fold, refuse_illegal
from controller.core.incident.state import MOVES, IllegalMove, Phase, State
from controller.core.journal.body import body_of
from controller.core.journal.event import Draft, seal
from controller.core.journal.kind import Kind
from tests.support.journal_events import drafted
from tests.support.policy_scene import (
    CONFIRMED,
    EAST,
    OPENED,
    OTHER,
    T0,
    WEST,
    all_on,
    evidence,
    journal,
    loaded,
    policy_data,
    situation,
    state,
    storefront,
)

POLICY = storefront(evacuate=policy_data()["evacuate"] | {"approval": "none"})
NAME = "storefront-us-east-1-2"
ASKED = (Kind.APPROVAL_REQUESTED, {"approval": "r1", "digest": "d", "expires": T0 + 900})
GIVEN = (Kind.APPROVAL_GIVEN, {"approval": "r1"})
INTENDED = (Kind.SHIFT_INTENDED, {"changes": [["use1-a", False], ["use1-b", False]]})
APPLIED, VERIFIED = (Kind.SHIFT_APPLIED, {}), (Kind.SHIFT_VERIFIED, {})
SETTLED, STOOD_DOWN = (Kind.SETTLED, {}), (Kind.STOOD_DOWN, {})
BROKE_GLASS = (Kind.BROKE_GLASS, {"record": "a", "record_hash": "h", "stage": "intended", "region": EAST})
BY_PHASE: dict[Phase, tuple[tuple[Kind, dict[str, Any]], ...]] = {
    Phase.OPEN: (OPENED,),
    Phase.CONFIRMED: (OPENED, CONFIRMED),
    Phase.ASKED: (OPENED, CONFIRMED, ASKED),
    Phase.APPROVED: (OPENED, CONFIRMED, ASKED, GIVEN),
    Phase.SHIFTING: (OPENED, CONFIRMED, INTENDED),
    Phase.SHIFTED: (OPENED, CONFIRMED, INTENDED, APPLIED),
    Phase.VERIFIED: (OPENED, CONFIRMED, INTENDED, APPLIED, VERIFIED, ASKED),  # asked between two waves
    Phase.SETTLED: (OPENED, CONFIRMED, INTENDED, APPLIED, VERIFIED, SETTLED),
    Phase.STOOD_DOWN: (OPENED, STOOD_DOWN),
    Phase.UNCONFIRMED: (BROKE_GLASS,),
}
DATA: dict[Kind, dict[str, Any]] = {
    Kind.CONFIRMED: CONFIRMED[1], Kind.APPROVAL_REQUESTED: ASKED[1], Kind.ESCALATED: {"code": "x"},
    Kind.APPROVAL_GIVEN: GIVEN[1], Kind.APPROVAL_DENIED: GIVEN[1], Kind.APPROVAL_EXPIRED: GIVEN[1],
    Kind.REMINDED: GIVEN[1], Kind.INCIDENT_OPENED: {"source": EAST},
    Kind.BROKE_GLASS: {"record": "b", "record_hash": "h", "stage": "unconfirmed"},
}  # fmt: skip


def draft(kind: Kind, *, epoch: int = 1, incident: str = NAME) -> Draft:
    return drafted("next", kind, T0 + 1, "test", epoch, incident, DATA.get(kind, {}))


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_is_reached_and_only_the_table_s_moves_leave_it(phase: Phase) -> None:
    found = state(POLICY, *BY_PHASE[phase])
    assert found.incidents[NAME].phase is phase
    for kind, (legal, then) in MOVES.items():
        if phase in legal:
            moved = apply(found, seal("storefront", draft(kind), found.last))
            stays = phase is Phase.VERIFIED and kind in ANSWERING
            assert moved.incidents[NAME].phase is (phase if stays else then or phase)
        else:
            with pytest.raises(IllegalMove, match="may not follow"):
                refuse_illegal(found, draft(kind))


def test_ended_phases_have_no_way_out() -> None:
    """But a person may acknowledge one, which changes nothing of it but the cooldown that follows."""
    legal_in = {kind: legal for kind, (legal, _) in MOVES.items() if kind is not Kind.ACKNOWLEDGED}
    assert not any({Phase.SETTLED, Phase.STOOD_DOWN} & legal for legal in legal_in.values())
    assert MOVES[Kind.ACKNOWLEDGED][1] is None


def test_a_shift_needs_a_durable_intent_and_an_intent_needs_a_confirmation() -> None:
    assert MOVES[Kind.SHIFT_APPLIED][0] == {Phase.SHIFTING}
    assert Phase.OPEN not in MOVES[Kind.SHIFT_INTENDED][0]
    assert Phase.ASKED not in MOVES[Kind.SHIFT_INTENDED][0]


def test_one_incident_at_a_time() -> None:
    found = state(POLICY, OPENED)
    with pytest.raises(IllegalMove, match="one evacuation at a time"):
        refuse_illegal(found, draft(Kind.INCIDENT_OPENED, incident="storefront-us-west-2-9"))


def test_an_older_epoch_writes_nothing_about_an_incident_that_a_newer_one_drives() -> None:
    found = state(POLICY, OPENED, CONFIRMED)
    taken = apply(found, seal("storefront", draft(Kind.HANDED_OVER, epoch=4), found.last))
    assert (taken.incidents[NAME].epoch, taken.incidents[NAME].runs) == (4, 1)
    with pytest.raises(IllegalMove, match="epoch 3 is older than 4"):
        refuse_illegal(taken, draft(Kind.SHIFT_INTENDED, epoch=3))


def test_an_incident_that_nobody_knows_cannot_move() -> None:
    with pytest.raises(IllegalMove, match="no known incident"):
        refuse_illegal(state(POLICY), draft(Kind.CONFIRMED))


@pytest.mark.parametrize("answer", [Kind.APPROVAL_GIVEN, Kind.APPROVAL_DENIED, Kind.APPROVAL_EXPIRED])
def test_a_request_is_answered_once_and_by_its_own_id(answer: Kind) -> None:
    found = state(POLICY, *BY_PHASE[Phase.ASKED])
    other = replace(draft(answer), body=body_of(answer, {"approval": "another"}))
    with pytest.raises(IllegalMove, match="answers no waiting request"):
        apply(found, seal("storefront", other, found.last))
    answered = apply(found, seal("storefront", draft(answer), found.last))
    with pytest.raises(IllegalMove):
        refuse_illegal(answered, draft(answer))


def _after(*ends: tuple[str, tuple[tuple[Kind, dict[str, Any]], ...]]) -> State:
    """Incidents one after the other, each of its own name."""
    events = journal(loaded(POLICY))
    for name, drafts in ends:
        for kind, data in drafts:
            at = T0 - 600 + len(events)
            made = drafted(f"id{len(events)}", kind, at, "test", 1, name, data)
            events.append(seal("storefront", made, events[-1]))
    return fold("storefront", events)


def test_cooldown_outlasts_a_later_incident_that_stood_down() -> None:
    """Found: a request that stood down hid the evacuation before it, and its cooldown with it."""
    moved = BY_PHASE[Phase.SETTLED]
    asked_for = (Kind.INCIDENT_OPENED, {"source": EAST, "requested_by": "ana"})
    found = _after(("storefront-us-east-1-2", moved), ("storefront-us-east-1-8", (asked_for, STOOD_DOWN)))
    assert decide(situation(POLICY, state=found), EAST).code == "cooldown"


def test_a_region_partly_off_before_an_intent_is_not_taken_for_a_move_that_has_begun() -> None:
    """Found: one control that was Off already made an intent of which nothing was applied irrevocable."""
    off = all_on(POLICY) | {"use1-d": False}
    found = state(POLICY, OPENED, CONFIRMED, INTENDED)
    incident = found.incidents[NAME]
    assert not begun(POLICY, incident, off)
    assert begun(POLICY, incident, off | {"use1-a": False})
    assert begun(POLICY, incident, None)
    calm = situation(POLICY, state=found, evidence=evidence(POLICY, {}), controls=off)
    assert decide(calm, EAST).action == "stand_down"


def test_silence_to_a_question_that_was_superseded_is_no_denial() -> None:
    """Found (storm 2027): taken over while it asked, the old question expired and stood the incident down."""
    gated = storefront()
    expired = (Kind.APPROVAL_EXPIRED, {"approval": "r1"})
    found = situation(gated, (OPENED, CONFIRMED, ASKED, expired))
    decision = decide(found, EAST)
    assert (decision.code, decision.action) == ("approval", "ask")


def test_intents_of_one_shift_add_up_and_a_refusal_forgets_them() -> None:
    later = (Kind.SHIFT_INTENDED, {"changes": [["use1-c", False], ["usw2-a", True]]})
    twice = state(POLICY, OPENED, CONFIRMED, INTENDED, later).incidents[NAME]
    assert twice.intended == {"use1-a": False, "use1-b": False, "use1-c": False, "usw2-a": True}
    dropped = state(POLICY, OPENED, CONFIRMED, INTENDED, (Kind.SHIFT_REFUSED, {})).incidents[NAME]
    assert (dropped.intended, dropped.phase) == ({}, Phase.CONFIRMED)


def test_a_fold_that_goes_on_is_the_fold_of_all() -> None:
    events = journal(OPENED, CONFIRMED, INTENDED, APPLIED, VERIFIED, SETTLED)
    folding = Folding()
    for length in (*range(len(events) + 1), 3, len(events)):
        assert folding("storefront", events[:length]) == fold("storefront", events[:length])


def test_a_fold_of_another_journal_begins_anew() -> None:
    folding = Folding()
    folding("storefront", journal(OPENED, CONFIRMED))
    other = journal(OPENED, STOOD_DOWN)
    assert folding("storefront", other) == fold("storefront", other)
    assert folding("another", ()) == State("another")


def test_a_move_that_chose_another_target_remembers_how_that_one_stood() -> None:
    """Else the way back would leave the second target On for what it stood in for."""
    names = {EAST: "use1-a", WEST: "usw2-a", OTHER: "use2-a"}
    first = {names[EAST]: True, names[WEST]: False}
    both = first | {names[OTHER]: False}
    found = state(
        storefront(),
        OPENED,
        CONFIRMED,
        (Kind.SHIFT_INTENDED, {"changes": [[names[WEST], True], [names[EAST], False]], "before": first}),
        (Kind.SHIFT_REFUSED, {"reason": "nothing was applied"}),
        (Kind.CONFIRMED, {"target": OTHER}),
        (Kind.SHIFT_INTENDED, {"changes": [[names[OTHER], True], [names[EAST], False]], "before": both}),
    )
    assert found.open is not None
    assert found.open.before == both
    assert found.home == both
    assert found.open.taken == {names[EAST], names[OTHER]}
