"""What a controller in shadow decided, exported a line a record, and read back by the backtest."""

import json
from datetime import datetime
from pathlib import Path

from controller.entry.cli.assessments import HOUR, lines
from controller.entry.context import Archive
from controller.lab.backtest.shadow import read_export
from controller.steps.context import Deps
from tests.drills.play import ALONE, set_up


def test_a_shadow_drill_is_exported_and_read_by_the_backtest(tmp_path: Path) -> None:
    stage, deps = set_up(enforcement="shadow", **ALONE)
    begun = stage.kernel.now()
    stage.advance(400)
    stage.faults.dark.add("us-east-1")
    stage.advance(600)
    task = stage.runtime.spawn(lambda: exported(deps, begun))
    stage.advance(60)
    told = task.result()
    moments = [datetime.fromisoformat(json.loads(line)["at"]) for line in told]
    assert moments == sorted(moments)
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(told) + "\n")
    found = read_export(path)
    assert len(found.moments) == len(told) > 10
    shadow = [at for at, region, code in found.decisions if (region, code) == ("us-east-1", "shadow")]
    assert begun + 400 + 180 <= shadow[0] <= begun + 400 + 480
    assert all(on for on in stage.cloud.arc.dump()["states"].values())


def exported(deps: Deps, begun: float) -> list[str]:
    read, between = deps.journal.read, deps.assessments.between
    archive = Archive(deps.policy, deps.account, deps.runtime.now(), read, between)
    return list(lines(archive, begun, archive.now))


def test_a_record_on_the_hour_is_told_once() -> None:
    def between(_: str, start: float, end: float) -> tuple[tuple[float, dict[str, object]], ...]:
        return tuple((at, {"by": "tick", "decisions": []}) for at in kept if start <= at <= end)

    kept = [0.0, 60.0, HOUR, HOUR + 60.0, 2 * HOUR]
    stage, deps = set_up(**ALONE)
    archive = Archive(deps.policy, deps.account, 2 * HOUR, deps.journal.read, between)
    assert len(list(lines(archive, 0.0, 2 * HOUR))) == len(kept)
    assert len(list(lines(archive, 60.0, HOUR))) == 2
    stage.close()
