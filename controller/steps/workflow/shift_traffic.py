"""The step ShiftTraffic: the one step that moves routing controls.

```
act? as approved? -> RegionCounted for the fleet (durable) -> beat
     -> ShiftIntended (durable) -> fence -> ARC, call by call -> read back -> ShiftApplied
                                   └ before every send: armed, our epoch and policy, same incident

 RegionCounted: read the fleet ─┬─ counted today: go
                                ├─ as many as the policy allows: no
                                └─ else append RegionCounted ─┬─ written: go
                       ^────────── somebody wrote first ──────┘
```
A Region is counted for the fleet before an automatic evacuation of it is intended (S9): before the intent and
not beside it. Two applications that set out from two Regions at once meet at this append, so the limit holds
between them too; and nothing stands between intent and ARC call. If nothing comes of the evacuation, a Region
too many is counted for a day: that only makes others wait for a person.
"""

from collections.abc import Mapping
from functools import partial

from controller.core.decision import guards
from controller.core.decision.approval_chain import approved, granted, overrides
from controller.core.decision.decide import Situation, decide, guard_input
from controller.core.decision.limits import fleet_refusal, left_today, regions_counted
from controller.core.decision.plan import calls
from controller.core.decision.progress import begun, in_part, lands_until
from controller.core.incident.state import Incident, Phase, State
from controller.core.journal.event import Draft, Event
from controller.core.journal.moves import ShiftApplied, ShiftIntended, ShiftRefused
from controller.core.journal.notes import RegionCounted
from controller.core.model import Plan, Truth
from controller.ports.errors import JournalConflict, SwitchRefused
from controller.ports.outside import ReadBack
from controller.steps.context.deps import Deps
from controller.steps.context.governance import governed
from controller.steps.context.journalling import TRIES, load_state, require_driver, retry_on_conflict, write
from controller.steps.context.situation import FLEET, read_switch, situation
from controller.steps.incident.driver import beat
from controller.steps.payload import StepPayload

DEADLINE = 15.0
"""Seconds, from what was read on, after which nothing new is sent; the Lambda's own timeout is 30."""
STALE = 60.0
"""Seconds that reading may take: a Lambda may be frozen, and older readings are no ground to act."""
REFUSED = 60
"""Seconds before a shift that ARC refused is tried again."""
WATCH = 30
"""Seconds between two looks at the result of a shift."""


def count_region_for_fleet(
    deps: Deps, state: State, incident: Incident, controls: Mapping[str, bool]
) -> str | None:
    """Count the Region that `incident` is about to leave.

    Returns the reason why it must not be left, or None. Most find it counted already, in what they have read,
    and call nothing. Raises `OutsideUnreachable`, and `JournalConflict` where others were always faster.
    """
    region, now = incident.source, deps.runtime.now()
    counts = incident.intent == "evacuate" and not incident.by_person
    if not counts or begun(deps.policy, incident, controls) or region in left_today(state.fleet_left, now):
        return None
    counts_now = RegionCounted(application=deps.application, region=region, incident=incident.id)
    draft = Draft(deps.new_id(), counts_now, now, f"tidegate@{deps.here}")

    def count(events: tuple[Event, ...]) -> str | None:
        counted = regions_counted(events)
        if region in left_today(counted, now):
            return None
        too_many = fleet_refusal(deps.policy.limits.fleet_regions_per_day, counted, region, now)
        if too_many is None:
            deps.journal.append(FLEET, draft, events[-1] if events else None)
        return too_many

    try:
        return retry_on_conflict(partial(deps.journal.read, FLEET), count)
    except JournalConflict as conflict:
        raise JournalConflict(
            f"others wrote to the fleet's journal {TRIES} times before {deps.application} could"
        ) from conflict


def shift_traffic(deps: Deps, payload: StepPayload) -> StepPayload:
    """Move traffic if every guard allows it now; else go back to Assess.

    Raises `SwitchUnavailable` (nothing confirmed; safe to run again) and `JournalConflict`.
    """
    started = deps.runtime.monotonic()
    state, incident = require_driver(deps, payload.incident, payload.epoch)
    deps = governed(deps, state, incident)
    seen = situation(deps, state, read_controls=True)
    gathered = deps.runtime.monotonic()
    if gathered - started > STALE:
        return payload.to("again", reason=f"reading took {gathered - started:.0f} s; looking again", wait=1)
    decision = decide(seen, incident.source)
    if incident.phase is Phase.SHIFTED:
        return payload.to("watch", wait=WATCH)
    if decision.action != "act" or decision.plan is None or seen.controls is None:
        return payload.to("again", code=decision.code, reason=decision.reason, wait=5)
    plan = decision.plan
    if incident.phase is Phase.VERIFIED and not plan.changes:
        return payload.to("watch", wait=min(WATCH, settle_time(deps, incident)))
    if (strange := _not_approved(seen, incident, plan)) is not None:
        return payload.to("again", code="other-plan", reason=strange, wait=5)
    if (late := lands_until(state, incident)) > seen.now:
        return payload.to("again", reason="a call of another move may still land", wait=late - seen.now + 1)
    refusal = count_region_for_fleet(deps, state, incident, seen.controls)
    if refusal is not None:
        return payload.to("again", code="velocity", reason=refusal, wait=5)
    beat(deps, incident, seen)  # nobody takes over from a driver that is about to send
    aside = granted(incident)
    intent = _intent(deps, state, incident, plan, seen.controls, aside)
    state = write(deps, state, intent, incident=incident)
    incident = state.incidents[incident.id]
    deadline, fence = gathered + DEADLINE, partial(_fence, deps, incident, payload)
    sends = calls(deps.policy, plan.changes)
    try:
        shown = deps.switch.update(sends, deadline=deadline, fence=fence, override=aside)
    except SwitchRefused as refused:
        return _refused(deps, state, incident, payload, refused)
    _applied(deps, state, incident, plan, shown, before=seen.controls)
    return payload.to("watch", wait=min(WATCH, settle_time(deps, incident)))


def _not_approved(seen: Situation, incident: Incident, plan: Plan) -> str | None:
    """Return the reason why this wave is not what people approved, or None.

    The decision looked as well; this is the last look before a wave is written down and sent.
    """
    check = guards.as_approved(guard_input(seen.driving or seen, incident.source), plan)
    return None if check.value is Truth.TRUE else check.sentence


def _intent(
    deps: Deps, state: State, incident: Incident, plan: Plan, controls: Mapping[str, bool],
    aside: tuple[str, ...],
) -> ShiftIntended:  # fmt: skip
    """Return what a `ShiftIntended` says.

    in_force: the policy in force, where it is another than the one that the move goes on by.
    """
    return ShiftIntended(
        plan=plan.digest,
        source=plan.source,
        target=plan.target,
        changes=plan.changes,
        policy=deps.policy.digest,
        wave=incident.waves + 1,
        left=plan.left,
        before={name: controls[name] for name, _ in plan.goal} | dict(incident.before),
        in_force=None if state.policy == deps.policy.digest else state.policy,
        override=aside,
        approved=approved(incident, plan),
    )


def _refused(
    deps: Deps, state: State, incident: Incident, payload: StepPayload, refused: SwitchRefused
) -> StepPayload:
    reason = str(refused)
    shown = read_switch(deps, state)
    if not in_part(incident, shown):  # else a part is applied, and it is finished
        rule = refused.rule if refused.rule not in deps.gates.values() else None  # a master switch stands
        state = write(deps, state, ShiftRefused(reason=reason, rule=rule), incident=incident)
    news = overrides(deps.policy, state.incidents[incident.id]) not in ((), granted(incident))
    return payload.to("escalate", code="switch-refused", reason=reason, wait=5 if news else REFUSED)


def _applied(
    deps: Deps, state: State, incident: Incident, plan: Plan, shown: ReadBack, before: Mapping[str, bool]
) -> None:
    states = {name: shown.get(name, before[name]) for name, _ in plan.goal}
    applied = ShiftApplied(plan=plan.digest, wave=incident.waves + 1, states=states, confirmed_by=shown.alone)

    def record(fresh: State) -> None:
        now = fresh.incidents[incident.id]
        if (now.phase, now.epoch) != (Phase.SHIFTING, incident.epoch):
            raise JournalConflict(f"{incident.id} went on without this step")
        write(deps, fresh, applied, incident=now)

    # It is applied, whatever others wrote meanwhile: a mute, a command that was refused.
    retry_on_conflict(partial(load_state, deps), record, first=state)


def settle_time(deps: Deps, incident: Incident) -> float:
    """Return the seconds between a wave and the look at its result."""
    return deps.policy.about(incident.source).settle_of(incident.intent)


def _fence(deps: Deps, incident: Incident, payload: StepPayload) -> None:
    """Raise unless this driver may still send.

    It may with the same epoch and the same policy in force, armed, and with the incident as intended.
    """
    lease = deps.leases.read(deps.application)
    if lease is None or lease.epoch != payload.epoch:
        raise JournalConflict(f"epoch {payload.epoch} no longer drives {incident.id}")
    now = load_state(deps)
    if now.stopped:
        raise JournalConflict(now.stopped)
    intents = [intent.said for intent in now.intents if intent.incident == incident.id]
    if not intents or now.policy != (intents[-1].in_force or intents[-1].policy):
        raise JournalConflict("another policy was loaded after the shift was intended")
    if now.incidents[incident.id] != incident:
        raise JournalConflict(f"{incident.id} changed after the shift was intended")
