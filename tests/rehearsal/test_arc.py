"""The rehearsed ARC data plane, called as the wire calls it."""

import json
import random
from typing import Any

import pytest
from botocore.session import Session

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE, RoutingControls
from controller.rehearsal.services.arc.safety_rules import SafetyRule, control_arn, panel_arn, rule_arn
from controller.rehearsal.time.kernel import Kernel, VirtualClock

T0 = 1_700_000_000.0
PANEL = panel_arn(7)
ARNS = {name: control_arn(PANEL, number) for number, name in enumerate(("a", "b", "c", "gate"))}
ONE, TWO, *_ = ENDPOINTS


class Plane:
    def __init__(self, *rules: SafetyRule, **options: Any) -> None:
        self.kernel, self.faults = Kernel(VirtualClock(T0)), Faults()
        self.seen: list[tuple[float, str, bool]] = []
        options = {"controls": ARNS, "on": {"a", "gate"}, "rng": random.Random(5)} | options
        self.arc = RoutingControls(self.kernel, self.faults, panel=PANEL, rules=rules, **options)
        self.arc.observe(lambda at, name, on: self.seen.append((at - T0, name, on)))

    def call(self, operation: str, endpoint: str = ONE, **params: Any) -> dict[str, Any]:
        call = Call(service=SERVICE, operation=operation, region=endpoint, params=params, endpoint=endpoint)
        return self.arc.operations[operation](call)

    def put(self, endpoint: str = ONE, override: tuple[str, ...] = (), **states: bool) -> dict[str, Any]:
        entries = [
            {"RoutingControlArn": ARNS[name], "RoutingControlState": "On" if on else "Off"}
            for name, on in states.items()
        ]
        more = {"SafetyRulesToOverride": list(override)} if override else {}
        return self.call(
            "UpdateRoutingControlStates", endpoint, UpdateRoutingControlStateEntries=entries, **more
        )

    def refused(self, endpoint: str = ONE, **states: bool) -> AwsError:
        with pytest.raises(AwsError) as caught:
            self.put(endpoint, **states)
        return caught.value

    def get(self, name: str, endpoint: str = ONE) -> str:
        answer = self.call("GetRoutingControlState", endpoint, RoutingControlArn=ARNS[name])
        return str(answer["RoutingControlState"])

    def later(self, seconds: float) -> None:
        self.kernel.run(until=self.kernel.now() + seconds)


def rule(name: str, *controls: str, **options: Any) -> SafetyRule:
    return SafetyRule(name=name, arn=rule_arn(PANEL, sum(name.encode())), controls=controls, **options)


def test_the_endpoint_that_took_a_change_sees_it_first_and_the_others_after_their_lag() -> None:
    plane = Plane(lag=(4.0, 6.0))
    assert plane.put(b=True) == {}
    assert plane.arc.is_on("b")
    assert plane.seen == [(0.0, "b", True)]
    assert [plane.get("b", endpoint) for endpoint in ENDPOINTS] == ["On"] + ["Off"] * 4
    plane.later(3.9)
    assert plane.get("b", TWO) == "Off"
    plane.later(2.2)
    assert [plane.get("b", endpoint) for endpoint in ENDPOINTS] == ["On"] * 5


@pytest.mark.parametrize("seed", range(5))
def test_an_older_change_that_arrives_late_does_not_undo_a_newer_one(seed: int) -> None:
    plane = Plane(lag=(0.0, 10.0), rng=random.Random(seed))
    plane.put(ONE, b=True)
    plane.put(TWO, b=False)
    for _ in range(21):
        plane.later(0.5)
        views = [plane.get("b", endpoint) for endpoint in ENDPOINTS]
    assert views == ["Off"] * 5


def test_an_unchanged_state_is_no_change() -> None:
    plane = Plane(rule("wait", "a", "b"))
    plane.put(a=True)
    plane.put(a=True)
    assert plane.seen == []


@pytest.mark.parametrize("down", [2, 3])
def test_writes_need_three_endpoints_and_reads_do_not(down: int) -> None:
    plane = Plane()
    plane.faults.arc = dict.fromkeys(ENDPOINTS[-down:], "hung")
    if down == 2:
        assert plane.put(b=True) == {}
    else:
        assert plane.refused(b=True).code == "EndpointTemporarilyUnavailableException"
    assert plane.get("a") == "On"


def test_an_endpoint_in_maintenance_answers_nothing_and_counts_against_the_quorum() -> None:
    plane = Plane()
    for endpoint in ENDPOINTS[:3]:
        plane.arc.maintain(endpoint, out=True)
    with pytest.raises(AwsError, match="EndpointTemporarilyUnavailableException"):
        plane.get("a")
    assert plane.refused(ENDPOINTS[4], b=True).code == "EndpointTemporarilyUnavailableException"
    plane.arc.maintain(ONE, out=False)
    assert plane.put(ENDPOINTS[4], b=True) == {}


def test_a_call_is_judged_by_its_whole_result_and_applied_whole_or_not_at_all() -> None:
    plane = Plane(rule("floor", "a", "b"))
    error = plane.refused(c=True, a=False)
    assert error.code == "ConflictException"
    assert "floor" in error.message
    assert error.fields == {"resourceId": rule("floor").arn, "resourceType": "SafetyRule"}
    assert plane.seen == []
    plane.put(a=False, b=True)
    assert [plane.arc.is_on(name) for name in "abc"] == [False, True, False]


def test_a_rule_that_a_call_does_not_touch_says_nothing() -> None:
    plane = Plane(rule("never", "b", "c", threshold=2))
    assert plane.put(a=False) == {}


@pytest.mark.parametrize(
    ("options", "on", "holds"),
    [
        ({"threshold": 2}, 1, False),
        ({"threshold": 2}, 2, True),
        ({"threshold": 2, "inverted": True}, 1, True),
        ({"threshold": 2, "inverted": True}, 2, False),
        ({"type": "AND"}, 2, False),
        ({"type": "AND"}, 3, True),
        ({"type": "OR"}, 0, False),
        ({"type": "OR"}, 1, True),
        ({"type": "OR", "inverted": True}, 0, True),
        ({"threshold": 0}, 0, True),
    ],
)
def test_rule_arithmetic(options: dict[str, Any], on: int, *, holds: bool) -> None:
    states = {name: number < on for number, name in enumerate("abc")}
    assert rule("r", "a", "b", "c", **options).holds(states) is holds


def test_a_gate_lets_its_targets_pass_only_while_it_is_on() -> None:
    plane = Plane(rule("master", "b", "c", kind="GATING", gating=("gate",), type="OR", wait_period_ms=0))
    plane.put(b=True)
    plane.put(gate=False)
    assert "master" in plane.refused(c=True).message
    plane.put(TWO, a=False)  # no target of the gate


@pytest.mark.parametrize("again", [{"b": True}, {"a": False}, {"b": False}])
def test_any_request_within_the_wait_period_fails_also_the_same_again(again: dict[str, bool]) -> None:
    plane = Plane(rule("slice", "a", "b", wait_period_ms=5000))
    plane.put(b=True)
    plane.later(4.99)
    error = plane.refused(**again)
    assert error.code == "ConflictException"
    assert "slice" in error.message
    plane.put(TWO, c=True)
    plane.later(0.01)
    plane.put(**again)


def test_rules_may_be_overridden_by_their_arn() -> None:
    floor = rule("floor", "a", "b")
    plane = Plane(floor, refusal="ValidationException")
    assert plane.refused(a=False).code == "ValidationException"
    plane.put(override=(floor.arn,), a=False)
    assert not plane.arc.is_on("a")
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        plane.put(override=(PANEL,), a=True)


def test_three_writes_a_second_and_endpoint() -> None:
    plane = Plane()
    for _ in range(3):
        plane.put(a=True)
    error = plane.refused(a=True)
    assert (error.code, error.fields) == ("ThrottlingException", {"retryAfterSeconds": 1})
    plane.put(TWO, a=True)
    assert plane.get("a") == "On"
    plane.later(1.0)
    plane.put(a=True)


def test_listing_in_pages() -> None:
    plane = Plane()
    first = plane.call("ListRoutingControls", ControlPanelArn=PANEL, MaxResults=3)
    second = plane.call("ListRoutingControls", MaxResults=3, NextToken=first["NextToken"])
    assert "NextToken" not in second
    listed = first["RoutingControls"] + second["RoutingControls"]
    assert [(one["RoutingControlName"], one["RoutingControlState"]) for one in listed] == [
        ("a", "On"),
        ("b", "Off"),
        ("c", "Off"),
        ("gate", "On"),
    ]
    model = Session().get_service_model(SERVICE)
    assert set(listed[0]) == set(model.shape_for("RoutingControl").members)


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("GetRoutingControlState", {}, "ValidationException"),
        ("GetRoutingControlState", {"RoutingControlArn": "arn:x"}, "ResourceNotFoundException"),
        ("ListRoutingControls", {"ControlPanelArn": "arn:x"}, "ResourceNotFoundException"),
        ("ListRoutingControls", {"MaxResults": 0}, "ValidationException"),
        ("ListRoutingControls", {"MaxResults": "1"}, "ValidationException"),
        ("ListRoutingControls", {"NextToken": "-1"}, "ValidationException"),
        ("ListRoutingControls", {"NextToken": "²"}, "ValidationException"),
        ("UpdateRoutingControlStates", {}, "ValidationException"),
        ("UpdateRoutingControlStates", {"UpdateRoutingControlStateEntries": [3]}, "ValidationException"),
        (
            "UpdateRoutingControlState",
            {"RoutingControlArn": ARNS["a"], "RoutingControlState": "on"},
            "ValidationException",
        ),
        (
            "UpdateRoutingControlStates",
            {
                "UpdateRoutingControlStateEntries": 2
                * [{"RoutingControlArn": ARNS["a"], "RoutingControlState": "On"}]
            },
            "ValidationException",
        ),
        (
            "UpdateRoutingControlStates",
            {
                "UpdateRoutingControlStateEntries": 11
                * [{"RoutingControlArn": ARNS["a"], "RoutingControlState": "On"}]
            },
            "ServiceLimitExceededException",
        ),
    ],
)
def test_bad_requests_are_refused_in_the_models_shapes(
    operation: str, params: dict[str, Any], code: str
) -> None:
    plane = Plane()
    with pytest.raises(AwsError) as caught:
        plane.call(operation, **params)
    assert caught.value.code == code
    shape = Session().get_service_model(SERVICE).shape_for(code)
    assert set(shape.required_members) <= {"message", *caught.value.fields} <= set(shape.members)
    assert plane.seen == []


def test_one_control_by_the_single_operation() -> None:
    plane = Plane()
    params = {"RoutingControlArn": ARNS["b"], "RoutingControlState": "On"}
    assert plane.call("UpdateRoutingControlState", **params) == {}
    assert plane.seen == [(0.0, "b", True)]


def test_the_same_seed_gives_the_same_lags() -> None:
    def run(seed: int) -> list[str]:
        plane = Plane(lag=(0.0, 15.0), rng=random.Random(seed))
        plane.put(b=True)
        plane.later(7)
        return [plane.get("b", endpoint) for endpoint in ENDPOINTS]

    assert run(3) == run(3)
    assert len({tuple(run(seed)) for seed in range(9)}) > 1


def test_state_survives_a_dump() -> None:
    plane = Plane(rule("slice", "a", "b"))
    plane.put(b=True)
    again = Plane(rule("slice", "a", "b"))
    again.arc.restore(json.loads(json.dumps(plane.arc.dump())))
    assert [again.get("b", endpoint) for endpoint in ENDPOINTS] == ["On"] * 5
    assert "slice" in again.refused(a=False).message
    assert again.seen == []
