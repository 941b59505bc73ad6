"""The records of break-glass on a person's machine, brought into the journal.

```
 line 4 intended ─> BrokeGlass, a new incident ─┐
 line 5 applied ──> BrokeGlass of the same ─────┴─> people are told, once its result is there
```
Each line is journalled once, with its hash and its number. From then on the journal is the witness of the
machine's file: a file that does not go on from what the journal has is named, here and in the next event.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from controller.core.incident.break_glass import INTENDED
from controller.core.incident.fold import fold
from controller.core.incident.state import IllegalMove, Phase, State
from controller.core.journal.event import Event
from controller.core.journal.notes import BrokeGlass
from controller.core.policy.terms import REGION
from controller.core.text import sanitize
from controller.ports.errors import JournalConflict
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import retry_on_conflict, write
from controller.steps.context.paging import page

MOST_CONTROLS = 200
"""Controls of a record, at most: an event of the journal is bounded. A policy has 100 in two Regions."""
FEW = 3
"""Contradictions that are named; of more only the number is said."""
AMISS = 400
"""Characters that an event says of what is amiss."""


class LocalMove(Protocol):
    """One line of a machine's record. See `entry.local_record.Entry`."""

    @property
    def id(self) -> str: ...

    @property
    def hash(self) -> str: ...

    @property
    def body(self) -> Mapping[str, Any]: ...

    @property
    def number(self) -> int: ...

    @property
    def machine(self) -> str: ...

    @property
    def amiss(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Brought:
    """The result of bringing records in.

    added: lines that the journal lacked. incidents: those that they are about. amiss: what the journal
    contradicts in the machine's record, in sentences.
    """

    added: int = 0
    incidents: tuple[str, ...] = ()
    amiss: tuple[str, ...] = ()


def journal_records(deps: Deps, records: Sequence[LocalMove], held: Sequence[LocalMove] = ()) -> Brought:
    """Append a `BrokeGlass` event once for each record that the journal lacks.

    records: those of this deployment, oldest first. held: all lines that the machine has, of any deployment.
    Raises `OutsideUnreachable`, and `JournalConflict` where the journal stays busy.
    """
    added: dict[str, str] = {}
    results: dict[str, BrokeGlass] = {}

    def append_missing(events: tuple[Event, ...]) -> tuple[str, ...]:
        state = fold(deps.application, events)
        amiss = contradictions(events, held or records)
        incidents = {e.body.record: e.draft.incident for e in events if isinstance(e.body, BrokeGlass)}
        for record in (each for each in records if each.id not in incidents):
            who = deps.people.id_of(_text(record.body, "who", 128) or "unknown")
            said = _event_of(record, who, _doubt(record, who, events, amiss))
            state, name = _append(deps, state, said, incidents.get(said.of or ""))
            incidents[record.id] = added[record.id] = name
            if said.stage != INTENDED and state.incidents[name].phase is not Phase.STOOD_DOWN:
                results[name] = said
        return amiss

    try:
        amiss = retry_on_conflict(partial(deps.journal.read, deps.application), append_missing)
    except JournalConflict as conflict:
        raise JournalConflict(
            "the journal is busy; what was done by break-glass is not in it yet"
        ) from conflict
    finally:
        for name, said in results.items():
            _tell(deps, name, said)
    return Brought(len(added), tuple(dict.fromkeys(added.values())), amiss)


def contradictions(events: Sequence[Event], held: Sequence[LocalMove]) -> tuple[str, ...]:
    """Return what the journal has of this machine's record, and the machine lacks.

    One sentence a line, of the first few.
    """
    machines = {each.machine for each in held}
    here = {(each.machine, each.number): each.hash for each in held}
    found = []
    for event in events:
        said = event.body
        if not isinstance(said, BrokeGlass) or said.machine not in machines or not said.number:
            continue
        there = here.get((said.machine, said.number))
        if there is None:
            found.append(f"line {said.number} is gone here; event {event.seq} of the journal has it")
        elif there != said.record_hash:
            found.append(f"line {said.number} is another here than in event {event.seq} of the journal")
    return (*found[:FEW], *([f"and {len(found) - FEW} more lines are gone or others"] if found[FEW:] else []))


def waiting(events: Sequence[Event], records: Sequence[LocalMove]) -> int:
    """Count the records that the journal lacks."""
    known = {event.body.record for event in events if isinstance(event.body, BrokeGlass)}
    return sum(record.id not in known for record in records)


def _doubt(record: LocalMove, who: str, events: Sequence[Event], amiss: tuple[str, ...]) -> tuple[str, ...]:
    """Return what speaks against a record: its machine, the journal, another record.

    who: the id of the user of that host. Events of format 1 hold the user's and the host's name.
    """
    every = [event.body for event in events if isinstance(event.body, BrokeGlass)]
    mine = [said.number for said in every if said.machine == record.machine]
    found = [*record.amiss, *amiss]
    if mine and record.number <= max(mine):
        found.append(f"the journal had line {max(mine)} of this record before")
    host = str(record.body.get("who", "")).rpartition("@")[2]
    same = [s for s in every if s.who == who or (host and s.who.endswith(f"@{host}"))]
    others = [s for s in same if s.machine]
    if not mine and others and record.number == 1:
        found.append(f"it does not go on from the record that {who} had, up to line {others[-1].number}")
    return tuple(found)


def _append(deps: Deps, state: State, said: BrokeGlass, name: str | None) -> tuple[State, str]:
    """Write one record; return the state and the incident that it is of.

    A result that its incident does not take any more is an incident of its own.
    """
    fresh = _name(deps, state, said.region)
    try:
        return write(deps, state, said, incident=name or fresh, by=said.who), name or fresh
    except IllegalMove:
        return write(deps, state, said, incident=fresh, by=said.who), fresh


def _tell(deps: Deps, name: str, said: BrokeGlass) -> None:
    text = f"{said.sentence}\nNothing of it is driven, and nothing is turned back."
    page(deps, f"{name}: {said.region} was left by break-glass", text, key=name)


def _name(deps: Deps, state: State, region: str) -> str:
    number = state.last.seq + 1 if state.last else 1
    return f"{deps.application}-{region if re.fullmatch(REGION, region) else 'unknown'}-{number}"


def _event_of(record: LocalMove, who: str, doubt: tuple[str, ...]) -> BrokeGlass:
    """Return what an event says of the record.

    Each member is bounded, whatever a machine wrote. who: the id of the person whom the machine's file names.
    """
    line = record.body
    region, to = _text(line, "region", 32), _text(line, "to", 32)
    stage, reason = _text(line, "stage", 20), _text(line, "reason", 500)
    told = _text(line, "sentence", 300)
    after = f"; {told}" if told and stage not in (INTENDED, "applied") else ""
    return BrokeGlass(
        record=sanitize(record.id, 64),
        record_hash=sanitize(record.hash, 64),
        machine=sanitize(record.machine, 64),
        number=record.number,
        sentence=f"{who}: {region} -> {to}, {stage}{after}: {reason}",
        stage=stage,
        who=who,
        credential=_text(line, "credential", 128) or None,
        account=_text(line, "account", 32),
        at=_moment(line.get("at")),
        region=region,
        to=to or None,
        before=_states(line.get("before")),
        after=_states(line.get("after")),
        reason=reason,
        plan=_text(line, "plan", 64) or None,
        policy=_text(line, "policy", 64),
        of=_text(line, "of", 64) or None,
        amiss=sanitize("; ".join(doubt), AMISS),
    )


def _text(line: Mapping[str, Any], name: str, limit: int) -> str:
    found = line.get(name)
    return sanitize(found, limit) if isinstance(found, str) else ""


def _moment(found: object) -> float:
    good = isinstance(found, int | float) and not isinstance(found, bool) and 0.0 <= found < 1e11
    return float(found) if good and isinstance(found, int | float) else 0.0


def _states(found: object) -> Mapping[str, bool] | None:
    if not isinstance(found, Mapping) or not all(isinstance(on, bool) for on in found.values()):
        return None
    return dict(_first(found, MOST_CONTROLS))


def _first(states: Mapping[Any, bool], most: int) -> Iterator[tuple[str, bool]]:
    for name in sorted(map(str, states))[:most]:
        yield sanitize(name, 63), states[name]
