"""The canary runner: when it runs, what it says, and when it is silent."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.synthetics.api import SyntheticsApi
from controller.rehearsal.services.synthetics.runner import Canary, Send, load_check
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.rehearsal.synthetics_world import EAST, OHIO, SCRIPTS, T0, WEST, World
from tests.support.corpus import corpus, event_schemas


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.deploy()
    yield world
    ids = [event["id"] for _, event in world.events]
    assert len(ids) == len(set(ids))
    run_ids = [e["detail"]["canary-run-id"] for _, e in world.events if "canary-run-id" in e["detail"]]
    assert len(run_ids) == len(set(run_ids))
    assert all(region == event["region"] for region, event in world.events)


ALL = [(runs_in, f"storefront-{s}-checkout") for s in (EAST, WEST) for runs_in in (EAST, OHIO, WEST)]


def test_every_canary_runs_once_a_minute_each_in_its_own_second(world: World) -> None:
    world.after(605)
    assert world.runs() == {(*where, "PASSED"): 10 for where in ALL} | {(*ALL[0], "PASSED"): 11}
    starts = [e["detail"]["canary-run-timeline"]["started"] % 60 for _, e in world.events[6:12]]
    assert sorted(starts) == sorted(set(starts))


def test_metrics_go_where_the_canary_runs(world: World) -> None:
    world.faults.dark.add(WEST)
    world.after(59)
    assert {(region, name, value) for region, name, value, _ in world.metrics} == {
        (EAST, "storefront-us-east-1-checkout", 100.0),
        (OHIO, "storefront-us-east-1-checkout", 100.0),
        (EAST, "storefront-us-west-2-checkout", 0.0),
        (OHIO, "storefront-us-west-2-checkout", 0.0),
    }
    assert all(T0 <= stamp < T0 + 60 for *_, stamp in world.metrics)


def test_a_dark_region_is_seen_from_outside_and_sees_nothing(world: World) -> None:
    world.after(120)
    world.faults.dark.add(EAST)
    dark_at = world.kernel.now()
    world.after(300)
    assert set(world.runs(dark_at)) == {
        (OHIO, "storefront-us-east-1-checkout", "FAILED"),
        (WEST, "storefront-us-east-1-checkout", "FAILED"),
        (OHIO, "storefront-us-west-2-checkout", "PASSED"),
        (WEST, "storefront-us-west-2-checkout", "PASSED"),
    }
    world.faults.dark.clear()
    healed_at = world.kernel.now()
    world.after(120)
    assert {status for *_, status in world.runs(healed_at)} == {"PASSED"}
    assert len(world.runs(healed_at)) == 6


def test_a_run_that_the_darkness_caught_reports_nothing() -> None:
    world = World()

    def slow(send: Send, environment: Mapping[str, str]) -> None:
        world.faults.dark.add(EAST)

    world.synthetics.add(Canary("slow", EAST, slow, {"BASE_URL": "http://shop.storefront.test"}))
    world.after(30)
    assert (world.runs(), world.metrics) == (Counter(), [])


def test_a_fifth_of_failing_requests_fails_every_run(world: World) -> None:
    world.faults.errors[EAST] = 0.2
    world.after(1800)
    statuses = {(name, status) for _, name, status in world.runs()}
    assert statuses == {
        ("storefront-us-east-1-checkout", "FAILED"),
        ("storefront-us-west-2-checkout", "PASSED"),
    }


def test_a_bad_network_fails_all_that_runs_there_and_nothing_else(world: World) -> None:
    world.faults.bad_network.add(OHIO)
    world.after(300)
    assert {where for where, _, status in world.runs() if status == "FAILED"} == {OHIO}
    assert {where for where, _, status in world.runs() if status == "PASSED"} == {EAST, WEST}


def test_a_stopped_canary_is_silent_until_it_is_started_again(world: World) -> None:
    name = "storefront-us-west-2-checkout"
    world.synthetics.stop(EAST, name)
    world.synthetics.stop(EAST, name)
    stopped_at = world.kernel.now()
    world.after(300)
    assert (EAST, name, "PASSED") not in world.runs(stopped_at)
    world.synthetics.start(EAST, name)
    world.synthetics.start(EAST, name)
    started_at = world.kernel.now()
    world.after(120)
    assert world.runs(started_at)[EAST, name, "PASSED"] == 2
    world.synthetics.fail(EAST, name)
    world.after(120)
    changes = [
        (event["detail"]["previous-state"], event["detail"]["current-state"])
        for region, event in world.events
        if event["detail-type"] == "Synthetics Canary Status Change"
        and (region, event["detail"]["canary-name"]) == (EAST, name)
    ]
    assert changes == [
        ("STARTING", "RUNNING"),
        ("STOPPING", "STOPPED"),
        ("STARTING", "RUNNING"),
        ("RUNNING", "ERROR"),
    ]
    assert [each.state for each in world.synthetics.canaries(EAST) if each.canary.name == name] == ["ERROR"]


def test_two_runs_of_one_canary_never_overlap() -> None:
    world = World()
    started: list[float] = []

    def endless(send: Send, environment: Mapping[str, str]) -> None:
        started.append(world.kernel.now())
        VirtualRuntime(world.kernel).sleep(150)

    world.synthetics.add(Canary("endless", EAST, endless, {"BASE_URL": "http://shop.storefront.test"}))
    world.after(400)
    assert [at - T0 for at in started] == [0, 180, 360]


def test_whatever_a_script_raises_is_a_failed_run_with_its_reason() -> None:
    world, text = World(), 'quote " and\nline'

    def broken(send: Send, environment: Mapping[str, str]) -> None:
        raise KeyError(text)

    world.synthetics.add(Canary("broken", EAST, broken, {"BASE_URL": "http://shop.storefront.test"}))
    world.after(30)
    detail = world.events[-1][1]["detail"]
    assert detail["test-run-status"] == "FAILED"
    assert json.loads(detail["state-reason"]) == f"KeyError: {KeyError(text)}"


def test_dns_name_and_heartbeat_run_too() -> None:
    world = World()
    for script, host in (("dns_name", "shop.storefront.test"), ("heartbeat", f"{EAST}.shop.storefront.test")):
        check = load_check(SCRIPTS / f"{script}.py")
        world.synthetics.add(Canary(script, WEST, check, {"BASE_URL": f"https://{host}"}))
    world.after(59)
    world.faults.dark.add(EAST)
    world.after(61)
    assert world.runs() == {
        (WEST, "dns_name", "PASSED"): 2,
        (WEST, "heartbeat", "PASSED"): 1,
        (WEST, "heartbeat", "FAILED"): 1,
    }


def test_an_order_is_looked_for_in_the_other_region() -> None:
    world = World()
    check, public = load_check(SCRIPTS / "two_regions.py"), "shop.storefront.test"
    urls = {"BASE_URL": f"http://{EAST}.{public}", "OTHER_URL": f"http://{WEST}.{public}"}
    world.synthetics.add(Canary("replication", EAST, check, urls, every=300.0))
    world.after(299)
    assert world.runs() == {(EAST, "replication", "PASSED"): 1}, "at its own rate"
    world.faults.dark.add(WEST)
    world.after(301)
    assert world.runs()[EAST, "replication", "FAILED"] == 1
    call = Call("synthetics", "DescribeCanaries", EAST, {})
    (described,) = SyntheticsApi(world.synthetics).operations["DescribeCanaries"](call)["Canaries"]
    assert described["Schedule"]["Expression"] == "rate(5 minutes)"


def test_a_script_without_a_check_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_check(tmp_path / "none.py")
    script = tmp_path / "empty.py"
    script.write_text("")
    with pytest.raises(TypeError, match="check"):
        load_check(script)


# --- shapes as AWS publishes them -----------------------------------------------------------------

DETAIL_TYPES = {
    "Synthetics Canary Status Change": "01-SyntheticsCanaryStatusChange-events-bb-1-",
    "Synthetics Canary TestRun Successful": "02-SyntheticsCanaryTestRunSuccessful-events-bb-1-PASSED",
    "Synthetics Canary TestRun Failure": "03-SyntheticsCanaryTestRunFailure-events-bb-1-FAILED",
}


@pytest.fixture
def one_of_each(world: World) -> dict[str, dict[str, Any]]:
    world.faults.dark.add(EAST)
    world.after(60)
    return {event["detail-type"]: event for _, event in world.events}


@pytest.mark.parametrize("kind", DETAIL_TYPES)
def test_events_have_the_members_and_types_of_the_published_sample(
    one_of_each: dict[str, dict[str, Any]], kind: str
) -> None:
    path = corpus(f"events/synthetics_awsdocs_2023/synthetics_awsdocs_2023-{DETAIL_TYPES[kind]}.json")
    sample, ours = json.loads(path.read_text())["event"], one_of_each[kind]
    assert shape(ours) == shape(sample)
    for member in ("version", "detail-type", "source", "account", "resources"):
        assert ours[member] == sample[member]
    for member in ("message", "test-run-status", "source-location"):
        assert ours["detail"].get(member) == sample["detail"].get(member)


def shape(value: Any) -> Any:
    """Member names and types; the changed configuration differs from change to change."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in sorted(value.items()) if name != "changed-config"}
    return type(value)


@pytest.mark.parametrize("kind", DETAIL_TYPES)
def test_events_satisfy_the_published_schema(one_of_each: dict[str, dict[str, Any]], kind: str) -> None:
    (schema,) = [each for each in event_schemas() if each.get("detailType") == kind]
    satisfies(one_of_each[kind]["detail"], schema["detail"])


def satisfies(value: Any, schema: Any) -> None:
    if schema == "string":
        assert isinstance(value, str)
    elif schema == "number":
        assert isinstance(value, int | float)
    else:
        for name, member in schema["properties"].items():
            if member["required"]:
                satisfies(value[name], member["type"])


def test_state_reason_is_text_within_text(one_of_each: dict[str, dict[str, Any]]) -> None:
    failed = one_of_each["Synthetics Canary TestRun Failure"]["detail"]
    assert json.loads(failed["state-reason"]) == "TimedOut: no answer from us-east-1 within 2 s"
    assert one_of_each["Synthetics Canary TestRun Successful"]["detail"]["state-reason"] == "null"


# --- the API --------------------------------------------------------------------------------------


def call(world: World, operation: str, region: str = OHIO, **params: Any) -> dict[str, Any]:
    api = SyntheticsApi(world.synthetics)
    return api.operations[operation](Call("synthetics", operation, region, params))


def test_canaries_and_their_last_runs_are_read_where_they_run(world: World) -> None:
    assert call(world, "DescribeCanariesLastRun") == {"CanariesLastRun": []}
    world.faults.dark.add(EAST)
    world.after(60)
    names = ["storefront-us-east-1-checkout", "storefront-us-west-2-checkout"]
    canaries = call(world, "DescribeCanaries")["Canaries"]
    assert [(each["Name"], each["Status"]["State"]) for each in canaries] == [
        (name, "RUNNING") for name in names
    ]
    runs = {
        each["CanaryName"]: each["LastRun"]
        for each in call(world, "DescribeCanariesLastRun")["CanariesLastRun"]
    }
    assert {name: run["Status"]["State"] for name, run in runs.items()} == dict(
        zip(names, ["FAILED", "PASSED"], strict=True)
    )
    assert runs[names[0]]["Status"]["StateReason"].startswith("TimedOut: ")
    ids = {event["detail"].get("canary-run-id") for _, event in world.events}
    assert {run["Id"] for run in runs.values()} < ids
    assert call(world, "DescribeCanaries", Names=names[1:])["Canaries"] == canaries[1:]


def test_pages_of_canaries(world: World) -> None:
    first = call(world, "DescribeCanaries", MaxResults=1)
    second = call(world, "DescribeCanaries", MaxResults=1, NextToken=first["NextToken"])
    assert [each["Name"] for page in (first, second) for each in page["Canaries"]] == [
        "storefront-us-east-1-checkout",
        "storefront-us-west-2-checkout",
    ]
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("params", "code"),
    [({"MaxResults": 0}, "ValidationException"), ({"MaxResults": 21}, "ValidationException")]
    + [({"NextToken": token}, "ValidationException") for token in ("-1", "x", "", "9" * 5000, "²")],
)
def test_bad_pages_are_refused(world: World, params: dict[str, Any], code: str) -> None:
    with pytest.raises(AwsError) as refused:
        call(world, "DescribeCanaries", **params)
    assert refused.value.code == code


def test_start_and_stop_by_name(world: World) -> None:
    name = "storefront-us-east-1-checkout"
    with pytest.raises(AwsError, match="ConflictException"):
        call(world, "StartCanary", Name=name)
    assert call(world, "StopCanary", Name=name) == {}
    with pytest.raises(AwsError, match="ConflictException"):
        call(world, "StopCanary", Name=name)
    assert call(world, "GetCanary", Name=name)["Canary"]["Status"] == {"State": "STOPPED"}
    assert call(world, "StartCanary", Name=name) == {}
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        call(world, "GetCanary", region="eu-west-1", Name=name)


def test_answers_are_members_that_botocore_knows(world: World) -> None:
    world.after(60)
    model = botocore.session.get_session().get_service_model("synthetics")
    for operation in ("DescribeCanaries", "DescribeCanariesLastRun"):
        known(call(world, operation), model.operation_model(operation).output_shape)


def known(value: Any, shape: Any) -> None:
    if shape.type_name == "structure":
        for name, member in value.items():
            known(member, shape.members[name])
    elif shape.type_name == "list":
        for each in value:
            known(each, shape.member)
    else:
        assert shape.type_name in {"string", "timestamp", "integer", "long", "map"}
