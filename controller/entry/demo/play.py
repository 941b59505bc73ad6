"""The play of one scenario on loopback, from its setup to its story.

It leaves nothing running, whatever happens.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Protocol

from controller.core.journal.event import Event
from controller.core.policy.schema import Policy
from controller.entry import context
from controller.entry.demo import rehearsal
from controller.lab.environment.approvers import Mode
from controller.lab.environment.environment import Stage
from controller.lab.environment.last_run import LastRun, write_last_run
from controller.lab.environment.observer import RunObserver
from controller.lab.environment.virtual import START
from controller.lab.policy_files.overlay import overlaid
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.controllers import CONTROLLERS
from controller.lab.scenarios.play import Run, judge, rehearse
from controller.lab.scenarios.run_story import StoryBuilder, answered_no
from controller.readmodel.run import Story
from controller.steps.context.deps import Deps

FRAMES = 4
"""The steps in a second of real time. They let a slow rehearsal still move on the screen."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rehearsal to play.

    speed: scenario seconds in a second.
    """

    scenario: str
    region: str
    speed: float
    approve: Mode
    policy: Policy
    seed: int


class Display(Protocol):
    """The part of a run that people see."""

    def beat(self, run: Run) -> None: ...


Show = Callable[[Stage, RunObserver], AbstractContextManager[Display]]


def _keep(policy: Policy, deps: Deps, events: tuple[Event, ...], people: Mapping[str, str]) -> None:
    """Keep the records, so that `why` and `incidents` answer after the run.

    events: the journal as it could last be read.
    """
    now = deps.runtime.now()
    records = deps.assessments.between(policy.application, START, now)
    with suppress(OSError):  # the story is told all the same
        write_last_run(context.last_run_file(), LastRun(policy, deps.account, now, events, records, people))


def _rehearsed(wanted: Wanted) -> Policy:
    """Return the policy for this scenario, most often with the first controller alone.

    It keeps all controllers where others must take over.
    Three on one machine at speed 60 would make a second of the scenario too short for what they do in it.
    """
    policy = overlaid(wanted.policy, SCENARIOS[wanted.scenario].policy)
    if wanted.scenario in {scenario.name for scenario in CONTROLLERS}:
        return policy
    return overlaid(policy, {"controllers": [policy.controllers[0]]})


def play_demo(wanted: Wanted, show: Show) -> Story:
    """Play the scenario, judge it, and return its story.

    Raises `PortInUse`.
    """
    policy = _rehearsed(wanted)
    running = rehearsal.running(
        policy, speed=wanted.speed, seed=wanted.seed, start=START, log_name="demo.log"
    )
    with running as (stage, hold), context.announced(*stage.deployments.values()):
        holds = hold()
        deps = holds[stage.deployment.region]
        watch = RunObserver(stage, deps, every=wanted.speed, others=holds)
        with show(stage, watch) as shown:
            run = rehearse(
                stage,
                deps,
                SCENARIOS[wanted.scenario],
                region=wanted.region,
                approve=wanted.approve,
                beat=shown.beat,
                pace=wanted.speed / FRAMES,
                others=holds,
            )
        stage.customers.stop()
        watch.look(now=True)
        _keep(policy, holds[stage.cloud.live()], watch.journal, watch.people())
        # Whoever answered kept the traffic where it is: then that is what must be seen.
        kept = wanted.approve == "ask" and answered_no(watch.journal, deps.application)
        judged = judge(stage, run, "deny" if kept else wanted.approve)
        return StoryBuilder(stage, watch, run, deps.account, wanted.approve, wanted.speed).tell(judged)
