"""S21: customers of us-east-1 fail, and its alarms are not heard. Is it the Region, or can we not look?"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from controller.core.evidence import hearing
from controller.core.journal.kind import Kind
from controller.core.model import Verdict, look_id
from controller.core.policy.validation import expected_signals
from controller.rehearsal.service import AwsError, Call
from tests.support.policy_scene import ACCOUNT, EAST, WEST
from tests.support.world import World, world
from tests.support.world_faults import Sent

THROTTLED = AwsError("Throttling", "Rate exceeded")
DENIED = AwsError("AccessDenied", "not authorized to perform: cloudwatch:DescribeAlarms", status=403)
BROKEN = AwsError("InternalFailure", "an unknown error", status=500)
Answers = Mapping[str, AwsError]
"""Region -> how CloudWatch there answers a poll; any other says that all its alarms are at OK."""


class Desk:
    """The `monitoring` service of one Region, which knows any alarm."""

    def __init__(self, region: str, answers: Answers) -> None:
        self._region, self._answers = region, answers

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return {"DescribeAlarms": self._describe, "PutMetricData": lambda _call: {}}

    def _describe(self, call: Call) -> dict[str, Any]:
        if self._region in self._answers:
            raise self._answers[self._region]
        names = call.params["AlarmNames"]
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": "OK"} for name in names]}


def watched() -> tuple[World, dict[str, AwsError]]:
    """All is well, and alarms are heard of by polls alone. What the polls answer can be changed."""
    w, answers = world(), dict[str, AwsError]()
    services = dict(w.stage.cloud.wire.services)
    services |= {("monitoring", region): Desk(region, answers) for region in w.stage.policy.regions}
    w.stage.cloud.wire.services = services
    w.verdicts |= {s.id: None for s in expected_signals(w.stage.policy, ACCOUNT) if s.kind == "alarm"}
    w.advance(400)
    return w, answers


def fails(answered: Answers | None = None, *, hung: tuple[str, ...] = ()) -> World:
    """Customers of us-east-1 fail for eight minutes, while polls get these answers, or none."""
    w, answers = watched()
    answers |= answered or {}
    w.trouble = polls_hang(*hung)
    w.say(east=Verdict.BREACHING)
    w.advance(480)
    return w


def polls_hang(*regions: str) -> Callable[[Sent], str | None]:
    return lambda sent: "hung" if sent.service == "monitoring" and sent.endpoint in regions else None


def newest(w: World) -> dict[str, Any]:
    return next(record for _, record in w.hand.assessments.newest_first("storefront", 0.0))


def code(w: World) -> str:
    return str(next(d["code"] for d in newest(w)["decisions"] if d["region"] == EAST))


@pytest.mark.parametrize(("answered", "hung"), [({}, (EAST,)), ({EAST: BROKEN}, ())])
def test_a_region_whose_alarms_alone_nobody_can_reach_is_left(
    answered: Answers, hung: tuple[str, ...]
) -> None:
    w = fails(answered, hung=hung)
    assert w.count(Kind.INCIDENT_OPENED) == 1
    assert w.moves


def without_polls() -> World:
    return fails(hung=(EAST, WEST))


def test_s21_where_no_region_answers_a_poll_no_region_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    w = without_polls()
    assert w.moves == []
    assert code(w) == "unknown"
    assert newest(w)["silent_regions"] == [EAST, WEST]
    monkeypatch.setattr(hearing.Hearing, "doubt", lambda _hearing, _signal: "")
    monkeypatch.setattr(hearing.Hearing, "counted", lambda _hearing, _signal, runs: tuple(runs))
    assert without_polls().moves


@pytest.mark.parametrize("error", [THROTTLED, DENIED])
@pytest.mark.parametrize("regions", [(EAST,), (EAST, WEST)])
def test_a_region_that_refuses_our_polls_is_not_silent(error: AwsError, regions: tuple[str, ...]) -> None:
    w = fails(dict.fromkeys(regions, error))
    assert w.moves == []
    assert code(w) == "unknown"
    told = newest(w)
    assert told["silent_regions"] == []
    assert list(told["refused_regions"]) == list(regions)
    assert error.code in told["refused_regions"][EAST]


def test_s21_without_the_record_of_refused_looks_a_throttled_region_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert fails({EAST: THROTTLED}).moves == []
    monkeypatch.setattr(hearing, "look_at", lambda _signal: "no such look")
    assert fails({EAST: THROTTLED}).moves


def test_refused_looks_are_kept_beside_the_evidence_and_bounded() -> None:
    w, answers = watched()
    answers[EAST] = THROTTLED
    w.advance(3600)
    looks = w.hand.evidence.read("storefront")[look_id(kind="alarm", account=ACCOUNT, observer=EAST)]
    assert len(looks) == 30
    assert {look.verdict for look in looks} == {Verdict.UNKNOWN}
    assert all("Rate exceeded" in look.reason for look in looks)


def test_after_an_hour_without_ticks_a_region_has_its_time_to_be_heard() -> None:
    """Its alarms do not answer the first polls after that. Nobody knows for how long they would not have."""
    w, _ = watched()
    w.asleep.add("Tick")
    w.advance(3600)
    w.trouble = polls_hang(EAST)
    w.say(east=Verdict.BREACHING)
    w.advance(240)
    w.asleep.discard("Tick")
    w.advance(285)  # three minutes until it is silent, and less than two since
    assert w.moves == []
    w.advance(120)
    assert w.moves
