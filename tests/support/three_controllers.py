"""Three controllers, each with a clock of its own, one of which dies for good at a call; another takes over.

```
 us-east-2 ── call n ─x   before it · sent, lands late · applied, no reply
 us-west-2 ──────────────── 170 s of standstill ─> TakenOver ─> ends it
 us-east-1 ──────────────────────────────────────> only if both are dead
```
"After the reply and before the record" is "before" the call that records; "recorded" is "before" the next.
"""

from collections.abc import Callable
from dataclasses import dataclass

from controller.core.incident.state import Phase
from controller.core.journal.kind import Kind
from controller.steps.operator.approve import answer
from tests.support.invariant_checks import broken, kinds
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.world import World, executions, failing
from tests.support.world_faults import Sent, calm

TRIO = {"controllers": [OTHER, WEST, EAST]}
ASKED = {**TRIO, "evacuate": policy_data()["evacuate"]}
TAKEOVER = 300.0
"""Seconds: 170 of standstill, a tick to see it begin, a tick to see it end, and the run itself."""
CLOCKS: tuple[dict[str, float], ...] = (
    {OTHER: -600.0, WEST: 0.0, EAST: 600.0},
    {OTHER: 600.0, WEST: -600.0, EAST: 0.0},
    {OTHER: 0.0, WEST: 600.0, EAST: -600.0},
)
ENDS = ("hung", "late", "lost")
"""How the last call of a Region ends: it never arrives; it lands later; it lands, and nobody hears of it."""
WRITES = (
    *("PutItem", "TransactWriteItems", "UpdateItem", "StartExecution"),
    *("UpdateRoutingControlStates", "SendTaskSuccess"),
)


@dataclass(frozen=True)
class Death:
    """The Region `home` dies for good at its own call `number`, which ends as `how`."""

    number: int
    how: str
    home: str = OTHER


def play(death: Death | None, *, clocks: dict[str, float], within: float = TAKEOVER) -> World:
    """An evacuation of us-east-1, approved at once, until it has ended; invariants after every step."""
    w = failing(skews=clocks, **ASKED)
    w.trouble = calm if death is None else _dies(w, death)
    ended(w, 90.0 + within)
    return w


def _dies(w: World, death: Death) -> Callable[[Sent], str | None]:
    made = 0

    def trouble(sent: Sent) -> str | None:
        nonlocal made
        made += sent.home == death.home
        if sent.home != death.home or made != death.number + 1:
            return None
        w.stage.faults.controllers_dead.add(death.home)
        return death.how

    return trouble


def ended(w: World, within: float, step: float = 4.0) -> bool:
    """Approve whatever is asked until the incident has ended; raise at the first broken invariant."""
    end = w.stage.kernel.now() + within
    while w.stage.kernel.now() < end:
        w.advance(step)
        said = broken(w)
        assert said == [], said
        state = w.truth
        if state.open is None and state.incidents:
            return True
        approve(w)
    return False


def approve(w: World) -> None:
    """A person says yes, through a controller that lives."""
    incident = w.truth.open
    request = incident.request if incident and incident.phase is Phase.ASKED else None
    if request and request.status == "waiting":
        answer(w.hands[w.stage.cloud.live()], incident.request.id, who="ana", approve=True)


def wrong(w: World) -> list[str]:
    """What is not as after exactly one evacuation, whoever finished it."""
    alive = [r for r in w.stage.cloud.plan.controllers if not w.stage.faults.stopped(r)]
    running = [str(run["executionArn"]) for run in executions(w, "RUNNING")]
    found = kinds(w)
    checks = (
        (broken(w) == [], f"{broken(w)}"),
        (found.count(Kind.INCIDENT_OPENED) == 1, f"{found.count(Kind.INCIDENT_OPENED)} incidents"),
        (found.count(Kind.SETTLED) == 1, f"settled {found.count(Kind.SETTLED)} times"),
        (found.count(Kind.SHIFT_APPLIED) == 1, f"applied {found.count(Kind.SHIFT_APPLIED)} times"),
        (sorted(move[1:] for move in w.moves) == [(f"use1-{s}", False) for s in "abcd"], f"moves {w.moves}"),
        (not any(arn.split(":")[3] in alive for arn in running), f"still running: {running}"),
    )
    return [said for good, said in checks if not good]
