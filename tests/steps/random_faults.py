"""Random trouble for a while, then a healed core: nothing unsafe at any moment, and it converges.

```
 0 ─── storm: calls fail, replies get lost, processes end, people and executions come and go ─── 300 s
   ─── calm: us-east-1 stays dark, all else works; people approve what they are asked ───> ended
```
"""

import random

from controller.core.incident.state import Phase
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.operator.approve import answer
from controller.steps.operator.commands import arm
from tests.support.policy_scene import policy_data
from tests.support.world import Sent, World, executions, failing, stop

STORM = 300.0


def storm(seed: int) -> World:
    """Play `seed` to its end."""
    rng = random.Random(seed)
    gate = {"evacuate": policy_data()["evacuate"]} if rng.random() < 0.6 else {}
    w = failing(seed, **gate)
    rate = rng.choice((0.02, 0.08, 0.25))

    def trouble(_sent: Sent) -> str | None:
        return rng.choice(("refused", "lost", "hung", "died", "dies")) if rng.random() < rate else None

    w.trouble = trouble
    end = w.stage.kernel.now() + STORM
    while w.stage.kernel.now() < end:
        w.advance(rng.uniform(0.2, 12.0))
        _something(w, rng)
    w.trouble = lambda _sent: None
    w.stage.faults.arc.clear()
    w.asleep.clear()
    w.down.clear()
    w.say(east=Verdict.BREACHING, west=Verdict.HEALTHY)
    arm(w.hand, on=True, who="ana", reason="over")
    w.until(lambda: _rested(w), 1500, step=10)
    return w


def _something(w: World, rng: random.Random) -> None:
    """One thing that happens outside of the controller's calls."""
    match rng.randrange(14):
        case 0:
            arm(w.hand, on=rng.random() < 0.7, who="ana", reason="storm")
        case 1:
            stop(w)
        case 2:
            w.say(east=rng.choice((Verdict.BREACHING, Verdict.BREACHING, Verdict.HEALTHY, None)))
        case 3:
            w.say(west=rng.choice((Verdict.HEALTHY, Verdict.HEALTHY, Verdict.UNKNOWN, None)))
        case 4:
            w.stage.faults.arc[rng.choice(ENDPOINTS)] = rng.choice(("refused", "hung"))
        case 5:
            w.stage.faults.arc.clear()
        case 6:
            (w.asleep.add if rng.random() < 0.3 else w.asleep.discard)("Tick")
        case 7:
            w.later("Tick")
        case 8 if w.state.incidents:
            w.later(
                rng.choice(("Assess", "ConfirmReadiness", "ShiftTraffic", "VerifyShift", "Escalate")),
                w.payload(),
            )
        case 9:
            (w.down.add if rng.random() < 0.4 else w.down.discard)(
                rng.choice(("tidegate-journal", "tidegate-evidence", "tidegate-assessments"))
            )
        case 10 | 11:
            approve(w)


def approve(w: World) -> None:
    incident = w.state.open
    if (
        incident
        and incident.phase is Phase.ASKED
        and incident.request
        and incident.request.status == "waiting"
    ):
        answer(w.hand, incident.request.id, who="ben", approve=True)


def _rested(w: World) -> bool:
    """Evacuated, and nothing runs; people approve meanwhile."""
    approve(w)
    state = w.state
    idle = all(run["status"] != "RUNNING" for run in executions(w))
    return state.open is None and idle and any(i.phase is Phase.SETTLED for i in state.incidents.values())


def unsafe(w: World) -> list[str]:
    """Everything that must never be so, or should be and is not."""
    found: list[str] = []
    if not w.whole:
        found.append(f"chain or floor: {w.lowest}")
    intents = [e.at for e in w.events if e.kind is Kind.SHIFT_INTENDED]
    found += [
        f"{name} moved before any intent" for at, name, _ in w.moves if not any(i <= at for i in intents)
    ]
    if w.count(Kind.SHIFT_APPLIED) > 1:
        found.append("two evacuations")
    if len(w.moves) > 4:
        found.append(f"{len(w.moves)} moves")
    armed, disarmed = True, None
    for event in w.events:
        armed = event.kind is Kind.ARMED or (armed and event.kind is not Kind.DISARMED)
        disarmed = event.at if event.kind is Kind.DISARMED else disarmed
        if event.kind is Kind.SHIFT_INTENDED and not armed:
            found.append("an intent while disarmed")
    if not _rested(w):
        found.append(f"not at rest: {w.state.open}")
    return found
