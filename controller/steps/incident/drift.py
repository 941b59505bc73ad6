"""Drift and echoes: written down first, told once; only an echo is put back.

Drift is left as it is. An echo is a late call of a superseded intent: it is written down first, then put back
once, under the same fence as a shift.

Neither is believed before every ARC endpoint shows the last change. Where another controller's clock dated
that change, an earlier tick of this one must have read it: each tick keeps its number (`last_change`).
"""

from collections.abc import Mapping
from typing import Any

from controller.core.decision.decide import Situation
from controller.core.decision.drift import (
    PUT_BACK_WITHIN,
    drift_seen,
    drifted,
    echo_of,
    first_found,
    lag_after,
    put_back,
    shown,
)
from controller.core.decision.plan import calls
from controller.core.decision.precedence import TICKS_APART, abstains
from controller.core.incident.state import State
from controller.core.journal.notes import EchoSeen
from controller.ports.errors import JournalConflict, OutsideUnreachable, SwitchRefused, SwitchUnavailable
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.journalling import load_state, write
from controller.steps.context.own_records import own_records
from controller.steps.context.paging import page

DEADLINE = PUT_BACK_WITHIN
"""Seconds after which nothing new is sent."""


def last_change(state: State) -> int:
    """Return the number of the last event that moved controls; 0: none did."""
    return state.mover.seq if state.mover else 0


def change_data(deps: Deps, state: State) -> dict[str, Any]:
    """Return the part of an assessment that says which change was known."""
    return {"last_change": {"seq": last_change(state), "read": deps.runtime.now()}}


def record_drift(
    deps: Deps, state: State, controls: Mapping[str, bool] | None, *, waited: bool = False
) -> State:
    """Write `DriftSeen` and page where controls differ from the journal.

    waited: the caller has waited for `lag_after` since the last change. Raises `JournalConflict`: what was
    written meanwhile may well explain it.
    """
    found = drifted(state, controls)
    if not found or not (waited or _shown(deps, state)):
        return state
    seen = drift_seen(state, first_found(found))
    incident = state.open
    state = write(deps, state, seen, incident=incident)
    subject = incident.id if incident else deps.application
    page(deps, f"{subject}: drift", f"{seen.reason}\nNothing is turned back.")
    return state


def repair_echo(deps: Deps, seen: Situation, state: State, *, waited: bool = False) -> State:
    """Put an echo back once; return the state with `EchoSeen`.

    Returns `state` itself where no late call of a superseded intent was found, or where it may not be put
    back. waited: as for `record_drift`. Raises `JournalConflict`: somebody wrote meanwhile, and may have put
    it back already.
    """
    now, controls = deps.runtime.now(), seen.controls
    intent = echo_of(state, controls, now, deps.here)
    if intent is None or controls is None or state.stopped or deps.policy.enforcement == "shadow":
        return state
    changes = put_back(deps.policy, state, controls)
    if not changes or not (waited or _shown(deps, state)):
        return state
    if abstains(seen.after(state)) is not None:
        return state
    deadline = deps.runtime.monotonic() + DEADLINE
    said = ", ".join(f"{name} {'On' if on else 'Off'}" for name, on in changes)
    reason = f"a call of event {intent.seq} landed late, after it was given up; put back: {said}"[:REASON]
    state = write(deps, state, EchoSeen(intent=intent.seq, changes=changes, reason=reason))
    try:
        sends = calls(deps.policy, changes)
        deps.switch.update(sends, deadline=deadline, fence=lambda: _fence(deps, state))
        text = reason
    except (SwitchUnavailable, SwitchRefused) as failed:
        text = f"{reason}\nThat failed: {failed}"
    page(deps, f"{deps.application}: a late call was put back", text)
    return state


def _shown(deps: Deps, state: State) -> bool:
    """Return True where every ARC endpoint shows the last change."""
    now = deps.runtime.now()
    if shown(state, now, deps.here):
        return True
    records = own_records(deps, now - TICKS_APART, now)
    known = (record["last_change"] for _, record in records if "last_change" in record)
    try:
        return any(
            each["seq"] == last_change(state) and each["read"] <= now - lag_after(state) for each in known
        )
    except OutsideUnreachable:
        return False


def _fence(deps: Deps, state: State) -> None:
    """Raise where somebody else moves since the echo was seen.

    That is where the kill switch was turned, or a policy, a driver, a shift or another repair came.
    """
    now = load_state(deps)
    if now.stopped or _who_moves(now) != _who_moves(state):
        raise JournalConflict(now.stopped or "somebody else moves since the echo was seen")


def _who_moves(state: State) -> tuple[object, ...]:
    about = state.open
    driver = (about.id, about.epoch) if about else None
    return state.policy, driver, [event.seq for event in state.intents], state.echoes
