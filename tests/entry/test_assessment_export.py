"""Assessments of a controller in shadow, exported a line a record, and read back by the backtest."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from controller.core.explanation import format_time
from controller.core.policy.validation import compiled
from controller.entry.cli.assessments import HOUR, lines
from controller.entry.cli.main import main
from controller.entry.context import Archive
from controller.lab.backtest.shadow import read_export
from controller.lab.environment.environment import Stage
from controller.steps.context.deps import Deps
from tests.support.drill_run import ALONE, set_up

BROKE, ENDED, DAYS = 400.0, 1000.0, 15


def recorded(stage: Stage) -> list[dict[str, Any]]:
    """Every event that its own Region's bus took, when it took it: what an archive of them would hold."""
    found: list[dict[str, Any]] = []

    def keeping(enter: Callable[..., None]) -> Callable[..., None]:
        def taken(event: dict[str, Any], *, forwarded: bool) -> None:
            if not forwarded:
                found.append({**event, "_received": stage.kernel.now()})
            enter(event, forwarded=forwarded)

        return taken

    for bus in stage.cloud.events.values():
        vars(bus)["_enter"] = keeping(bus._enter)
    return found


def test_a_shadow_controller_is_compared_with_the_backtest_of_what_it_saw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage, deps = set_up(enforcement="shadow", **ALONE)
    events, begun = recorded(stage), stage.kernel.now()
    stage.advance(BROKE)
    stage.faults.dark.add("us-east-1")
    stage.advance(ENDED - BROKE)
    task = stage.runtime.spawn(lambda: exported(deps, begun))
    stage.advance(60)
    told = task.result()
    moments = [datetime.fromisoformat(json.loads(line)["at"]) for line in told]
    assert moments == sorted(moments)
    export = written(tmp_path / "export.jsonl", told)
    found = read_export(export)
    assert len(found.moments) == len(told) > 10
    shadow = [at for at, region, code in found.decisions if (region, code) == ("us-east-1", "shadow")]
    assert begun + 400 + 180 <= shadow[0] <= begun + 400 + 480
    assert all(on for on in stage.cloud.arc.dump()["states"].values())

    words = [
        "policy",
        "backtest",
        str(written(tmp_path / "events.jsonl", map(json.dumps, events))),
        "--policy",
    ]
    words += [str(written(tmp_path / "p.yaml", [json.dumps(compiled(deps.policy))])), "--labels"]
    label = f"us-east-1,{format_time(begun + BROKE)},{format_time(begun + ENDED)}"
    words += [str(written(tmp_path / "labels.csv", ["region,start,end", label])), "--json", "--shadow"]
    capsys.readouterr()
    assert main([*words, str(export)]) == 1
    compared = json.loads(capsys.readouterr().out)["shadow"]
    assert [each["region"] for each in compared["agreed"]] == ["us-east-1"]
    assert compared["reasons"] == ["it ran for 0.0 days; 14 are wanted"]
    # The same after a fortnight in which nothing else happened.
    calm = [
        json.dumps({"at": format_time(begun - 60.0 * minute), "decisions": []})
        for minute in range(DAYS * 1440, 0, -1)
    ]
    assert main([*words, str(written(tmp_path / "long.jsonl", [*calm, *told]))]) == 0
    assert json.loads(capsys.readouterr().out)["shadow"]["ready"] is True


def written(path: Path, told: Any) -> Path:
    path.write_text("".join(f"{line}\n" for line in told))
    return path


def exported(deps: Deps, begun: float) -> list[str]:
    kept = deps.assessments
    look = (deps.journal.read, kept.between, kept.newest_first, kept.nearest)
    archive = Archive(deps.policy, deps.account, deps.runtime.now(), *look, deps.names)
    return list(lines(archive, begun, archive.now))


def test_a_record_on_the_hour_is_told_once() -> None:
    def between(_: str, start: float, end: float) -> tuple[tuple[float, dict[str, object]], ...]:
        return tuple((at, {"by": "tick", "decisions": []}) for at in kept if start <= at <= end)

    kept = [0.0, 60.0, HOUR, HOUR + 60.0, 2 * HOUR]
    stage, deps = set_up(**ALONE)
    look = (deps.journal.read, between, deps.assessments.newest_first, deps.assessments.nearest)
    archive = Archive(deps.policy, deps.account, 2 * HOUR, *look, deps.names)
    assert len(list(lines(archive, 0.0, 2 * HOUR))) == len(kept)
    assert len(list(lines(archive, 60.0, HOUR))) == 2
    stage.close()
