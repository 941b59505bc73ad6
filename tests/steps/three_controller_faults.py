"""Random trouble for three controllers whose clocks disagree; invariants after every step, then it converges.

```
 0 ── storm: calls fail, land late, get lost; Regions freeze, are cut off, die; clocks step; ── 300 s
      evidence comes twice, late, in any order; people and duplicates of invocations come
   ── calm: a core is healed (two controllers, journal, ARC); clocks stay wrong, the dead stay dead ──> ended
```
"""

import random

from controller.core.incident.state import Phase
from controller.core.model import Verdict
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.operator.commands import arm
from tests.support.invariant_checks import broken
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.three_controllers import CLOCKS, TRIO, approve
from tests.support.world import World, executions, failing
from tests.support.world_faults import Sent, calm
from tests.support.world_feed import seen, show

STORM = 300.0
CALM = 2400.0
"""Seconds: a denied or interrupted incident has its cooldown left out of the policy of a storm."""
REGIONS = (OTHER, WEST, EAST)
WAYS = ("refused", "lost", "hung", "late", "died", "dies")
LIMITS = policy_data()["limits"] | {"cooldown": "1m", "evacuationsPerDay": 9}


def play(seed: int) -> tuple[World, list[str]]:
    """`seed` to its end, or to the first broken invariant; what is broken."""
    rng = random.Random(seed)
    gate = {"evacuate": policy_data()["evacuate"]} if rng.random() < 0.6 else {}
    w = failing(seed, skews=rng.choice(CLOCKS), limits=LIMITS, **TRIO, **gate)
    rate = rng.choice((0.01, 0.05, 0.2))

    def trouble(_sent: Sent) -> str | None:
        return rng.choice(WAYS) if rng.random() < rate else None

    w.trouble = trouble
    end = w.stage.kernel.now() + STORM
    while w.stage.kernel.now() < end:
        w.advance(rng.uniform(0.2, 12.0))
        _something(w, rng)
        if said := broken(w):
            return w, said
    return w, _heal(w)


def _heal(w: World) -> list[str]:
    faults = w.stage.faults
    w.trouble = calm
    faults.arc.clear()
    faults.controllers_frozen.clear()
    faults.cut_off.clear()
    faults.journal_unreachable.clear()
    w.asleep.clear()
    w.say(east=Verdict.BREACHING, west=Verdict.HEALTHY)
    arm(w.hands[w.stage.cloud.live()], on=True, who="ana", reason="over")
    end = w.stage.kernel.now() + CALM
    while w.stage.kernel.now() < end:
        w.advance(15.0)
        approve(w)
        if said := broken(w):
            return said
        if rested(w):
            return []
    return [f"not at rest: {w.truth.open}"]


def rested(w: World) -> bool:
    """Evacuated, and nothing runs where anything can run."""
    state = w.truth
    if state.open is not None or not any(i.phase is Phase.SETTLED for i in state.incidents.values()):
        return False
    alive = {r for r in REGIONS if not w.stage.faults.stopped(r)}
    return not any(str(run["executionArn"]).split(":")[3] in alive for run in executions(w, "RUNNING"))


def _something(w: World, rng: random.Random) -> None:
    """One thing that happens outside of the controllers' calls."""
    faults, region = w.stage.faults, rng.choice(REGIONS)
    match rng.randrange(16):
        case 0:
            arm(w.hands[w.stage.cloud.live()], on=rng.random() < 0.5, who="ana", reason="storm")
        case 1 if len(faults.controllers_frozen) < 2:
            faults.controllers_frozen.add(region)
        case 2 | 3:
            faults.controllers_frozen.discard(region)
        case 4 if not faults.controllers_dead and rng.random() < 0.4:
            faults.controllers_dead.add(region)
        case 5:
            faults.cut_off.symmetric_difference_update({region})
        case 6:
            faults.journal_unreachable.symmetric_difference_update({region})
        case 7:
            w.set_clock(region, rng.choice((-600.0, 0.0, 600.0)))
        case 8:
            w.say(east=rng.choice((Verdict.BREACHING, Verdict.BREACHING, Verdict.HEALTHY, None)))
        case 9:
            faults.arc[rng.choice(ENDPOINTS)] = rng.choice(("refused", "hung"))
        case 10:
            faults.arc.clear()
        case 11:
            w.stage.runtime.spawn(
                lambda: w.stage.cloud.controller_regions[region].functions["Tick"]({}, None)
            )
        case 12 if w.truth.incidents:
            _again(w, rng, region)
        case 13:
            _replayed(w, rng, region)
        case _:
            approve(w)


def _again(w: World, rng: random.Random, region: str) -> None:
    """A step is invoked once more, from the payload of any epoch that there was."""
    incident = next(reversed(w.truth.incidents.values()))
    payload = {"schema": "tidegate.incident/v1", "application": "storefront", "incident": incident.id,
             "epoch": rng.randint(1, max(1, incident.epoch))}  # fmt: skip
    step = rng.choice(("Assess", "ConfirmReadiness", "ShiftTraffic", "VerifyShift", "Escalate"))
    w.stage.runtime.spawn(lambda: w.stage.cloud.controller_regions[region].functions[step](payload, None))


def _replayed(w: World, rng: random.Random, region: str) -> None:
    """What was seen some time in the last day, again and in any order; what is seen now, twice."""
    now = w.stage.kernel.now()
    past = [now - rng.choice((0.0, 45.0, 400.0, 4000.0, 80_000.0)) for _ in range(3)]
    sightings = [sighting for at in past for sighting in seen(w, at)]
    rng.shuffle(sightings)
    show(w, region, [*sightings, *sightings[:4]])
