"""The player of a scenario, and its judge by what an independent client saw.

```
 warm up ─> steps of the scenario, one of them the break ─> ... ─> settled and two quiet minutes, or `lasts`
             customers' ledger counts from here: its DNS look-ups and HTTP requests alone decide `ok`
```
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.core.incident.state import Phase
from controller.core.text import sanitize
from controller.lab.environment.approvers import Mode, answer_if_asked
from controller.lab.environment.environment import Stage
from controller.lab.scenarios.scenario import Scenario
from controller.ports.errors import ControllerError
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state
from controller.steps.operator.approve import answer

WARM_UP = 400.0
QUIET = 150.0
BEAT = 5.0
GRACE = 600.0
"""Seconds longer that a run lasts where people answer.

They may take all the time that a gate gives.
"""


@dataclass
class Run:
    """Holds what is known of a run so far.

    Times are scenario seconds since 1970. began: the moment that steps count from. broke: when the Region
    breaks, the moment that people count from.
    """

    scenario: Scenario
    region: str
    began: float = 0.0
    broke: float = 0.0
    settled: float | None = None
    said: list[tuple[float, str]] = field(default_factory=list)
    shifts: list[tuple[float, str, bool]] = field(default_factory=list)
    ended: float = 0.0
    seen: int = -1
    """The number of journal writes at the last look, when nothing waited for people."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Holds the result `ok`, and a sentence for each thing looked at."""

    ok: bool
    findings: tuple[tuple[bool, str], ...]


def rehearse(
    stage: Stage,
    deps: Deps,
    scenario: Scenario,
    *,
    region: str,
    approve: Mode,
    beat: Callable[[Run], None],
    pace: float = BEAT,
    others: Mapping[str, Deps] | None = None,
) -> Run:
    """Play a scenario to its end.

    `beat` is called every `pace` scenario seconds or more often, for a screen. others: controller Region ->
    an operator's `Deps` through it; the first that lives is used.
    """
    pace = min(pace, BEAT)
    patience = GRACE if approve == "ask" else 0.0
    run = Run(scenario, region)
    stage.operator = deps
    stage.cloud.switch.observe(lambda at, name, on: run.shifts.append((at, name, on)))
    end = stage.kernel.now() + WARM_UP
    while stage.kernel.now() < end:
        stage.advance(pace)
        beat(run)
    run.began = stage.kernel.now()
    run.broke = run.began + scenario.breaks
    left, told = list(scenario.steps), 0
    while not _over(run, stage.kernel.now(), patience):
        while left and stage.kernel.now() - run.began >= left[0].at:
            step = left.pop(0)
            with stage.kernel.lock:
                step.act(stage, region)
            run.said.append((stage.kernel.now(), step.says.format(region=region)))
        answers = len(stage.answers)
        run.said += stage.answers[told:answers]
        told = answers
        due = left[0].at - (stage.kernel.now() - run.began) if left else pace
        stage.advance(min(pace, max(0.5, due)))
        _attend(stage, (others or {}).get(stage.cloud.live(), deps), run, approve)
        beat(run)
    run.ended = stage.kernel.now()
    return run


def _attend(stage: Stage, deps: Deps, run: Run, approve: Mode) -> None:
    """Answer what is asked, and notice the end.

    Nothing is read again while nothing was written.
    """
    written = stage.cloud.journal.writes
    if written == run.seen:
        return
    try:
        said = answer_if_asked(deps, approve, answer, run.scenario.people)
        if said:
            run.said.append((stage.kernel.now(), said))
        state = load_state(deps)
    except ControllerError as error:
        run.said.append((stage.kernel.now(), sanitize(f"{type(error).__name__}: {error}", 200)))
        return
    incidents = state.incidents.values()
    asked = state.open.request if state.open else None
    run.seen = -1 if asked and asked.status == "waiting" else written
    wanted = ("restore", "drill") if run.scenario.must == "return" else ("evacuate",)
    if run.settled is None and any(i.phase is Phase.SETTLED and i.intent in wanted for i in incidents):
        run.settled = stage.kernel.now()


def _over(run: Run, now: float, patience: float) -> bool:
    if run.settled is not None and run.scenario.must != "stay" and not run.scenario.to_the_end:
        return now - run.settled >= QUIET
    return now - run.began >= run.scenario.lasts + patience


def judge(stage: Stage, run: Run, approve: Mode) -> Judged:
    """Judge a run that has ended by what the customers saw.

    Where people must be told, the pages count too.
    """
    ledger, end = stage.customers.ledger, run.ended
    last = ledger.by_region(end - 60, end)
    asked = sum(last.get(run.region, (0, 0)))
    everyone = sum(sum(counts) for counts in last.values())
    failed = ledger.totals(end - 60, end).failed
    moves = run.scenario.must == "move" and approve != "deny"
    returns = run.scenario.must == "return" and approve != "deny"
    findings = [(everyone > 0, f"{everyone} requests in the last minute")]
    if moves:
        findings.append((asked == 0, f"{asked} of them still went to {run.region}"))
        if run.scenario.second != "stay":
            findings.append((failed == 0, f"{failed} of them failed"))
        if run.scenario.second is not None:
            findings.append(_second(stage, run, last))
    else:
        home = "customers are at home" if returns else "customers were not moved"
        findings.append((asked > 0, f"{asked} of them went to {run.region}: {home}"))
    if returns:
        if run.scenario.second is not None:
            findings.append(_second(stage, run, last))
        away = [not sum(ledger.by_region(at, at + 60).get(run.region, (0, 0))) for at in _minutes(run)]
        findings.append((any(away), f"{sum(away)} minutes without a request to {run.region}: it was left"))
    early = ledger.by_region(run.began, run.began + run.scenario.still_until).get(run.region, (0, 0))
    if run.scenario.still_until:
        late = ledger.by_region(
            run.began + run.scenario.still_until - 30, run.began + run.scenario.still_until
        )
        still = sum(late.get(run.region, (0, 0)))
        findings.append((still > 0 and sum(early) > 0, f"{still} requests went there until help came back"))
    if run.scenario.pages:
        pages = [n for n in stage.cloud.outbox.notices if n.at >= run.began]
        findings.append((bool(pages), f"{len(pages)} pages were sent"))
    return Judged(all(ok for ok, _ in findings), tuple(findings))


def _second(stage: Stage, run: Run, last: Mapping[str, tuple[int, int]]) -> tuple[bool, str]:
    """Return True, with a sentence, where the second Region met what is expected.

    That Region broke second; it must have been left, or must not.
    """
    second = next(region for region in stage.policy.target.prefer if region != run.region)
    went = sum(last.get(second, (0, 0)))
    if run.scenario.second == "move":
        return went == 0, f"{went} of them still went to {second}"
    return went > 0, f"{went} of them went to {second}: it was not left"


def _minutes(run: Run) -> list[float]:
    return [run.began + 60.0 * n for n in range(int((run.ended - run.began) // 60))]
