"""Drift and echoes: written down first, told once; only an echo is put back.

Drift is left as it is. An echo is a late call of a superseded intent: it is written down first, then put back
once, under the same fence as a shift.
"""

from collections.abc import Mapping

from controller.core.decision.decide import Situation
from controller.core.decision.drift import drift_data, drifted, echo_of, put_back
from controller.core.decision.plan import calls
from controller.core.decision.precedence import abstains
from controller.core.incident.state import State
from controller.core.journal import Kind
from controller.ports.errors import JournalConflict, SwitchRefused, SwitchUnavailable
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.journalling import load_state, write
from controller.steps.context.paging import page

DEADLINE = 15.0
"""Seconds after which nothing new is sent."""


def record_drift(deps: Deps, state: State, controls: Mapping[str, bool] | None) -> State:
    """Write `DriftSeen` and page where controls differ from the journal.

    Raises `JournalConflict`: what was written meanwhile may well explain it.
    """
    found = drifted(state, controls, deps.runtime.now())
    if not found:
        return state
    data = drift_data(state, found)
    incident = state.open
    state = write(deps, state, Kind.DRIFT_SEEN, data=data, incident=incident)
    subject = incident.id if incident else deps.application
    page(deps, f"{subject}: drift", f"{data['reason']}\nNothing is turned back.")
    return state


def repair_echo(deps: Deps, seen: Situation, state: State) -> State:
    """Put an echo back once; return the state with `EchoSeen`.

    Returns `state` itself where no late call of a superseded intent was found, or where it may not be put
    back. Raises `JournalConflict`: somebody wrote meanwhile, and may have put it back already.
    """
    now, controls = deps.runtime.now(), seen.controls
    intent = echo_of(state, controls, now)
    if intent is None or controls is None or state.stopped or deps.policy.enforcement == "shadow":
        return state
    changes = put_back(deps.policy, state, controls, now)
    if not changes or abstains(seen.after(state)) is not None:
        return state
    deadline = deps.runtime.monotonic() + DEADLINE
    said = ", ".join(f"{name} {'On' if on else 'Off'}" for name, on in changes)
    data = {
        "intent": intent.seq,
        "changes": [list(change) for change in changes],
        "reason": f"a call of event {intent.seq} landed late, after it was given up; put back: {said}"[
            :REASON
        ],
    }
    state = write(deps, state, Kind.ECHO_SEEN, data=data)
    try:
        sends = calls(deps.policy, changes)
        deps.switch.update(sends, deadline=deadline, fence=lambda: _fence(deps, state))
        text = str(data["reason"])
    except (SwitchUnavailable, SwitchRefused) as failed:
        text = f"{data['reason']}\nThat failed: {failed}"
    page(deps, f"{deps.application}: a late call was put back", text)
    return state


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
