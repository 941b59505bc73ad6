"""ARC under faults, in virtual time. Seeds only shuffle the endpoints."""

import random
from itertools import combinations

import pytest

from controller.aws.arc.switch import PERMISSIONS, ArcSwitch
from controller.ports.errors import JournalConflict, SwitchRefused, SwitchUnavailable
from controller.rehearsal.service import AwsError
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from tests.aws.arc_cluster import (
    DEADLINE,
    PANEL,
    READ_TIMEOUT,
    T0,
    TRAVEL,
    Cluster,
    at_least_one,
    at_most_one,
    clients,
    unfenced,
)

PAIRS = tuple(combinations(ENDPOINTS, 2))


def test_flip_moves_all_slices_in_one_call_and_reads_back_elsewhere() -> None:
    cluster = Cluster(rules=at_least_one(4))
    states = cluster.switch().update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert states == dict(cluster.leave())
    (write,) = cluster.sent()
    read_from = {region for _, region in cluster.sent("ListRoutingControls")}
    assert read_from
    assert write[1] not in read_from
    assert cluster.elapsed <= 4.5


@pytest.mark.parametrize("hung", PAIRS)
def test_two_hung_endpoints_cost_two_and_a_half_seconds_at_most(hung: tuple[str, str]) -> None:
    cluster = Cluster(rules=at_least_one(4))
    cluster.faults.arc = dict.fromkeys(hung, "hung")
    switch = cluster.switch(seed=PAIRS.index(hung))
    states = switch.update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert states == dict(cluster.leave())
    assert {at for at, _, _ in cluster.changes} == {cluster.changes[0][0]}
    assert cluster.changes[0][0] <= 2.5


@pytest.mark.parametrize("hung", PAIRS)
def test_read_with_two_hung_endpoints_ends_within_half_a_second(hung: tuple[str, str]) -> None:
    cluster = Cluster()
    cluster.faults.arc = dict.fromkeys(hung, "hung")
    states = cluster.switch(seed=PAIRS.index(hung)).read(cluster.east + cluster.west)
    assert states == {**dict.fromkeys(cluster.east, True), **dict.fromkeys(cluster.west, False)}
    assert cluster.elapsed <= 0.5


def test_a_flip_after_a_read_starts_with_an_endpoint_that_answered() -> None:
    cluster = Cluster()
    cluster.faults.arc = dict.fromkeys(ENDPOINTS[:2], "hung")
    switch = cluster.switch(avoid=ENDPOINTS[2:])  # so that the hung ones come first
    switch.read(cluster.east)
    before = cluster.elapsed
    switch.update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert cluster.changes[0][0] - before <= 0.2


def test_the_impaired_regions_endpoint_is_asked_last() -> None:
    asked = set()
    for seed in range(20):
        cluster = Cluster()
        cluster.switch(seed=seed, avoid=["us-east-1"]).read(cluster.east)
        asked |= {region for _, region, _ in cluster.calls}
    assert asked == set(ENDPOINTS) - {"us-east-1"}


def test_four_hung_endpoints_still_show_states_but_take_no_change() -> None:
    cluster = Cluster()
    cluster.faults.arc = dict.fromkeys(ENDPOINTS[:4], "hung")
    assert cluster.switch().read(cluster.east) == dict.fromkeys(cluster.east, True)
    assert cluster.elapsed <= READ_TIMEOUT + 0.5
    with pytest.raises(SwitchUnavailable, match="EndpointTemporarilyUnavailable"):
        cluster.switch().update([cluster.leave()], deadline=cluster.kernel.now() + 10, fence=unfenced)
    assert cluster.changes == []


@pytest.mark.parametrize("fault", ["hung", "refused"])
def test_no_endpoint_at_all_is_unavailable_at_the_deadline(fault: str) -> None:
    cluster = Cluster()
    cluster.faults.arc = dict.fromkeys(ENDPOINTS, fault)  # type: ignore[arg-type]
    with pytest.raises(SwitchUnavailable, match="ap-southeast-2"):
        cluster.switch().update([cluster.leave()], deadline=T0 + 10, fence=unfenced)
    assert cluster.elapsed <= 10 + READ_TIMEOUT
    assert max(at for at, _ in cluster.sent()) < 10
    with pytest.raises(SwitchUnavailable):
        cluster.switch().read(cluster.east)


def test_endpoints_that_return_are_used() -> None:
    cluster = Cluster()
    cluster.faults.arc = dict.fromkeys(ENDPOINTS, "hung")
    cluster.kernel.at(T0 + 6, cluster.faults.arc.clear)
    cluster.switch().update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert 6 <= cluster.changes[0][0] <= 8.5


def test_refused_connections_are_hopped_over_at_once() -> None:
    cluster = Cluster()
    cluster.faults.arc = dict.fromkeys(ENDPOINTS[:2], "refused")
    cluster.switch(avoid=ENDPOINTS[2:]).update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert cluster.changes[0][0] <= 0.2
    assert len(cluster.sent()) == 3


def test_endpoints_in_maintenance_are_hopped_over_at_once() -> None:
    cluster = Cluster()
    for endpoint in ENDPOINTS[:2]:
        cluster.controls.maintain(endpoint, out=True)
    cluster.switch(avoid=ENDPOINTS[2:]).update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert cluster.changes[0][0] <= 0.5


@pytest.mark.parametrize("lag", [(1.0, 3.0), (12.0, 14.0)])
@pytest.mark.parametrize("rules", [at_least_one(4), []])
def test_a_lost_reply_is_a_success_with_one_effect(lag: tuple[float, float], rules: list[SafetyRule]) -> None:
    """With rules the second leg is refused by the wait period, and reads back what the first one did."""
    cluster = Cluster(rules=rules, lag=lag)
    cluster.lost = {"us-east-1"}
    switch = cluster.switch(avoid=ENDPOINTS[1:])
    assert switch.update([cluster.leave()], deadline=DEADLINE + 10, fence=unfenced) == dict(cluster.leave())
    assert len(cluster.changes) == 8
    assert cluster.changes[0][0] <= 0.2
    assert len(cluster.sent()) == (3 if rules and lag[0] > 5 else 2)


def test_a_change_just_before_ours_is_waited_out() -> None:
    cluster = Cluster(rules=at_least_one(4))
    somebody = cluster.switch(seed=2)
    somebody.update([[("usw2-a", True)]], deadline=DEADLINE, fence=unfenced)
    applied = cluster.changes[0][0]
    states = cluster.switch().update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert states == dict(cluster.leave())
    assert applied + 5 <= cluster.changes[-1][0] <= applied + 5 + 5.5
    assert len(cluster.sent()) == 3


def test_a_wait_period_beyond_the_deadline_is_refused() -> None:
    cluster = Cluster(rules=at_least_one(4))
    cluster.switch(seed=2).update([[("usw2-a", True)]], deadline=DEADLINE, fence=unfenced)
    with pytest.raises(SwitchRefused, match="slice-a"):
        cluster.switch().update([cluster.leave()], deadline=cluster.kernel.now() + 1, fence=unfenced)
    assert len(cluster.sent()) == 2


@pytest.mark.parametrize("refusal", ["ConflictException", "ValidationException"])
def test_a_safety_rule_that_says_no_is_named(refusal: str) -> None:
    both_off = [("use1-c", False), ("usw2-d", True)]
    cluster = Cluster(rules=at_least_one(4), refusal=refusal)
    with pytest.raises(SwitchRefused, match=r"use1-c Off.*slice-c.*safetyrule"):
        cluster.switch().update([both_off], deadline=DEADLINE, fence=unfenced)
    assert cluster.changes == []
    assert len(cluster.sent()) == 2
    assert cluster.sent()[1][0] - cluster.sent()[0][0] > 5


def test_a_refusal_that_the_world_contradicts_is_a_success() -> None:
    cluster = Cluster(lag=(0.0, 0.0))
    goal = dict.fromkeys(cluster.east, True)
    cluster.script = [AwsError("ValidationException", "no words that anybody documented")]
    assert cluster.switch().update([list(goal.items())], deadline=DEADLINE, fence=unfenced) == goal


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "not authorized"),
        ("ValidationException", "malformed"),
        ("ResourceNotFoundException", "gone"),
        ("ServiceLimitExceededException", "too many"),
        ("UnrecognizedClientException", "the security token is invalid"),
    ],
)
def test_what_fails_everywhere_is_sent_once(code: str, words: str) -> None:
    cluster = Cluster()
    cluster.script = [AwsError(code, words + "\n\x1b[31mERROR all is well")]
    with pytest.raises(SwitchRefused, match=f"{code}: {words} ") as caught:
        cluster.switch().update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert str(caught.value).isprintable()
    assert len(cluster.sent()) == 1


def test_a_request_that_the_sdk_rejects_is_refused_unsent() -> None:
    cluster = Cluster()
    runtime, rng = cluster.runtime, random.Random(1)
    switch = ArcSwitch(clients(), {"a": "", "b": PANEL + "/unknown"}, runtime=runtime, rng=rng)
    with pytest.raises(SwitchRefused, match="ParamValidationError"):
        switch.update([[("a", True)]], deadline=DEADLINE, fence=unfenced)
    assert cluster.sent() == []
    with pytest.raises(SwitchRefused, match="ResourceNotFoundException"):
        switch.read(["b"])
    with pytest.raises(SwitchRefused, match="no routing control with the ARN of a"):
        switch.read(["a", "b"])
    with pytest.raises(SwitchRefused, match="no ARN is configured for c"):
        switch.update([[("c", True)]], deadline=DEADLINE, fence=unfenced)


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (AwsError("ThrottlingException", "slow down", fields={"retryAfterSeconds": 2}), 2.0),
        (AwsError("ThrottlingException", "slow down"), 0.2),
        (AwsError("ThrottlingException", "slow down", fields={"retryAfterSeconds": 86400}), 0.2),
        (AwsError("InternalServerException", "oops", 500, {"retryAfterSeconds": 1}), 1.0),
        (AwsError("ConflictException", "try again", fields={"resourceId": "x", "resourceType": "y"}), 0.2),
    ],
)
def test_back_off_before_the_next_endpoint(error: AwsError, pause: float) -> None:
    cluster = Cluster()
    cluster.script = [error]
    cluster.switch().update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    first, second = cluster.sent()
    assert pause + 1.99 * TRAVEL <= second[0] - first[0] <= pause * 1.5 + 6 * TRAVEL
    assert second[1] != first[1]


def test_an_endpoints_own_throttle_is_survived() -> None:
    cluster = Cluster()
    switches = [cluster.switch(seed=seed, avoid=ENDPOINTS[1:]) for seed in range(4)]
    for number, switch in enumerate(switches):
        tasks = [cluster.runtime.spawn(lambda: None)]
        cluster.runtime.wait(tasks, 1.0)
        name = cluster.west[number]
        assert switch.update([[(name, True)]], deadline=cluster.kernel.now() + 20, fence=unfenced) == {
            name: True
        }


def test_the_fence_is_asked_before_each_send_and_stops_the_hedge() -> None:
    cluster = Cluster()
    cluster.faults.arc = dict.fromkeys(ENDPOINTS, "hung")
    asked: list[float] = []

    def fence() -> None:
        asked.append(cluster.elapsed)
        if len(asked) > 1:
            raise JournalConflict("a newer epoch holds the lease")

    with pytest.raises(JournalConflict):
        cluster.switch().update([cluster.leave()], deadline=DEADLINE, fence=fence)
    assert asked == [0.0, 1.0]
    assert [at for at, _ in cluster.sent()] == pytest.approx([0.0], abs=1e-3)
    assert cluster.elapsed == pytest.approx(READ_TIMEOUT)  # the open leg was joined


def test_nothing_is_sent_after_the_deadline() -> None:
    cluster = Cluster()
    with pytest.raises(SwitchUnavailable):
        cluster.switch().update([cluster.leave()], deadline=T0, fence=unfenced)
    assert cluster.calls == []


def test_a_controller_frozen_between_fence_and_send_sends_nothing() -> None:
    cluster = Cluster()

    def slow_fence() -> None:
        cluster.runtime.sleep(30)

    with pytest.raises(SwitchUnavailable):
        cluster.switch().update([cluster.leave()], deadline=DEADLINE, fence=slow_fence)
    assert cluster.sent() == []


def test_nothing_is_in_flight_when_flip_returns() -> None:
    cluster = Cluster(lag=(0.0, 0.0))
    cluster.faults.arc = {"us-east-1": "hung"}
    cluster.switch(avoid=ENDPOINTS[1:]).update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert cluster.changes[0][0] == pytest.approx(1.0 + TRAVEL)
    assert cluster.elapsed == pytest.approx(READ_TIMEOUT)


def test_eighteen_controls_go_in_two_calls_and_each_slice_is_on_in_one_region_throughout() -> None:
    cluster = Cluster(count=9, rules=[*at_least_one(9), *at_most_one(9)])
    floor: list[bool] = []

    def watch(_at: float, _name: str, _on: bool) -> None:
        pairs = zip(cluster.east, cluster.west, strict=True)
        floor.append(all(cluster.controls.is_on(a) or cluster.controls.is_on(b) for a, b in pairs))

    cluster.controls.observe(watch)
    sends = cluster.sends()
    states = cluster.switch().update(sends, deadline=T0 + 40, fence=unfenced)
    assert states == dict(cluster.leave())
    assert len(cluster.sent()) == 2
    assert [name for _, name, _ in cluster.changes] == [name for call in sends for name, _ in call]
    assert cluster.changes[10][0] - cluster.changes[9][0] >= 6
    assert all(floor)


def test_a_second_call_that_the_deadline_forbids_is_not_made() -> None:
    cluster = Cluster(count=9, rules=at_least_one(9))
    with pytest.raises(SwitchUnavailable, match="1 of 2 calls are applied"):
        cluster.switch().update(cluster.sends(), deadline=T0 + 6, fence=unfenced)
    assert len(cluster.changes) == 10


@pytest.mark.parametrize(
    "body",
    [
        {"RoutingControls": [], "NextToken": "again"},
        {"RoutingControls": [{"RoutingControlArn": f"{PANEL}/routingcontrol/{0:016x}"}]},
        {
            "RoutingControls": [
                {"RoutingControlArn": f"{PANEL}/routingcontrol/{0:016x}", "RoutingControlState": "on"}
            ]
        },
    ],
)
def test_a_broken_answer_is_never_taken_for_a_state(body: dict[str, object]) -> None:
    cluster = Cluster()
    cluster.tampered = {"us-east-1": body}
    switch = cluster.switch(avoid=ENDPOINTS[1:])
    assert switch.read(cluster.east) == dict.fromkeys(cluster.east, True)
    assert {region for _, region, _ in cluster.calls} > {"us-east-1"}
    cluster.tampered = dict.fromkeys(ENDPOINTS, body)
    with pytest.raises(SwitchUnavailable):
        switch.read(cluster.east)


def test_a_control_that_arc_does_not_list_has_no_state() -> None:
    cluster = Cluster()
    cluster.tampered = {endpoint: {"RoutingControls": []} for endpoint in ENDPOINTS}
    with pytest.raises(SwitchRefused, match="use1-a"):
        cluster.switch().read(cluster.east)


def test_one_control_is_read_by_one_get() -> None:
    cluster = Cluster()
    assert cluster.switch().read(["usw2-a"]) == {"usw2-a": False}
    assert [operation for _, _, operation in cluster.calls] == ["GetRoutingControlState"]
    assert cluster.switch(panel=None).read(["usw2-a", "use1-a"]) == {"usw2-a": False, "use1-a": True}


def test_a_gate_and_an_exactly_one_rule_are_respected() -> None:
    rules = [
        *at_least_one(2),
        SafetyRule(
            name="one-a", arn=rule_arn(PANEL, 9), controls=("use1-a", "usw2-a"), threshold=2, inverted=True
        ),
    ]
    cluster = Cluster(count=2, rules=rules)
    with pytest.raises(SwitchRefused, match="one-a"):
        cluster.switch().update([[("usw2-a", True)]], deadline=DEADLINE, fence=unfenced)
    assert cluster.switch().update([cluster.leave()], deadline=DEADLINE, fence=unfenced) == dict(
        cluster.leave()
    )


def test_a_control_named_twice_is_a_programming_error() -> None:
    cluster = Cluster()
    with pytest.raises(ValueError, match="twice"):
        cluster.switch().update([[("use1-a", True), ("use1-a", False)]], deadline=DEADLINE, fence=unfenced)


def test_the_declared_permissions_are_the_calls_that_are_made() -> None:
    cluster = Cluster()
    cluster.switch().read(["use1-a"])
    cluster.switch().update([cluster.leave()], deadline=cluster.kernel.now() + 20, fence=unfenced)
    made = {f"route53-recovery-cluster:{operation}" for _, _, operation in cluster.calls}
    assert made == {action for action, _ in PERMISSIONS}
