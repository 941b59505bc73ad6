"""The invariant over calls that landed late.

See `invariants.catalogue`, and `late_call` in `world.observer`.
"""

from controller.core.journal.notes import EchoSeen, PolicyLoaded
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.observer import PROMISED, Late
from controller.lab.simulate.world.world import World

ALIVE = 300.0
"""Seconds after an intent for which its calls are known as such."""
HARMLESS = frozenset(
    {
        "region-dark", "region-gray", "region-flapping", "blip-43s", "observer-misled", "no-metrics",
        "replication-paused", "events-doubled", "unready", "readiness-flapping", "readiness-silent",
        "zone-notice",
    }
)  # fmt: skip
"""Faults that prevent nobody from repairing a late call.

Under them a controller still reads the switch, writes to the journal and calls ARC.
"""


def put_back(world: World, fact: Fact) -> str | None:
    """S4: what a late call changed is put back within a minute.

    This holds if nothing stood in the way.
    """
    late: Late = fact.data["late"]
    landed = fact.at - PROMISED
    record = world.watch.record
    again = {n for i in record.intents if i.at > landed - 1.0 and i.life is not None for n in i.changes}
    wrong = [n for n, on in late.wanted.items() if world.cloud.switch.is_on(n) is not on and n not in again]
    if not wrong or not _free_to_repair(world, late, landed):
        return None
    return (
        f"{', '.join(wrong)}: a call of #{late.intent.event.seq} landed late {PROMISED:.0f} s ago, and stands"
    )


def _free_to_repair(world: World, late: Late, landed: float) -> bool:
    record, watch = world.watch.record, world.watch
    met = {name for at, name in watch.begun if at > landed - PROMISED} | set(watch.active)
    echoes = [e.body for e in record.events if isinstance(e.body, EchoSeen)]
    once = sum(echo.intent == late.intent.event.seq for echo in echoes) <= 1
    return (
        met <= HARMLESS
        and once
        and landed - late.intent.at < ALIVE - PROMISED
        and record.disarmed is None
        and record.fleet_disarmed is None
        and world.policy.enforcement == "live"
        and not world.trace.counts["liveness"]
        and not any(isinstance(event.body, PolicyLoaded) for event in record.events[1:])
        and world.truth.unbroken(("no-arc",), "") == 0.0
    )
