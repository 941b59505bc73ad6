"""The incident of a person's move by break-glass, folded from what a machine kept.

```
 BrokeGlass intended ─> unconfirmed ─┬─ applied ─────> settled
   (or its result alone)             ├─ refused ─────> stood_down; settled where a part of it stands
                                     └─ unconfirmed ─> unconfirmed: nobody knows whether it moved
```
All of it had happened when the journal heard of it, so no controller drives it, and none takes it over. It
may arrive days later, after the controllers have seen the controls differ, and after a later move of
another machine. What is remembered in the end is the same: each state of a control has its place in time, and
home is how all stood before the first of the moves whose Regions have not all come home.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from controller.core.incident.control_history import as_of, known, latest, placed, put_late
from controller.core.incident.state import ENDED, GLASS, Incident, Phase, State, moved_by
from controller.core.journal.event import Event
from controller.core.journal.notes import BrokeGlass

INTENDED, APPLIED, REFUSED = "intended", "applied", "refused"
"""Stages of a record. Any other is read as `unconfirmed`."""
FRESH = 150.0
"""Seconds, by the machine's own clock, from a record until the journal has it: not later."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A change is what one record says of controls.

    at: when, seconds since 1970. before: as read before the move. moved: what was read back as changed by it.
    """

    at: float
    before: Mapping[str, bool]
    moved: Mapping[str, bool]


def with_glass(state: State, event: Event, said: BrokeGlass) -> State:
    """Return the state after one record.

    One that names no incident is only a note.
    """
    name = event.draft.incident
    if name is None:
        return state
    already = state.incidents.get(name)
    before = said.before or (already.before if already else {})
    differs = {c: on for c, on in (said.after or {}).items() if before.get(c, not on) is not on}
    moved = {} if said.stage == INTENDED else differs
    history = known(state.history, before)
    at = min(said.at or event.at, event.at)
    meant = differs or (already.intended if already else {})
    was = {c: before.get(c, not on) for c, on in meant.items()}
    change = _Change(placed(history, was, meant, at, fresh=event.at - at <= FRESH), before, moved)
    incident = _incident(event, said, already, change, intended=differs)
    after = put_late(history, moved, change.at)
    stand = {**state.stand, **{c: latest(after, c) for c in moved}}
    found = replace(state, incidents={**state.incidents, name: incident}, history=after)
    found = replace(found, home=_home(found))
    if stand == state.stand:  # seen by a controller already, or overtaken since
        return found
    return replace(found, stand=stand, stood=event.at, mover=moved_by(event))


def _incident(
    event: Event, said: BrokeGlass, already: Incident | None, change: _Change, *, intended: Mapping[str, bool]
) -> Incident:
    first = already or Incident(
        id=str(event.draft.incident), intent=GLASS, source=said.region, target=said.to,
        phase=Phase.UNCONFIRMED, opened=change.at, opened_by=event.draft.by, epoch=event.draft.epoch,
        requested_by=said.who or event.draft.by, policy=said.policy, intended=intended,
    )  # fmt: skip
    stands = {**first.put, **change.moved}
    phase = _phase(said.stage, moved=bool(stands))
    return replace(
        first,
        phase=phase,
        opened=min(first.opened, change.at),
        before=change.before,
        put=stands,
        intended={**intended, **first.intended},
        outcome=said.stage,
        reason=said.reason or first.reason,
        changed=change.at,
        begun=change.at,
        moved=change.at if stands else 0.0,
        stopped_by=None if phase is Phase.STOOD_DOWN else first.requested_by,
    )


def _phase(stage: str, *, moved: bool) -> Phase:
    if stage == APPLIED or (stage == REFUSED and moved):
        return Phase.SETTLED
    return Phase.STOOD_DOWN if stage == REFUSED else Phase.UNCONFIRMED


def _home(state: State) -> Mapping[str, bool]:
    """Return the controls as they stood when no Region was away.

    It goes by all moves in the order of time. The fold of the journal does so too (`fold`), move by move, but
    what came late it could not know then.
    """
    home = state.home
    made = sorted((i for i in state.incidents.values() if i.begun), key=lambda i: i.begun)
    for number, move in enumerate(made):
        if move.intent == "restore":
            continue
        stood, before = as_of(state.history, move.begun), made[:number]
        over = {i.id: i if i.phase in ENDED else replace(i, phase=Phase.SETTLED) for i in before}
        then = replace(state, incidents=over, stand=stood, home=home)
        away = then.any_away or any(_under_way(i, move.begun) for i in before)
        home = {**stood, **move.before, **(home if away else {})}
    return home


def _under_way(incident: Incident, at: float) -> bool:
    """Return True where it had left its Region by `at`."""
    leaves = incident.intent not in ("restore", GLASS) and bool(incident.put)
    return leaves and (incident.phase not in ENDED or incident.changed > at)
