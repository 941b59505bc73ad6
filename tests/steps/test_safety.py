"""Safety invariants, each with its guard in place and then taken out: only then is it seen to break.

Here, as in `test_guard_removal`, our own code is patched, since its absence is what the tests are about.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from controller.aws.dynamodb import evidence
from controller.aws.events.parse import parse
from controller.core.decision import plan
from controller.core.evidence import evaluation, health_notices, timeline
from controller.core.incident.state import ENDED, IllegalMove
from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.core.journal.moves import IncidentOpened, ShiftIntended
from controller.core.model import Observation, Sighting, Verdict
from controller.steps.context.journalling import load_state, write
from controller.steps.incident.opening import RankDelay
from controller.steps.workflow import shift_traffic
from tests.steps.alarm_event import event
from tests.steps.application_shapes import by_hand, sliced
from tests.steps.guard_removal import unconditional_appends
from tests.steps.signal_world import dark, notice
from tests.support.event_samples import ONE
from tests.support.invariant_checks import broken
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.three_controllers import TRIO
from tests.support.world import World, executions, failing, world
from tests.support.world_feed import seen, show

Patch = pytest.MonkeyPatch
GATED = {"evacuate": policy_data()["evacuate"]}


# S1: between two calls, too.


def _left_for_a_region_that_was_off() -> World:
    w = failing(**sliced(12))
    by_hand(w, WEST, on=False)
    w.stage.cloud.arc._rules = ()  # the cluster's own rules would refuse what is looked for here
    w.advance(150)
    return w


def test_s1_a_call_holds_whole_slices_where_two_calls_are_needed(monkeypatch: Patch) -> None:
    assert _left_for_a_region_that_was_off().lowest is None

    def off_first(_policy: object, changes: Sequence[plan.Change]) -> list[Sequence[plan.Change]]:
        ordered = sorted(changes, key=lambda change: change[1])
        return [ordered[i : i + plan.BATCH] for i in range(0, len(ordered), plan.BATCH)]

    monkeypatch.setattr(shift_traffic, "calls", off_first)
    assert "On in no Region" in str(_left_for_a_region_that_was_off().lowest)


# S2: no call without an intent that will be found.


def _intends() -> list[str]:
    w = failing()
    w.advance(100)
    assert w.moves
    return broken(w)


def test_s2_what_is_sent_was_written_down_before(monkeypatch: Patch) -> None:
    assert _intends() == []
    real = shift_traffic.write

    def forgets(deps: Any, state: Any, body: Any, **about: Any) -> Any:
        told = replace(deps, journal=_Nowhere()) if isinstance(body, ShiftIntended) else deps
        return real(told, state, body, **about)

    monkeypatch.setattr(shift_traffic, "write", forgets)
    monkeypatch.setattr(shift_traffic, "_fence", lambda *_: None)
    assert any(said.startswith("S2") for said in _intends())


class _Nowhere:
    """A journal that forgets what it was told."""

    def append(self, application: str, draft: Any, after: Event | None) -> Event:
        return seal(application, draft, after)


# S3: three controllers see the same at the same moment.


def _all_at_once() -> int:
    """How many executions come of it."""
    w = failing(**TRIO)
    w.advance(1)
    for controller in w.stage.cloud.controller_regions.values():
        w.stage.runtime.spawn(lambda controller=controller: controller.functions["Tick"]({}, None))  # type: ignore[misc]
    w.advance(20)
    return len(executions(w))


def test_s3_of_three_that_open_at_once_one_does(monkeypatch: Patch) -> None:
    monkeypatch.setattr(RankDelay, "elapsed", lambda *_: True)
    assert _all_at_once() == 1
    unconditional_appends(monkeypatch)
    assert _all_at_once() > 1


def _second() -> bool:
    """Whether another Region's incident opens beside one that is open."""
    w = failing(**GATED)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    state = load_state(w.hand)
    try:
        write(w.hand, state, IncidentOpened(source=WEST), incident="storefront-us-west-2-9", epoch=9)
    except IllegalMove:
        return False
    return sum(i.phase not in ENDED for i in w.truth.incidents.values()) > 1


def test_s3_no_second_incident_while_one_is_open(monkeypatch: Patch) -> None:
    assert not _second()
    for module in ("controller.core.incident.fold", "controller.steps.context.journalling"):
        monkeypatch.setattr(f"{module}.refuse_illegal", lambda *_: None)
    assert _second()


# S10: what comes twice, late, in another order or again.


def _backlog(w: World, *, hours: float = 13.0) -> None:
    """Hours of news of a failure that is over, all at once, doubled and in no order."""
    now = w.stage.kernel.now()
    w.verdicts[EAST] = Verdict.BREACHING
    old = [s for k in range(20) for s in seen(w, now - 3600 * hours + 60 * k)]
    w.verdicts[EAST] = Verdict.HEALTHY
    late = [replace(s, observation=replace(s.observation, received=now)) for s in old]
    for region in w.every:
        show(w, region, [*late[::-2], *late, *late[::3]])


def _after_a_backlog() -> World:
    """us-east-1's bus was deaf for six minutes, and delivers what it has."""
    w = world()
    w.asleep.add("Tick")
    w.say(east=None)
    w.advance(360)
    _backlog(w)
    w.say(east=None)
    w.asleep.discard("Tick")
    w.advance(100)
    return w


def test_s10_a_backlog_of_thirteen_hours_opens_nothing(monkeypatch: Patch) -> None:
    assert Kind.INCIDENT_OPENED not in _after_a_backlog().kinds

    late = timeline.LATE

    def by_arrival(observation: Observation) -> Observation:
        back = float(observation.id) % 300 if observation.received - observation.at > late else None
        return observation if back is None else replace(observation, at=observation.received - back)

    monkeypatch.setattr(evidence, "clamp", by_arrival)
    monkeypatch.setattr(timeline, "LATE", -inf)
    assert Kind.INCIDENT_OPENED in _after_a_backlog().kinds


def _one_event_often() -> int:
    """One alarm event, delivered four times, two of them at once."""
    w = failing()
    w.asleep.add("Tick")
    w.advance(2)
    raw = event("storefront-us-east-1-5xx", state="ALARM")
    before = w.hand.evidence.read("storefront")
    tasks = [w.later("Observe", raw) for _ in range(2)]
    w.advance(5)
    assert all(task.done() for task in tasks)
    for _ in range(2):
        w.invoke("Observe", raw)
    after = w.hand.evidence.read("storefront")
    return sum(len(set(after[key]) - set(before[key])) for key in after)


def test_s10_an_event_that_comes_again_is_one_observation(monkeypatch: Patch) -> None:
    assert _one_event_often() == 1
    real = evidence.fold

    def each_counts(history: Sequence[Observation], new: Sequence[Observation], **how: Any) -> Any:
        fresh = [replace(o, id=f"{o.id}/{len(history)}") for o in new]
        return real(history, fresh, **how)

    monkeypatch.setattr(evidence, "fold", each_counts)
    assert _one_event_often() > 1


# S11: missing data.


def _no_data() -> bool:
    """Whether a Region is left of which nothing is known."""
    w = world()
    w.say(east=Verdict.UNKNOWN)
    w.advance(400)
    return w.count(Kind.INCIDENT_OPENED) > 0


def test_s11_missing_data_is_no_failure(monkeypatch: Patch) -> None:
    raw = json.dumps(event("storefront-us-east-1-5xx", state="INSUFFICIENT_DATA"))
    seen_of = parse(raw, 1.9e9)
    assert isinstance(seen_of, Sighting)
    assert seen_of.observation.verdict is Verdict.UNKNOWN
    assert not _no_data()
    real = evaluation.past_of

    def fails(history: Sequence[Observation], silent_after: float) -> Any:
        red = [replace(o, verdict=Verdict.BREACHING) if o.verdict is Verdict.UNKNOWN else o for o in history]
        return real(red, silent_after)

    monkeypatch.setattr(evaluation, "past_of", fails)
    assert _no_data()


def _towards_no_data() -> World:
    """us-east-1 fails, and nothing is known of where traffic would go."""
    w = failing()
    w.say(west=Verdict.UNKNOWN)
    w.asleep.add("Tick")
    w.advance(61)
    w.asleep.discard("Tick")
    w.advance(120)
    return w


def test_s11_missing_data_is_no_health(monkeypatch: Patch) -> None:
    assert not _towards_no_data().moves
    real = evaluation.past_of

    def thrives(history: Sequence[Observation], silent_after: float) -> Any:
        green = [replace(o, verdict=Verdict.HEALTHY) if o.verdict is Verdict.UNKNOWN else o for o in history]
        return real(green, silent_after)

    monkeypatch.setattr(evaluation, "past_of", thrives)
    assert _towards_no_data().moves


# S13: news of one zone.


def _one_zone() -> World:
    w = dark(family="provider")
    notice(w, eventDescription=ONE)
    w.advance(100)
    return w


def test_s13_one_zone_moves_no_region_and_a_second_one_does(monkeypatch: Patch) -> None:
    w = _one_zone()
    assert w.count(Kind.INCIDENT_OPENED) == 0
    other = [{**ONE[0], "latestDescription": ONE[0]["latestDescription"].replace("az4", "az2")}]
    notice(w, eventDescription=other, eventArn="arn:aws:health:us-east-1::event/LAMBDA/X/second")
    w.advance(100)
    assert w.count(Kind.INCIDENT_OPENED) == 1
    monkeypatch.setattr(health_notices, "_zones", lambda _seen: frozenset())
    assert _one_zone().count(Kind.INCIDENT_OPENED) == 1


# S19: 43 seconds.


def _a_blip() -> World:
    """Nothing and nobody is heard for 43 seconds, and what is heard first afterwards is bad."""
    w = world()
    w.advance(61)
    w.say(east=None, west=None)
    w.stage.faults.cut_off.add(OTHER)
    w.advance(43)
    w.stage.faults.cut_off.clear()
    w.say(east=Verdict.BREACHING, west=Verdict.HEALTHY)
    w.advance(30)
    w.say(east=Verdict.HEALTHY)
    w.advance(200)
    return w


def test_s19_forty_three_seconds_move_nothing(monkeypatch: Patch) -> None:
    assert _a_blip().kinds == ["PolicyLoaded"]
    monkeypatch.setattr(evaluation, "held", lambda *_: 1e9)
    assert Kind.INCIDENT_OPENED in _a_blip().kinds
