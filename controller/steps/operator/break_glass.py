"""BreakGlass: a person moves the controls with the switch alone.

No journal, lease or evidence is on the way.

```
 look ─ refused ─> a sentence
   └─ the person types the Region ─> look again ─> write down ─> update ─> read back ─> write down
                          later, once it can be reached: journal (`steps.operator.local_records`) ─┘
```
The floor binds here too, and safety rules are never overridden. Readiness, cooldown and approval do not bind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.decision.plan import after, below_floor, calls, plan, serving
from controller.core.model import Plan
from controller.core.policy.schema import Policy
from controller.ports.errors import ControllerError, SwitchRefused, SwitchUnavailable
from controller.ports.outside import RoutingControls
from controller.ports.runtime import Runtime

DEADLINE = 45.0
"""Seconds after which nothing new is sent."""
LONE = "; no second endpoint says so"

WriteDown = Callable[[Mapping[str, Any]], str]
"""Keeps a record durably and returns its id. Raises `OSError`."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The planned move: controls before and after, by name.

    refusal: the reason why it must not be made, or None.
    """

    source: str
    target: str | None
    before: Mapping[str, bool]
    plan: Plan | None = None
    refusal: str | None = None

    @property
    def after(self) -> dict[str, bool]:
        return after(self.before, self.plan.changes) if self.plan else dict(self.before)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a move.

    stage: applied, refused or unconfirmed. states: the controls as read back; None if nothing answered.
    """

    stage: str
    sentence: str
    states: Mapping[str, bool] | None


def refuse_names(policy: Policy, *, source: str, target: str | None) -> str | None:
    """Return the reason why these names cannot be meant, or None."""
    known = ", ".join(policy.regions)
    for name in (source, *([target] if target else [])):
        if name not in policy.regions:
            return f"{name} is not a Region of {policy.application}; expected one of: {known}"
    return f"{source} cannot be left for itself" if source == target else None


def plan_move(policy: Policy, switch: RoutingControls, *, source: str, target: str | None) -> Outlook:
    """Read the controls and plan the move from them.

    Raises `SwitchUnavailable`, `SwitchRefused`.
    """
    wrong = refuse_names(policy, source=source, target=target)
    if wrong is not None:
        return Outlook(source, target, {}, refusal=wrong)
    before = dict(switch.read(controls_of(policy)))
    to = target or takes_over(policy, source, before)
    if to is None:
        last = f"{source} is the last Region that carries traffic; say with --to which one takes over"
        return Outlook(source, None, before, refusal=last)
    move_plan = plan(policy, source=source, target=to, controls=before)
    if not move_plan.changes:
        return Outlook(source, to, before, refusal=f"{source} is left already; others carry every slice")
    breaks = below_floor(policy, after(before, move_plan.changes))
    refusal = None if breaks is None else f"the floor forbids it: {breaks}"
    return Outlook(source, to, before, move_plan, refusal)


def takes_over(policy: Policy, source: str, controls: Mapping[str, bool] | None) -> str | None:
    """Return the first other Region that carries traffic, or None.

    The Regions of `target.prefer` come first, then the rest. controls: None where they are unknown; then the
    first Region in this order is returned.
    """
    others = [r for r in dict.fromkeys((*policy.about(source).target.prefer, *policy.regions)) if r != source]
    return next((r for r in others if controls is None or serving(policy, r, controls)), None)


def controls_of(policy: Policy) -> tuple[str, ...]:
    return tuple(name for entry in policy.regions.values() for name in entry.controls)


def move(
    policy: Policy, switch: RoutingControls, runtime: Runtime, outlook: Outlook, write_down: WriteDown
) -> Outcome:
    """Change the controls as `outlook` planned.

    Nothing is sent before the intent is written down. Raises `OSError`; `ValueError` where nothing is to
    move.
    """
    move_plan = outlook.plan
    if move_plan is None or outlook.refusal is not None:
        raise ValueError("there is nothing to move")
    written = write_down({"stage": "intended", **_record(policy, outlook, outlook.after)})
    deadline = runtime.monotonic() + DEADLINE
    try:
        sends = calls(policy, move_plan.changes)
        shown = switch.update(sends, deadline=deadline, fence=_nobody_drives)
        said = f"{move_plan.source} was left for {move_plan.target}" + (LONE if shown.alone else "")
        outcome = Outcome("applied", said, {**outlook.before, **shown})
    except SwitchRefused as refused:
        outcome = Outcome("refused", str(refused), _seen(switch, policy))
    except SwitchUnavailable as error:
        outcome = _unconfirmed(str(error), move_plan, _seen(switch, policy))
    result = {"stage": outcome.stage, "of": written, "sentence": outcome.sentence}
    write_down(result | _record(policy, outlook, outcome.states))
    return outcome


def _nobody_drives() -> None:
    """Allow every send: a person acts here, and the deadline alone binds.

    In a step, the fence asks the journal whether the controller may still act.
    """


def _unconfirmed(error: str, move_plan: Plan, seen: Mapping[str, bool] | None) -> Outcome:
    """Return the outcome that the last read-back shows.

    It counts whichever endpoint answers, even if that is the one that took the change.
    """
    if seen is not None and all(seen[name] is on for name, on in move_plan.goal):
        return Outcome("applied", f"{move_plan.source} was left for {move_plan.target}{LONE}", seen)
    return Outcome("unconfirmed", error, seen)


def _seen(switch: RoutingControls, policy: Policy) -> Mapping[str, bool] | None:
    try:
        return switch.read(controls_of(policy))
    except ControllerError:
        return None


def _record(policy: Policy, outlook: Outlook, states: Mapping[str, bool] | None) -> dict[str, Any]:
    """Return the record, with the two Regions' controls alone.

    An event of the journal is bounded.
    """
    regions = [outlook.source, str(outlook.target)]
    names = [name for region in regions for name in policy.regions[region].controls]
    return {
        "region": outlook.source,
        "to": outlook.target,
        "before": {name: outlook.before[name] for name in names},
        "after": None if states is None else {name: states[name] for name in names},
        "plan": outlook.plan.digest if outlook.plan else None,
        "policy": policy.digest,
    }
