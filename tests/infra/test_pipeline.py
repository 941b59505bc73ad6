"""The pipeline goes Region by Region, standby first; each stage bakes, and then waits for a person."""

from typing import Any

from tests.infra.stack_order import STACKS
from tests.infra.synthesis import Synthesis


def stages(synthesis: Synthesis) -> dict[str, list[dict[str, Any]]]:
    """Stage -> its actions in the order in which they run."""
    ((_, _, pipeline),) = synthesis.of("AWS::CodePipeline::Pipeline", "tidegate-pipeline")
    return {s["Name"]: sorted(s["Actions"], key=lambda a: int(a["RunOrder"])) for s in pipeline["Stages"]}


def test_it_goes_one_region_at_a_time_and_the_standby_is_first(synthesis: Synthesis) -> None:
    found = stages(synthesis)
    assert list(found)[-len(STACKS) :] == STACKS
    for name in STACKS[1:]:
        deployed = [a["Name"] for a in found[name] if a["Name"].endswith(".Deploy")]
        assert deployed == [f"tidegate-{name}.Deploy"]


def test_each_stage_bakes_and_then_waits_for_a_person(synthesis: Synthesis) -> None:
    found = stages(synthesis)
    for name in STACKS:
        *before, bake, promote = found[name]
        assert (bake["Name"], promote["Name"]) == (f"Bake-{name}", f"Promote-{name}")
        assert promote["ActionTypeId"]["Category"] == "Approval"
        orders = [action["RunOrder"] for action in (before[-1], bake, promote)]
        assert orders == sorted(set(orders)), "one after the other"


def test_a_bake_ends_red_for_a_canary_or_an_alarm_of_any_region(synthesis: Synthesis) -> None:
    builds = [p for _, _, p in synthesis.of("AWS::CodeBuild::Project", "tidegate-pipeline")]
    (bake, *others) = {str(b["Source"]["BuildSpec"]) for b in builds if "describe-alarms" in str(b["Source"])}
    assert not others, "the same for each stage"
    assert "for region in us-east-1 us-west-2 us-east-2" in bake
    assert "for prefix in storefront- watch-storefront-" in bake
    alarms = {p["AlarmName"] for _, _, p in synthesis.of("AWS::CloudWatch::Alarm")}
    assert all(alarm.startswith(("storefront-", "watch-storefront-")) for alarm in alarms)
    canaries = {p["Name"] for _, _, p in synthesis.of("AWS::Synthetics::Canary")}
    assert {f"{name}-success" for name in canaries} <= alarms


def test_it_stands_where_no_traffic_is_served(synthesis: Synthesis) -> None:
    ((_, _, pipeline),) = synthesis.of("AWS::CodePipeline::Pipeline", "tidegate-pipeline")
    (source,) = [
        a for s in pipeline["Stages"] for a in s["Actions"] if a["ActionTypeId"]["Category"] == "Source"
    ]
    assert ":us-east-2:" in source["Configuration"]["ConnectionArn"]
