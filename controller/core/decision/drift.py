"""Drift and echoes: routing controls that stand otherwise than the journal says.

Drift: somebody else changed a control.

```
 PolicyLoaded (as read) ─> stand <─ ShiftApplied, BrokeGlass (as put) ─┐
                             ^──── DriftSeen (as read) <──── differs ─── a tick reads the controls
```
It is reported once: the event itself moves `stand` to what is. Nothing is turned back.

Our own change looks like drift too: for up to 15 s another ARC endpoint shows what was before. So a
difference counts only where the last change has had its time (`lag_after`), and that time is never measured
by two clocks. One of these must say that it is over:

```
 the clock of the controller that wrote the event        (`shown`)
 an earlier tick of this controller, which had read it   (`steps.incident.drift`)
 the workflow, which has waited for so long              (`steps.workflow.verify_shift`)
```

An echo: a call of ours that was sent before its intent was given up, and lands after it.

```
 ShiftIntended ── sent, stuck ── taken over · refused · another shift ── lands ─> EchoSeen ─> put back
```
ARC has no compare-and-set, so such a call cannot be called back. What it changed looks like drift. It
differs from drift in one point: it is exactly what an intent of ours, not long ago, wanted. It is put back
once.

The intent was dated by another controller's clock, so its age is known to `SKEW` only.
"""

from collections.abc import Mapping

from controller.core.canonical_json import ascii_json
from controller.core.decision.plan import after, below_floor
from controller.core.incident.state import Phase, State
from controller.core.journal.event import Written
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ShiftIntended
from controller.core.journal.notes import DriftSeen
from controller.core.policy.schema import LAG, Policy

PUT_BACK_WITHIN = 15.0
"""Seconds after an `EchoSeen` within which its change is sent; any other is sent before its event."""
WITHIN = 300.0
"""Seconds after an intent within which a call of it may still land; a later change is somebody else's."""
SKEW = 1200.0
"""Seconds that two clocks may differ by: ten minutes either way."""
MOST_BYTES = 12_000
"""Bytes of the controls of one `DriftSeen`."""


def lag_after(state: State) -> float:
    """Return the seconds until every endpoint shows the last change.

    They count from its event.
    """
    repairs = state.mover is not None and state.mover.kind is Kind.ECHO_SEEN
    return LAG + PUT_BACK_WITHIN if repairs else LAG


def shown(state: State, now: float, here: str) -> bool:
    """Return True where, by its own clock, the last change shows everywhere.

    here: the controller whose clock says `now`. False where another dated it: two clocks say nothing.
    """
    mover = state.mover
    return mover is None or (mover.by == f"tidegate@{here}" and now >= mover.at + lag_after(state))


def drifted(state: State, controls: Mapping[str, bool] | None) -> Mapping[str, bool]:
    """Return control -> its present state, where it differs from the journal.

    The result is empty while a shift of ours is in flight. It is certain only once the last change has had
    its time.
    """
    incident = state.open
    if controls is None or (incident and incident.phase is Phase.SHIFTING):
        return {}
    return {name: on for name, on in controls.items() if state.stand.get(name, on) is not on}


def standing_drift(state: State) -> Written[DriftSeen] | None:
    """Return the last drift that was seen, while it still is one; else None.

    It is none any more where each control that it names was put so by a move that the journal has by now, as
    by break-glass whose record came later, or was turned again since.
    """
    seen = state.drift
    if seen is None:
        return None
    still = (state.stand.get(name) is on and _put(state, name) is not on
             for name, on in seen.said.controls.items())  # fmt: skip
    return seen if any(still) else None


def _put(state: State, name: str) -> bool | None:
    """Return the state in which the last move of ours left a control.

    If there was none, it is the first state that is known. Of a move by break-glass that nobody confirmed,
    what was intended counts.
    """
    moves = sorted(state.incidents.values(), key=lambda each: each.moved or each.changed)
    puts = [{**i.intended, **i.put} if i.phase is Phase.UNCONFIRMED else i.put for i in moves]
    first = {name: states[0][1] for name, states in state.history.items() if states}
    return next((put[name] for put in reversed(puts) if name in put), first.get(name))


def first_found(found: Mapping[str, bool]) -> Mapping[str, bool]:
    """Return as many of the controls that differ as one event holds.

    The next look finds the others: those of two policies may differ at once.
    """
    room, kept = MOST_BYTES, dict[str, bool]()
    for name, on in found.items():
        room -= 2 * len(ascii_json(name)) + len('":[false,false],":false,')
        if room < 0 and kept:
            break
        kept[name] = on
    return kept


def drift_seen(state: State, found: Mapping[str, bool]) -> DriftSeen:
    """Return what a `DriftSeen` event says of these controls, by their present states."""
    said = "; ".join(
        f"{name} is {_word(on)}, the journal says {_word(state.stand[name])}" for name, on in found.items()
    )
    return DriftSeen(
        differs={name: (state.stand[name], on) for name, on in found.items()},
        controls=dict(found),
        reason=f"moved by somebody else: {said}"[:2000],
    )


def _word(on: bool) -> str:
    return "On" if on else "Off"


def echo_of(
    state: State, controls: Mapping[str, bool] | None, now: float, here: str
) -> Written[ShiftIntended] | None:
    """Return the intent whose late call explains every control that differs, if any does.

    here: the controller whose clock says `now`: of what it dated itself it knows the age.
    """
    found = drifted(state, controls)
    if not found:
        return None
    put_back_before = [_wanted(intent) for intent in state.intents if intent.seq in state.echoes]
    for intent in reversed(state.intents):
        age, wanted = now - intent.at, _wanted(intent)
        recent = 0.0 <= age <= WITHIN
        # The clocks differ, so it may be recent; a second such change in that time is somebody's intention.
        dated_here = intent.by == f"tidegate@{here}"
        perhaps = not dated_here and -SKEW <= age <= WITHIN + SKEW and wanted not in put_back_before
        ours = intent.seq not in state.echoes and (recent or perhaps)
        if ours and all(wanted.get(name) is on for name, on in found.items()):
            return intent
    return None


def _wanted(intent: Written[ShiftIntended]) -> dict[str, bool]:
    return dict(intent.said.changes)


def put_back(policy: Policy, state: State, controls: Mapping[str, bool]) -> tuple[tuple[str, bool], ...]:
    """Return the changes that undo the echo; none where that would break the floor."""
    found = drifted(state, controls)
    changes = tuple((name, state.stand[name]) for name in found)
    return changes if below_floor(policy, after(controls, changes)) is None else ()
