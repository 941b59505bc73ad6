"""The traffic of an incident: each Region's share of requests, and the waves.

The share is that of all requests, lately and around an incident. The waves of a move are those that are done,
the next one, and those that follow it.

```
 journal   ShiftIntended 1 ─ Applied ─ Verified │ ShiftIntended 2 ─ Applied …     done, under way
 plan      as decided now                       │                  next          next
 policy    its waves over what is then left     │                        later   later, if nothing changes
```
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.console.pages.timeline import BEFORE, ends
from controller.console.pages.visit import Visit
from controller.core.decision.plan import after, next_wave
from controller.core.decision.traffic_share import Served, before, between, each_minute, lately
from controller.core.incident.state import ENDED, GLASS, Incident, Phase
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ShiftIntended, ShiftVerified
from controller.core.model import Plan
from controller.core.policy.schema import Policy

LATELY = 600.0
"""Seconds of requests that the first page asks for."""
WELL = (960.0, BEFORE)
"""Seconds before its opening, from and to, in which an incident's trouble had not begun."""
KEPT = 15 * 86_400.0
"""Seconds for which CloudWatch keeps its minutes."""
STAYED = 600.0
"""Seconds after its end for which an incident's traffic is followed."""
MOST = 50
"""The number of future waves that are shown at most."""
_BECAME = {
    Kind.SHIFT_APPLIED: "moved",
    Kind.SHIFT_VERIFIED: "verified",
    Kind.SHIFT_REFUSED: "refused",
    Kind.SETTLED: "verified",
    Kind.TURNED_BACK: "turned back",
    Kind.ROLLED_BACK: "rolled back",
    Kind.STOOD_DOWN: "stood down",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """The traffic before and after a move.

    earlier: before the trouble began; where nothing was counted then, before traffic was first moved.
    later: the last minute. minutes: one after the other.
    """

    earlier: Served
    later: Served
    minutes: tuple[Served, ...]


def traffic_now(visit: Visit, now: float) -> Served | None:
    """Return the requests of the last whole minute.

    None where the policy names nothing that counts requests.
    """
    counted = visit.controls.counted(now - LATELY, now)
    return None if counted is None else lately(counted, now)


def traffic_of(visit: Visit, incident: Incident, own: Sequence[Event], now: float) -> Moved | None:
    """Return the traffic around an incident with the events `own`.

    None where the policy names nothing that counts requests, and where CloudWatch has deleted those minutes.
    """
    if now - incident.opened > KEPT:
        return None
    until = min(now, ends(incident, now) + (STAYED if incident.phase in ENDED else 0.0))
    counted = visit.controls.counted(incident.opened - WELL[0], until)
    if counted is None:
        return None
    begun = next((event.at for event in own if event.kind is Kind.SHIFT_INTENDED), incident.opened)
    well = between(counted, *(incident.opened - ago for ago in WELL))
    minutes = each_minute(counted, incident.opened - BEFORE, until)
    return Moved(well if well.parts else before(counted, begun), lately(counted, until), minutes)


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave of a move.

    state: its result. at: the time of that; None for a future wave.
    share: the share of requests that the left Region still served afterwards, where that was measured.
    """

    number: int
    state: str
    changes: tuple[tuple[str, bool], ...]
    at: float | None = None
    share: float | None = None


def waves_of(
    policy: Policy,
    incident: Incident,
    own: Sequence[Event],
    *,
    plan: Plan | None,
    controls: Mapping[str, bool] | None,
) -> list[Wave]:
    """Return the waves of an incident: done, next and later.

    own: the incident's events; without them no wave counts as done.
    plan: the next decided move, None where there is none.
    """
    made = [_by_hand(incident)] if incident.intent == GLASS else list(_made(own))
    if plan is None or not plan.changes or controls is None:
        return made
    done = max(len(made), incident.waves)
    coming = [] if incident.phase is Phase.SHIFTING and made else [Wave(done + 1, "next", plan.changes)]
    later = _later(policy, incident, plan, after(controls, plan.changes), done + len(coming))
    return [*made, *coming, *later]


def _by_hand(incident: Incident) -> Wave:
    """Return the one wave of a person's move by break-glass."""
    became = {Phase.SETTLED: "moved", Phase.STOOD_DOWN: "refused"}.get(incident.phase, "not confirmed")
    changes = incident.put or incident.intended
    return Wave(1, became, tuple(changes.items()), incident.changed)


def _made(own: Sequence[Event]) -> Iterator[Wave]:
    """Yield the waves whose intent is in the journal.

    A wave that is intended again is shown again.
    """
    wave: Wave | None = None
    for event in own:
        if isinstance(event.body, ShiftIntended):
            if wave is not None:
                yield wave
            wave = Wave(event.body.wave, "intended", event.body.changes, event.at)
        elif wave is not None and event.kind in _BECAME:
            share = event.body.share if isinstance(event.body, ShiftVerified) else None
            known = wave.share if share is None else share
            wave = replace(wave, state=_BECAME[event.kind], at=event.at, share=known)
    if wave is not None:
        yield wave


def _later(
    policy: Policy, incident: Incident, plan: Plan, states: Mapping[str, bool], done: int
) -> Iterator[Wave]:
    """Yield the waves after the next one.

    They follow from the goal and from the waves that the policy allows.
    """
    about = policy.about(incident.source)
    moves = about.restore if incident.intent == "restore" else about.evacuate
    allowed = moves.waves if moves is not None and incident.leg == "out" else None
    for number in range(done + 1, done + MOST):
        rest = tuple((name, on) for name, on in plan.goal if states.get(name) is not on)
        coming = next_wave(policy, replace(plan, changes=rest), allowed, number - 1)
        if not coming.changes:
            return
        yield Wave(number, "later", coming.changes)
        states = after(states, coming.changes)
