"""The dashboards show what the issue of a move needs to be seen, and no graph asks for what is not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.boards import overall, regional
from infra.project import load
from tests.infra.synthesis import Synthesis
from tests.support.config_files import SHIPPED, written

EMITTED = {"ControlsOn", "IncidentOpen", "Duration", "IntakeProbe"}
"""What the handlers write (`tests/steps/test_watchdog.py`)."""
GUARDED = ("us-east-1", "us-west-2")


def graphs(body: dict[str, Any]) -> dict[str, list[Any]]:
    """Title -> metrics."""
    return {
        w["properties"]["title"]: w["properties"]["metrics"] for w in body["widgets"] if w["type"] == "metric"
    }


def asked(body: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(namespace, metric, Region)."""
    for metrics in graphs(body).values():
        yield from ((m[0], m[1], m[-1]["region"]) for m in metrics if isinstance(m[0], str))


def test_there_is_one_over_all_regions_and_one_of_each(synthesis: Synthesis) -> None:
    boards = {p["DashboardName"]: p for _, _, p in synthesis.of("AWS::CloudWatch::Dashboard")}
    assert set(boards) == {
        "tidegate-storefront", "tidegate-storefront-us-east-1", "tidegate-storefront-us-east-2",
        "tidegate-storefront-us-west-2",
    }  # fmt: skip
    project = load(SHIPPED, deployed=1.0)
    assert json.loads(boards["tidegate-storefront"]["DashboardBody"]) == overall(project)


def test_the_global_one_shows_every_service_in_every_region() -> None:
    found = set(asked(overall(load(SHIPPED, deployed=1.0))))
    for region in GUARDED:
        services = {namespace for namespace, _, where in found if where == region}
        assert services >= {
            "AWS/DynamoDB",
            "AWS/Lambda",
            "AWS/ApiGateway",
            "CloudWatchSynthetics",
            "Storefront",
        }
        assert ("AWS/DynamoDB", "ReplicationLatency", region) in found
    assert ("AWS/Route53", "DNSQueries", "us-east-1") in found
    assert {metric for namespace, metric, _ in found if namespace == "tidegate"} >= {
        "ControlsOn",
        "IncidentOpen",
    }


def test_canaries_are_told_apart_by_region_and_observer() -> None:
    shown = graphs(overall(load(SHIPPED, deployed=1.0)))["Canaries by Region and observer"]
    labels = {metric[-1]["label"] for metric in shown}
    observers = ("us-east-1", "us-east-2", "us-west-2")
    assert labels == {f"{region} seen from {observer}" for region in GUARDED for observer in observers}


def test_who_serves_is_a_share_of_all_regions() -> None:
    shown = graphs(overall(load(SHIPPED, deployed=1.0)))["Share of the requests, percent: who serves"]
    known = {metric[-1]["id"] for metric in shown if isinstance(metric[0], str)}
    shares = [metric[0] for metric in shown if not isinstance(metric[0], str)]
    assert {share["label"] for share in shares} == set(GUARDED)
    for share in shares:
        assert set(re.findall(r"m\d", share["expression"])) == known


def test_every_board_is_as_cloudwatch_takes_it_and_asks_for_what_is_written() -> None:
    project = load(SHIPPED, deployed=1.0)
    for body in (overall(project), *(regional(project, r) for r in ("us-east-1", "us-east-2"))):
        assert all(graphs(body).values()), "a graph without a metric is refused"
        assert {metric for namespace, metric, _ in asked(body) if namespace == "tidegate"} <= EMITTED
        taken = [(w["x"], w["y"]) for w in body["widgets"]]
        assert len(taken) == len(set(taken))
        assert all(w["x"] + w["width"] <= 24 for w in body["widgets"])


def test_a_guarded_region_without_a_controller_has_its_own_too(tmp_path: Path) -> None:
    far = {"controllers": ["eu-west-1", "eu-west-2", "eu-west-3"]}
    project = load(written(tmp_path, {"home": "eu-west-1", "console": None}, far), deployed=1.0)
    guarded, watcher = graphs(regional(project, "us-east-1")), graphs(regional(project, "eu-west-1"))
    assert "Requests" in guarded
    assert not [title for title in guarded if title.startswith("The controller")]
    assert "Requests" not in watcher
    assert "The controller: ticks" in watcher
