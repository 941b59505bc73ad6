"""A scenario that was played to its end, and the checks that hold for every run."""

from dataclasses import dataclass

from controller.core.decision.plan import below_floor
from controller.core.journal.event import broken_at
from controller.core.journal.kind import Kind
from controller.lab.environment.approvers import Mode
from controller.lab.environment.environment import Stage
from controller.lab.scenarios.play import Judged, Run
from controller.steps.context.deps import Deps
from tests.support.drill_run import play
from tests.support.policy_scene import EAST

MINUTE = 60.0


@dataclass(frozen=True)
class Drill:
    """One run that has ended, and what is asked of it."""

    stage: Stage
    deps: Deps
    run: Run
    judged: Judged

    @property
    def moved_after(self) -> list[float]:
        return [at - self.run.began for at, _, _ in self.run.shifts]

    @property
    def kinds(self) -> list[Kind]:
        return [event.kind for event in self.deps.journal.read("storefront")]


def drill(name: str, *, region: str = EAST, approve: Mode = "auto", seed: int = 1) -> Drill:
    """Play it, and check what must hold in every run. It is shared: look, and change nothing of it."""
    played = Drill(*play(name, region=region, approve=approve, seed=seed))
    assert played.judged.ok, played.judged.findings
    assert not played.stage.cloud.errors
    whole(played)
    return played


def whole(played: Drill) -> None:
    """The chain verifies, every change follows a durable intent, every slice is On somewhere throughout."""
    events = played.deps.journal.read("storefront")
    assert broken_at(events) is None
    policy = played.stage.policy
    states = dict.fromkeys((c for r in policy.regions.values() for c in r.controls), True)
    intents = [event.at for event in events if event.kind is Kind.SHIFT_INTENDED]
    for at, name, on in played.run.shifts:
        states[name] = on
        assert below_floor(policy, states) is None
        assert any(intended <= at for intended in intents)


def moves(played: Drill, region: str, *, within: float, not_before: float = 0.0) -> None:
    """One evacuation of `region`, each of its controls turned Off once, and nothing else."""
    assert played.kinds.count(Kind.SHIFT_APPLIED) == 1
    assert [(name, on) for _, name, on in played.run.shifts] == [
        (name, False) for name in played.stage.policy.regions[region].controls
    ]
    assert not_before <= min(played.moved_after) <= max(played.moved_after) <= within
    assert played.run.settled is not None


def stays(played: Drill) -> None:
    assert played.run.shifts == []
    assert Kind.SHIFT_INTENDED not in played.kinds
