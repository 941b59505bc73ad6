"""A team without an ARC cluster: the same controller, health checks on objects in the standby's Region."""

from functools import cache

from controller.core.journal.kind import Kind
from controller.lab.environment.environment import Stage
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import Run, judge, rehearse
from controller.settings import Bucket, Standby
from controller.steps.context.deps import Deps
from tests.support.drill_run import ALONE, set_up
from tests.support.policy_scene import EAST, WEST

STANDBY = Standby(
    bucket_by_region={EAST: Bucket(name="storefront-switch", region=WEST)},
    objects={f"use1-{s}": f"use1-{s}.off" for s in "abcd"},
)


@cache
def play(name: str, *, dark_store: bool = False) -> tuple[Stage, Deps, Run]:
    stage, deps = set_up(standby=STANDBY, **ALONE)
    if dark_store:
        stage.faults.apis_dark.add(WEST)
    run = rehearse(stage, deps, SCENARIOS[name], region=EAST, approve="auto", beat=lambda _run: None)
    assert not stage.cloud.errors
    return stage, deps, run


def test_a_dark_primary_is_left_for_the_standby_by_objects_alone() -> None:
    stage, deps, run = play("eventbridge-deaf")
    judged = judge(stage, run, "auto")
    assert judged.ok, judged.findings
    assert [(name, on) for _, name, on in run.shifts] == [(f"use1-{s}", False) for s in "abcd"]
    assert run.shifts[0][0] - run.broke <= 7 * 60
    assert run.settled is not None
    assert all(stage.cloud.arc.is_on(name) for name in stage.cloud.controls), "ARC was touched"
    assert Kind.SHIFT_APPLIED in [event.kind for event in deps.journal.read(deps.application)]


def test_twin_a_bucket_that_nobody_can_reach_moves_nothing_and_pages() -> None:
    stage, deps, run = play("region-dark", dark_store=True)
    assert run.shifts == []
    assert Kind.SHIFT_INTENDED not in [event.kind for event in deps.journal.read(deps.application)]
    assert [notice for notice in stage.cloud.outbox.notices if notice.at >= run.broke]


def test_once_left_a_bucket_that_fails_gives_the_primary_back() -> None:
    """The price of "unreadable leaves the primary as it is"; the decision page says so."""
    stage, _, _ = play("eventbridge-deaf")
    assert not stage.cloud.switch.is_on("use1-a")
    stage.faults.apis_dark.add(WEST)
    try:
        assert stage.cloud.switch.is_on("use1-a")
    finally:
        stage.faults.apis_dark.discard(WEST)
