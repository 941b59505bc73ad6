"""After a no: what was denied, what nobody answered, and what a person stopped."""

from typing import Any

import pytest

from controller.core.incident.state import Phase
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.terms import PolicyError
from controller.steps.operator import commands
from controller.steps.operator.approve import answer
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST, policy_data, storefront
from tests.support.return_scenes import QUICK, restore_asked
from tests.support.world import FREE, World, failing

LIMITS = {"minRegionsOn": 1, "cooldown": "1h", "evacuationsPerDay": 9}
TWICE: dict[str, Any] = {
    "evacuate": policy_data()["evacuate"],
    "limits": LIMITS,
    "approvals": {
        "oncall": [
            {"ask": ["group:sre-oncall"], "people": 1, "within": "10m"},
            {"ask": ["group:sre-leads"], "people": 1, "within": "10m"},
        ],
    },
}


def waiting(w: World) -> bool:
    incident = w.state.open
    return incident is not None and incident.request is not None and incident.request.status == "waiting"


def deny(w: World) -> float:
    assert w.until(lambda: waiting(w), 400)
    request = w.state.open.request.id  # type: ignore[union-attr]
    assert answer(w.hand, request, who="ann", approve=False, reason="it is us").counted
    assert w.until(lambda: w.state.open is None, 200)
    return w.stage.kernel.now()


def asks(w: World) -> list[tuple[float, tuple[str, ...], int]]:
    found = [e for e in w.events if e.kind is Kind.APPROVAL_REQUESTED]
    return [(e.at, tuple(said(e)["ask"]), int(said(e)["unanswered"])) for e in found]


def test_a_denied_evacuation_is_asked_about_again_after_the_cooldown_and_not_before() -> None:
    w = failing(**TWICE)
    denied = deny(w)
    w.advance(3400)
    assert len(asks(w)) == 1
    assert w.until(lambda: waiting(w), 500)
    assert asks(w)[-1][0] - denied == pytest.approx(3600, abs=130)


def test_what_people_denied_of_one_region_keeps_no_other_from_being_left() -> None:
    own = {EAST: {**policy_data()["regions"][EAST], "evacuate": {"approval": "oncall"}},
           WEST: policy_data()["regions"][WEST]}  # fmt: skip
    w = failing(regions=own, limits=LIMITS)
    deny(w)
    w.say(east=Verdict.HEALTHY, west=Verdict.BREACHING)
    w.advance(600)
    assert not any(on for name, on in w.controls.items() if name.startswith("usw2"))


def test_nobody_answers_and_the_next_in_the_chain_are_asked_again_well_before_the_cooldown_is_over() -> None:
    w = failing(**TWICE)
    w.advance(100 * 60)
    oncall, leads = ("group:sre-oncall",), ("group:sre-leads",)
    told = asks(w)
    assert [ask for _, ask, _ in told[:4]] == [oncall, leads, leads, leads]
    assert [before for *_, before in told[:4]] == [0, 0, 1, 2]
    ended = [e.at for e in w.events if e.kind is Kind.APPROVAL_EXPIRED]
    assert told[2][0] - ended[0] == pytest.approx(900, abs=130)  # a quarter of an hour, and a tick or two
    texts = [n.text for n in w.stage.cloud.outbox.notices if "leave us-east-1" in n.subject]
    assert any("asked 2 times by now, nobody answered before" in text for text in texts)
    assert w.moves == []


@pytest.mark.parametrize(("again", "gap"), [("5m", 300), ("30m", 1800)])
def test_the_policy_says_when_people_are_asked_again(again: str, gap: float) -> None:
    w = failing(**(TWICE | {"limits": LIMITS | {"askAgain": again}}))
    assert w.until(lambda: len(asks(w)) == 3, 2 * 3600, step=10)
    ended = [e.at for e in w.events if e.kind is Kind.APPROVAL_EXPIRED]
    assert asks(w)[2][0] - ended[0] == pytest.approx(gap, abs=130)


def test_asking_again_later_than_half_the_cooldown_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"at most half the cooldown \(1800s\), found 1860s"):
        storefront(limits=LIMITS | {"askAgain": "31m"})
    assert storefront(limits=LIMITS | {"askAgain": "30m"}).limits.ask_again_after == 1800
    assert storefront(limits=LIMITS | {"cooldown": "10m"}).limits.ask_again_after == 300


def test_after_the_region_was_well_for_a_day_the_count_begins_anew() -> None:
    w = failing(**TWICE)
    assert w.until(lambda: w.count(Kind.APPROVAL_EXPIRED) == 1, 3600, step=10)
    w.say(east=Verdict.HEALTHY)
    w.advance(2 * 3600)
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: waiting(w), 1000)
    assert asks(w)[-1][1:] == (("group:sre-oncall",), 0)


def test_a_denied_return_is_asked_about_again_after_a_soak_and_keeps_no_region_from_being_left() -> None:
    """The return needs five minutes of health; the cooldown is an hour."""
    w = restore_asked()
    denied = deny(w)
    w.advance(240)
    assert w.count(Kind.RESTORE_OPENED) == 1
    assert w.until(lambda: w.count(Kind.RESTORE_OPENED) == 2, 200)
    deny(w)
    assert asks(w)[-1][0] - denied >= 295
    w.say(west=Verdict.BREACHING)
    w.advance(400)
    assert not any(on for name, on in w.controls.items() if name.startswith("usw2"))


def test_a_return_that_nobody_answers_is_asked_about_again_after_a_soak() -> None:
    w = restore_asked()
    assert w.until(lambda: w.count(Kind.STOOD_DOWN) == 1, 3600, step=10)
    ended = w.stage.kernel.now()
    assert w.until(lambda: w.count(Kind.RESTORE_OPENED) == 2, 1000)
    assert w.stage.kernel.now() - ended >= 290


def stopped(**changes: Any) -> World:
    """A person stood an evacuation down while its Region was dark."""
    w = failing(**(QUICK | {"evacuate": policy_data()["evacuate"]} | changes))
    assert w.until(lambda: waiting(w), 200)
    opened = w.state.open
    assert opened is not None
    assert commands.stand_down(w.hand, opened.id, who="ann", reason="do not leave").done
    return w


def test_what_a_person_stopped_stays_stopped_however_long_it_is_dark() -> None:
    w = stopped()
    w.advance(3 * 3600)
    assert w.count(Kind.INCIDENT_OPENED) == 1
    assert w.moves == []


def test_a_stop_ends_when_a_person_says_so() -> None:
    w = stopped()
    w.advance(600)
    first = next(iter(w.state.incidents))
    assert commands.acknowledge(w.hand, first, who="ben", reason="leave it after all").done
    assert w.until(lambda: w.count(Kind.INCIDENT_OPENED) == 2, 130)


def test_a_stop_ends_after_unbroken_health_and_is_not_forgotten_before() -> None:
    """The period of `restore.when` is five minutes here."""
    w = stopped()
    w.say(east=Verdict.HEALTHY)
    w.advance(200)
    w.say(east=Verdict.BREACHING)
    w.advance(1200)
    assert w.count(Kind.INCIDENT_OPENED) == 1
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.RECOVERED), 500)
    w.advance(1800)
    assert w.count(Kind.RECOVERED) == 1
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: w.count(Kind.INCIDENT_OPENED) == 2, 400)


def test_without_a_return_in_the_policy_half_an_hour_of_health_ends_a_stop() -> None:
    w = failing(evacuate=policy_data()["evacuate"])
    assert w.until(lambda: waiting(w), 200)
    commands.stand_down(w.hand, w.state.open.id, who="ann", reason="x")  # type: ignore[union-attr]
    began = w.stage.kernel.now()
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.RECOVERED), 2400, step=10)
    assert w.stage.kernel.now() - began >= 1800


def test_silence_is_no_health_and_ends_no_stop() -> None:
    w = stopped()
    w.say(east=None)
    w.advance(3600)
    assert w.count(Kind.RECOVERED) == 0


def test_a_return_that_a_person_stopped_waits_for_a_whole_soak() -> None:
    w = restore_asked()
    opened = w.state.open
    assert opened is not None
    commands.stand_down(w.hand, opened.id, who="ann", reason="not now")
    w.advance(240)
    assert w.count(Kind.RESTORE_OPENED) == 1
    assert w.until(lambda: w.count(Kind.RESTORE_OPENED) == 2, 300)


def test_a_stopped_evacuation_that_had_moved_is_not_opened_again_for_what_still_stands() -> None:
    w = failing(**(QUICK | {"evacuate": FREE | {"waves": [2], "settle": "5m"}}))
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    opened = w.state.open
    assert opened is not None
    assert commands.stand_down(w.hand, opened.id, who="ann", reason="half is enough").done
    w.advance(3600)
    assert w.count(Kind.INCIDENT_OPENED) == 1
    assert w.truth.incidents[opened.id].phase is Phase.SETTLED
    assert any("carries 2 of 4 slices" in n.text for n in w.stage.cloud.outbox.notices)
