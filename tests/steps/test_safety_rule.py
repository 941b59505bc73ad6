"""A safety rule in the way: named, and set aside by two people for its ARN alone (S14)."""

from dataclasses import replace
from typing import Any

import pytest

from controller.aws.arc.switch import OVERRIDE_PERMISSION, PERMISSIONS
from controller.core.decision import guards
from controller.core.incident.state import Incident
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ApprovalRequested
from controller.core.policy.validation import PolicyError
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from controller.steps.operator.approve import answer, look_at
from controller.steps.workflow import shift_traffic
from tests.steps.guard_removal import remove
from tests.support.approval_request import GATE, NO_MOVES, question, yes
from tests.support.journal_events import said
from tests.support.policy_scene import storefront
from tests.support.world import FREE, World, deploy, failing

Patch = pytest.MonkeyPatch
LEADS = {"override": [{"ask": ["group:sre-leads"], "people": 2, "within": "10m"}]}
ONE = {"oncall": [{"ask": ["group:sre-oncall"], "people": 1, "within": "10m"}]}


def forbidden(*slices: str, **changes: Any) -> World:
    """A Region must be left, and a rule for each of `slices` says that it may not be."""
    w = failing(**({"approvals": LEADS} | changes))
    switch = w.stage.cloud.arc
    for number, letter in enumerate(slices or "a", start=90):
        both = (f"use1-{letter}", f"usw2-{letter}")
        switch.add_rule(SafetyRule(f"both-{letter}", rule_arn(switch.panel, number), both, threshold=2))
    return w


def arn(w: World, number: int = 90) -> str:
    return rule_arn(w.stage.cloud.arc.panel, number)


def asked(*slices: str, **changes: Any) -> tuple[World, str]:
    w = forbidden(*slices, **changes)
    assert w.until(w.has(Kind.SHIFT_REFUSED), 180)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 60)
    w.advance(2)
    return w, question(w)


def intents(w: World) -> list[list[str]]:
    return [said(e).get("override", []) for e in w.events if e.kind is Kind.SHIFT_INTENDED]


def test_the_refusal_names_the_rule_and_two_people_set_it_aside() -> None:
    w, request = asked()
    refusal = next(e for e in w.events if e.kind is Kind.SHIFT_REFUSED)
    assert said(refusal)["rule"] == arn(w)
    assert "both-a" in said(refusal)["reason"]
    seen = look_at(w.hand, request)
    assert f"An approval sets aside: safety rule {arn(w)}." in getattr(seen, "lines", ())
    assert "1 more must agree" in yes(w, request, "ana")
    w.advance(60)
    assert w.moves == NO_MOVES
    yes(w, request, "ben")
    assert w.until(w.has(Kind.SETTLED), 120)
    assert intents(w) == [[], [arn(w)]]
    assert w.whole


def test_a_rule_that_is_deleted_after_it_was_set_aside_is_in_nobody_s_way() -> None:
    """Found: seed 453. The next wave named it still, and ARC knows no such rule: refused for ever."""
    w, request = asked(evacuate=FREE | {"waves": [2], "settle": "20s"})
    for who in ("ana", "ben"):
        yes(w, request, who)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.stage.cloud.arc.drop_rule(arn(w))
    assert w.until(w.has(Kind.SETTLED), 300)
    assert len(w.moves) == 4
    assert w.whole


WAVES = FREE | {"waves": [1, 3], "settle": "20s"}


def forbidding_both() -> World:
    """Two waves of an evacuation, and one rule that refuses each of them."""
    w = forbidden(evacuate=WAVES)
    both = ("use1-a", "use1-b", "use1-c", "use1-d")
    switch = w.stage.cloud.arc
    switch.drop_rule(arn(w))
    switch.add_rule(SafetyRule("all-on", arn(w), both, threshold=4))
    assert w.until(w.has(Kind.SHIFT_REFUSED), 180)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 60)
    w.advance(2)
    for who in ("ana", "ben"):
        yes(w, question(w), who)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.advance(240)
    return w


def test_an_override_lets_one_wave_through_and_people_are_asked_anew_about_the_next() -> None:
    w = forbidding_both()
    assert {name for _, name, _ in w.moves} == {"use1-a"}
    asked_for = [e.body for e in w.events if isinstance(e.body, ApprovalRequested)]
    assert [(each.wave, each.override) for each in asked_for] == [(1, (arn(w),)), (2, (arn(w),))]
    assert intents(w)[:2] == [[], [arn(w)]]
    assert all(each == [] for each in intents(w)[2:])  # the second wave is tried without
    seen = look_at(w.hand, question(w))
    assert "That is for wave 2 alone: for any other people are asked anew." in getattr(seen, "lines", ())
    for who in ("ana", "ben"):
        yes(w, question(w), who)
    assert w.until(w.has(Kind.SETTLED), 200)
    assert intents(w)[-1] == [arn(w)]
    assert w.whole


def test_s14_without_the_wave_in_it_one_override_would_do_for_all_waves(monkeypatch: Patch) -> None:
    def careless(incident: Incident) -> tuple[str, ...]:
        request = incident.request
        given = request is not None and request.status == "given" and request.rules == incident.rules
        return incident.rules if given else ()

    monkeypatch.setattr(shift_traffic, "granted", careless)
    monkeypatch.setattr(guards, "granted", careless)
    w = forbidding_both()
    assert len(w.moves) == 4
    assert w.count(Kind.APPROVAL_REQUESTED) == 1


def test_denied_it_stays_and_stands_down() -> None:
    w, request = asked()
    yes(w, request, "ana")
    assert answer(w.hand, request, who="ben", approve=False).counted
    assert w.until(w.has(Kind.STOOD_DOWN), 60)
    w.advance(200)
    assert w.moves == NO_MOVES
    assert intents(w) == [[]]


def test_without_a_gate_for_it_nobody_is_asked_and_people_are_paged() -> None:
    w = forbidden(approvals={})
    assert w.until(w.has(Kind.ESCALATED), 180)
    w.advance(200)
    assert (w.moves, w.count(Kind.APPROVAL_REQUESTED)) == (NO_MOVES, 0)
    assert all(each == [] for each in intents(w))
    assert any("switch-refused" in page for page in w.pages)


def test_a_second_rule_needs_its_own_approval_and_the_call_names_both() -> None:
    w, request = asked("a", "b")
    for who in ("ana", "ben"):
        yes(w, request, who)
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) == 2, 120)
    w.advance(2)
    assert w.moves == NO_MOVES
    assert question(w) != request
    for who in ("ana", "ben"):
        yes(w, question(w), who)
    assert w.until(w.has(Kind.SETTLED), 120)
    assert intents(w)[-1] == [arn(w, 90), arn(w, 91)]


def test_the_approval_to_move_is_none_to_set_a_rule_aside() -> None:
    w = forbidden(evacuate=GATE, approvals=ONE | LEADS)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2)
    yes(w, question(w), "ana")
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) == 2, 120)
    w.advance(60)
    assert w.moves == NO_MOVES
    assert [said(e)["gate"] for e in w.events if e.kind is Kind.APPROVAL_REQUESTED] == ["oncall", "override"]


def test_a_master_switch_is_respected_nobody_is_asked_to_set_it_aside() -> None:
    w = failing(approvals=LEADS)
    rule = rule_arn(w.stage.cloud.arc.panel, 95)
    gate = SafetyRule("master", rule, tuple(f"use1-{s}" for s in "abcd"), kind="GATING", gating=("usw2-d",),
                      inverted=True)  # fmt: skip
    w.stage.cloud.arc.add_rule(gate)
    deploy(w, replace(w.deps, gates={"usw2-d": rule}))
    assert w.until(w.has(Kind.ESCALATED), 180)
    w.advance(200)
    assert (w.moves, w.count(Kind.APPROVAL_REQUESTED)) == (NO_MOVES, 0)
    assert any("switch-refused" in page for page in w.pages)


def _unapproved() -> World:
    w = forbidden()
    w.advance(200)
    return w


def test_s14_without_the_guards_the_rule_is_set_aside_on_nobody_s_word(monkeypatch: Patch) -> None:
    assert _unapproved().moves == NO_MOVES
    remove(monkeypatch, "approval")
    still = _unapproved()
    assert still.moves == NO_MOVES  # a second lock: what was not granted is not sent
    monkeypatch.setattr(shift_traffic, "granted", lambda incident: incident.rules)
    assert _unapproved().moves


def test_s14_one_person_cannot_be_enough_by_policy() -> None:
    with pytest.raises(PolicyError, match="takes two people"):
        storefront(approvals=ONE | {"override": [LEADS["override"][0] | {"people": 1}]})


def test_s14_overriding_is_a_permission_of_its_own() -> None:
    action, kind, condition = OVERRIDE_PERMISSION
    assert (action, kind) in PERMISSIONS
    assert condition == "route53-recovery-cluster:AllowSafetyRulesOverrides"
