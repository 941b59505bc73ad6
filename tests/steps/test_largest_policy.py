"""The largest policy that is let in, played: no event of its life is too large for the journal.

What each kind holds at its worst is in `tests.core.test_event_size`.
"""

from typing import Any

import pytest

from controller.core.event_size import LARGEST
from controller.core.journal.event import Draft, Event, broken_at
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.review_record import Review, Reviewer
from controller.core.policy.validation import compiled, parse_policy
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from controller.steps.context.journalling import load_state
from controller.steps.operator import break_glass, commands
from controller.steps.operator.approve import answer
from controller.steps.operator.hand_to_people import hand_to_people
from controller.steps.operator.local_records import journal_records
from tests.support.approval_request import question
from tests.support.break_glass_line import Line
from tests.support.journal_events import said
from tests.support.largest_policy import largest
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.world import FREE, World, failing, rebuilt, turn_by_hand, world
from tests.support.world_faults import calm

FIRE = "\N{FIRE}" * 500
"""A reason of as many characters as people may write; each is four bytes of the journal."""
WHO: dict[str, Any] = {"who": "ann", "reason": FIRE}
WELL = {"in": "source", "family": "all", "is": "healthy", "for": "5m"}
HOME: dict[str, Any] = {
    "limits": policy_data()["limits"] | {"cooldown": "1m"},
    "restore": {"when": WELL, "approval": "none", "waves": [50]},
    "drills": {"stay": "3m"},
}
GOES = {**largest(**HOME), "evacuate": largest()["evacuate"] | {"approval": "none"},
        "target": largest()["target"] | {"ready": policy_data()["target"]["ready"]}}  # fmt: skip


def sizes(w: World) -> dict[str, int]:
    """Return the bytes of the largest event of each kind; the journal is whole, and no slice was ever Off."""
    assert broken_at([written.event for written in w.ledger]) is None
    assert w.lowest is None
    found: dict[str, int] = {}
    for each in w.ledger:
        found[str(each.event.kind)] = max(len(each.event.text.encode()), found.get(str(each.event.kind), 0))
    assert max(found.values()) <= LARGEST
    return found


def approved(w: World, *people: str) -> None:
    w.advance(2)
    for who in people:
        assert answer(w.hand, question(w), who=who, approve=True, reason=FIRE).counted


def test_a_life_in_which_people_are_asked_and_a_rule_stands_in_the_way() -> None:
    w = failing(**largest())
    regions, arc = w.stage.policy.regions, w.stage.cloud.arc
    both = (regions[EAST].controls[0], regions[WEST].controls[0])
    arc.add_rule(SafetyRule("both", rule_arn(arc.panel, 90), both, threshold=2))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 300)
    approved(w, "ann")
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) == 2, 300)
    approved(w, "ann", "ben")
    assert w.until(w.has(Kind.SETTLED), 600)
    found = sizes(w)
    assert found["ShiftIntended"] > 7_000
    assert {"Confirmed", "ReadinessConfirmed", "ApprovalGiven", "ShiftRefused", "Escalated"} <= set(found)
    (first, *_) = [e for e in w.events if e.kind is Kind.INCIDENT_OPENED]
    assert "left out" in str(said(first)["decision"]["tree"])


def test_a_life_there_and_back_with_a_drill_and_drift() -> None:
    w = failing(**GOES)
    assert w.until(w.has(Kind.SETTLED), 300)
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.RESTORE_OPENED), 1500, 20)
    assert w.until(lambda: w.count(Kind.SETTLED) == 2, 300)
    assert all(w.controls.values())
    w.advance(120)
    assert commands.drill(w.hand, EAST, **WHO).done
    assert w.until(w.has(Kind.TURNED_BACK), 600)
    assert w.until(lambda: w.count(Kind.SETTLED) == 3, 600)
    w.advance(60)
    for region in (WEST, OTHER):
        for place in range(50):
            turn_by_hand(w, region, place, on=False)
            w.advance(0.5)
        w.advance(6)
    assert w.until(w.has(Kind.DRIFT_SEEN), 300)
    w.advance(120)
    assert {name for name, on in w.state.stand.items() if not on} == {
        n for n, on in w.controls.items() if not on
    }
    assert {"DrillOpened", "RestoreOpened", "TurnedBack", "ShiftVerified"} <= set(sizes(w))


def test_a_life_of_commands_refusals_and_pages_that_nobody_gets() -> None:
    w = failing(**largest())
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 300)
    w.trouble = lambda sent: "refused" if sent.service == "sns" else None
    for each in (
        commands.mute(w.hand, WEST, seconds=60, **WHO),
        commands.arm(w.hand, on=False, **WHO),
        commands.arm(w.hand, on=True, **WHO),
        commands.stand_down(w.hand, w.state.open.id, **WHO),  # type: ignore[union-attr]
    ):
        assert each.done
    assert not commands.restore(w.hand, FIRE, **WHO).done
    assert not commands.evacuate(w.hand, FIRE, **WHO).done
    assert commands.acknowledge(w.hand, next(iter(w.state.incidents)), **WHO).done
    w.advance(400)
    assert hand_to_people(w.hand, next(iter(reversed(w.state.incidents))), **WHO).sentence
    w.trouble = calm
    w.advance(200)
    found = sizes(w)
    assert {"Muted", "Disarmed", "Armed", "StoodDown", "Refused", "Acknowledged", "Untold"} <= set(found)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> int:
    """The journal takes less than a drill of the longest reason would be; return that many bytes."""
    for module in ("controller.core.event_size", "controller.aws.dynamodb.journal"):
        monkeypatch.setattr(f"{module}.LARGEST", 9_000)
    return 9_000


def test_a_reason_that_does_not_fit_is_cut_and_holds_nobody_back(narrow: int) -> None:
    """Found: it was cut by characters, and one takes several bytes: the command broke."""
    w = world(**largest(**HOME))
    w.advance(130)
    assert commands.drill(w.hand, EAST, who="ann", reason="\N{FIRE}" * 2000).done
    assert sizes(w)["DrillOpened"] <= narrow
    (opened,) = [e for e in w.events if e.kind is Kind.DRILL_OPENED]
    assert said(opened)["reason"].startswith("\N{FIRE}" * 20)
    assert said(opened)["reason"].endswith("…")


def test_a_long_review_does_not_keep_a_policy_from_being_loaded() -> None:
    w = world(**largest())
    w.advance(70)
    newer = parse_policy(policy_data() | {"controllers": [OTHER]} | largest(**HOME))
    people = tuple(Reviewer(by="\N{FIRE}" * 200, at=1.0, where="\N{FIRE}" * 300) for _ in range(10))
    review = Review(schema="tidegate.review/v1", digest=newer.digest, reviewed=people)
    news = {"policy": compiled(newer), "deployed": w.stage.kernel.now(), "review": review.data()}
    assert load_state(rebuilt(w, **news)).policy == newer.digest
    assert sizes(w)["PolicyLoaded"] > 7_000
    (*_, loaded) = [e for e in w.events if e.kind is Kind.POLICY_LOADED]
    assert (len(said(loaded)["controls"]), said(loaded)["review"]["further"]) == (150, 9)


@pytest.mark.parametrize("reason", [FIRE, "plain"])
def test_what_was_done_by_break_glass_is_journalled_whole_but_for_words(reason: str) -> None:
    w = world(**largest())
    w.advance(70)
    look = break_glass.plan_move(w.stage.policy, w.hand.switch, source=EAST, target=WEST)
    kept: list[dict[str, Any]] = []

    def write_down(body: Any) -> str:
        kept.append({"who": "ann", "at": 1.0, "reason": reason, **body})
        return str(len(kept))

    outcome = break_glass.move(w.stage.policy, w.hand.switch, w.hand.runtime, look, write_down)
    assert outcome.stage == "applied"
    records = [Line(str(number), f"{number:064x}", body, number) for number, body in enumerate(kept, start=1)]
    assert journal_records(w.hand, records, records).added == 2
    events: list[Event] = [e for e in w.events if e.kind is Kind.BROKE_GLASS]
    assert [len(said(e)["before"]) for e in events] == [100, 100]
    assert max(len(e.text.encode()) for e in events) <= LARGEST


@pytest.mark.usefixtures("narrow")
def test_without_the_form_that_fits_the_append_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_it_is(_application: str, draft: Draft, _after: object) -> Draft:
        return draft

    monkeypatch.setattr("controller.steps.context.journalling.fitted", as_it_is)
    w = world(**GOES | {"evacuate": GOES["evacuate"] | {"when": FREE["when"]}})
    w.advance(130)
    with pytest.raises(ValueError, match="at most 9000 fit"):
        commands.drill(w.hand, EAST, who="ann", reason="\N{FIRE}" * 2000)
