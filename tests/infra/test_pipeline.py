"""The pipeline goes Region by Region, standby first; each stage bakes, and then waits for a person."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.pipeline import beginnings
from infra.project import ConfigRefused, load
from tests.infra.stack_order import STACKS
from tests.infra.synthesis import Synthesis
from tests.support.config_files import SHIPPED, written


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


def test_it_builds_its_own_configuration(synthesis: Synthesis, moved: Synthesis) -> None:
    """Without it each build would be the sample's."""
    for each in (synthesis, moved):
        builds = [p for _, _, p in each.of("AWS::CodeBuild::Project", "tidegate-pipeline")]
        [build] = [b for b in builds if "make setup" in str(b["Source"])]
        assert "infra/config/storefront.yaml" in json.dumps(build)


def test_a_configuration_that_the_pipeline_could_not_find_is_refused(tmp_path: Path) -> None:
    connection = "arn:aws:codeconnections:us-east-2:111122223333:connection/0"
    pipeline = {"region": "us-east-2", "connection": connection, "repository": "a/b", "file": None}
    with pytest.raises(ConfigRefused, match="lies outside of the repository"):
        load(written(tmp_path, {"pipeline": pipeline}), deployed=1.0)


def test_every_alarm_of_the_deployment_counts_and_no_neighbours(synthesis: Synthesis) -> None:
    project = load(SHIPPED, deployed=1.0)
    found = tuple(beginnings(project))
    named = [p["AlarmName"] for _, _, p in synthesis.of("AWS::CloudWatch::Alarm")]
    assert len(named) > 30
    assert [name for name in named if not name.startswith(found)] == []
    assert not "storefront-eu-us-east-1-5xx".startswith(found)


def bake_command(synthesis: Synthesis) -> str:
    builds = [p for _, _, p in synthesis.of("AWS::CodeBuild::Project", "tidegate-pipeline")]
    (bake, *others) = {str(b["Source"]["BuildSpec"]) for b in builds if "describe-alarms" in str(b["Source"])}
    assert not others, "the same for each stage"
    (command,) = json.loads(bake)["phases"]["build"]["commands"]
    return str(command)


AWS = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
case "$*" in
  *describe-alarms*us-west-2*watch-storefront-*) echo "{red}" ;;
  *list-metrics*) echo {heard} ;;
esac
"""


@pytest.mark.parametrize(
    ("red", "heard", "told"),
    [
        ("", 0, ""),
        ("watch-storefront-probe-us-east-1\twatch-storefront-probe-us-west-2", 0, ""),
        ("watch-storefront-probe-us-east-1", 3, "red in us-west-2: watch-storefront-probe-us-east-1\n"),
        (
            "watch-storefront-probe-us-east-1 watch-storefront-dead-letters",
            0,
            "red in us-west-2: watch-storefront-dead-letters\n",
        ),
    ],
)
def test_a_bake_waits_for_no_probe_that_never_came(
    synthesis: Synthesis, tmp_path: Path, red: str, heard: int, told: str
) -> None:
    """The first controllers are deployed before anything probes; later, a probe that stays away is red."""
    for name, text in (("aws", AWS.format(red=red, heard=heard)), ("sleep", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    command = ["/bin/sh", "-c", bake_command(synthesis)]
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(command, env=path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == (told, int(bool(told))), done.stderr
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    about = [line for line in asked if "list-metrics" in line]
    assert all("--metric-name IntakeProbe --dimensions Name=region,Value=us-" in line for line in about)
    assert bool(about) is ("probe" in red)


def test_a_bake_ends_red_for_a_canary_or_an_alarm_of_any_region(synthesis: Synthesis) -> None:
    bake = bake_command(synthesis)
    assert "for region in us-east-1 us-west-2 us-east-2" in bake
    assert "for prefix in storefront-us-east-1- storefront-us-west-2- storefront-name- watch-" in bake
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
