"""The tick, once a minute: look, decide, write it down, keep alive.

It looks at levels and not only at edges.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from controller.core.decision.cooldown import has_soaked, soak, stops
from controller.core.decision.decide import Situation
from controller.core.decision.plan import serving
from controller.core.decision.precedence import abstains
from controller.core.explanation import decision_data
from controller.core.incident.state import Incident, State
from controller.core.journal.notes import Recovered
from controller.core.model import Ignored, Observation, Sighting, Verdict, look_id
from controller.core.policy.schema import AlarmSignal
from controller.core.text import format_duration, sanitize
from controller.ports.errors import (
    EvidenceUnavailable,
    JournalConflict,
    JournalUnreadable,
    OutsideUnreachable,
    TokenClosed,
)
from controller.ports.runtime import fan_out
from controller.steps.context.checkpoint import keep_checkpoint
from controller.steps.context.deps import Deps
from controller.steps.context.governance import governed_if_read, keep_own_policy_if_in_force
from controller.steps.context.journalling import load_state, write
from controller.steps.context.paging import note, tell_restorations, tell_untold
from controller.steps.context.situation import read_switch, refresh, situation
from controller.steps.incident.drift import change_data, record_drift, repair_echo
from controller.steps.incident.opening import RegionAssessments, assess_regions_retrying
from controller.steps.tick.alert_pages import look_for_alerts, page_alerts
from controller.steps.tick.heartbeat import beat, illness, last_beat_data
from controller.steps.tick.keep_alive import keep_alive
from controller.steps.tick.scheduled_drills import drill_if_due
from controller.steps.tick.self_checks import page_stuck_step, record_gap, record_unreadable_journal
from controller.steps.tick.takeover import Standing, look_at_driver, standing_data, take_over_if_still

HOUR = 3600.0
SWEEP = 120.0
"""Seconds at the begin of each hour in which names expire: two ticks may be 119 s apart."""
PATIENCE = 15.0
"""Seconds, as a last limit: a poll ends itself after one. At speed 60 this is 250 ms of a loaded machine."""


def tick(deps: Deps) -> dict[str, object]:
    """Poll, decide and record; keep the open incident going.

    It starts what has no driver, and ends what nobody answered.
    """
    now = deps.runtime.now()
    polled = _poll(deps)
    try:
        state = record_gap(deps, load_state(deps), now)
    except (OutsideUnreachable, JournalUnreadable) as error:
        return record_unreadable_journal(deps, now, error) | beat(deps, "the journal cannot be read")
    moving = _prepared(deps, state)
    if moving.policy.digest != deps.policy.digest:
        _poll(moving)  # its signals too: the incident goes on by them
    refresh(moving.policy, state, deps.readiness, deps.snapshots, deps.runtime)
    seen = situation(deps, state, read_controls=False, controls=read_switch(deps, state))
    state = _look_for_drift(moving, seen, state)
    state = _record_recovery(deps, seen, state)
    assessed = assess_regions_retrying(deps, seen, state)
    standing = _driver(deps, assessed.state, now)
    look = look_for_alerts(deps, assessed.seen, assessed.state, assessed.decisions)
    record = {
        "by": "tick",
        "silent_regions": polled.silent,
        "refused_regions": polled.refused,
        "controls": None if seen.controls is None else dict(seen.controls),
        "decisions": [decision_data(decision) for decision in assessed.decisions],
        "waits": dict(assessed.waits),
        **change_data(deps, state),
        **standing_data(standing),
        **look.memory,
        **last_beat_data(deps),
    }
    keep_checkpoint(deps, assessed.state)
    written = note(deps, now, record)
    state = tell_untold(deps, page_stuck_step(deps, assessed.state), asked=look.asked)
    if assessed.opened is None:  # else its first step writes just now: what is due is told by the next tick
        state = page_alerts(deps, state, look)
    incident = state.open
    if incident is not None and assessed.opened is None:
        # Another process that writes first has done the same, or more.
        with suppress(JournalConflict, TokenClosed):
            _keep_going(deps, replace(assessed, state=state), incident, standing)
    drill_if_due(deps, assessed.seen, state)
    _expire_names(deps, now)
    codes = {decision.region: decision.code for decision in assessed.decisions}
    gauges = {"controls_on": _on(deps, seen.controls), "incident_open": state.open is not None}
    polls = {"silent_regions": polled.silent, "refused_regions": sorted(polled.refused)}
    ill = illness(assessed.seen, state, written=written, refused=polled.refused)
    return {"decisions": codes, **polls, **gauges, **beat(deps, ill)}


def _prepared(deps: Deps, state: State) -> Deps:
    """Return the hold by which the open incident goes on.

    By then people know which journals were restored.
    """
    keep_own_policy_if_in_force(deps, state)
    tell_restorations(deps)
    return governed_if_read(deps, state, state.open) if state.open else deps


def _expire_names(deps: Deps, now: float) -> None:
    """Delete the names whose days are over, in the first minutes of an hour.

    Whoever else does the same does no harm; where nobody answers, the next hour's tick does it.
    """
    if now % HOUR < SWEEP:
        with suppress(OutsideUnreachable):
            deps.people.expire()


def _on(deps: Deps, controls: Mapping[str, bool] | None) -> dict[str, int]:
    """Return the number of controls that are On in each Region.

    Empty where the controls cannot be read.
    """
    if controls is None:
        return {}
    return {region: serving(deps.policy, region, controls) for region in deps.policy.regions}


def _keep_going(
    deps: Deps, assessed: RegionAssessments, incident: Incident, standing: Standing | None
) -> None:
    deps = governed_if_read(deps, assessed.state, incident)
    if standing is not None:
        take_over_if_still(deps, assessed.seen, assessed.state, incident, standing)
    else:
        about = next(d for d in assessed.decisions if d.region == incident.source)
        keep_alive(deps, assessed.seen, assessed.state, incident, about)


def _driver(deps: Deps, state: State, now: float) -> Standing | None:
    try:
        return look_at_driver(deps, state, now)
    except OutsideUnreachable:  # how long it has stood still is counted anew
        return None


def _look_for_drift(deps: Deps, seen: Situation, state: State) -> State:
    try:
        repaired = repair_echo(deps, seen, state)
        return record_drift(deps, state, seen.controls) if repaired is state else repaired
    except JournalConflict:  # what another wrote may be this shift; the next tick knows
        return load_state(deps)


def _record_recovery(deps: Deps, seen: Situation, state: State) -> State:
    """Write `Recovered` for each stopped Region that was well for a soak.

    The evidence is not kept for ever, so that it was well is: what was stopped may begin again.
    """
    standing = stops(state, deps.policy.regions)
    if not standing or abstains(seen) is not None:
        return state
    with suppress(JournalConflict):  # another was faster, or the next tick tries again
        for region, stopped in standing.items():
            if has_soaked(deps.policy, seen.seen, region, stopped):
                period = soak(deps.policy, region)
                reason = (
                    f"{region} was well, unbroken, for {format_duration(period)}: what was stopped may begin"
                )
                well = Recovered(region=region, since=seen.now - period, reason=reason)
                state = write(deps, state, well)
    return state


@dataclass(frozen=True, slots=True)
class Polled:
    """The result of one round of polls.

    silent: the Regions that did not answer. refused: Region -> the sentence by which it did not let us look.
    """

    silent: list[str]
    refused: dict[str, str]


def _poll(deps: Deps) -> Polled:
    """Record each alarm's present state, and each look that was refused.

    All Regions are polled in parallel.
    """
    names = {region: _alarms(deps, region) for region in deps.policy.regions}
    work = {region: partial(_poll_one, deps, region, asked) for region, asked in names.items() if asked}
    answers = fan_out(deps.runtime, work, PATIENCE)
    refused: dict[str, str] = {}
    silent: list[str] = []
    sightings: list[Sighting] = []
    for region in sorted(work):
        answer = answers.get(region)
        if answer is None or (isinstance(answer, EvidenceUnavailable) and not answer.refused):
            silent.append(region)
        elif isinstance(answer, EvidenceUnavailable):
            refused[region] = str(answer)
            sightings.append(_refused_look(deps, region, str(answer)))
        else:
            sightings += [each for each in answer if isinstance(each, Sighting)]
    if sightings:
        # Unreadable evidence is said by the decision; the heartbeats below must not wait for it.
        with suppress(EvidenceUnavailable):
            deps.evidence.record(deps.application, sightings)
    return Polled(silent, refused)


def _poll_one(
    deps: Deps, region: str, names: Sequence[str]
) -> Sequence[Sighting | Ignored] | EvidenceUnavailable:
    try:
        return deps.polls.poll(region, names)
    except EvidenceUnavailable as error:
        return error


def _refused_look(deps: Deps, region: str, why: str) -> Sighting:
    """Return the record of a refused poll, which keeps silence from being claimed (S21)."""
    now = deps.runtime.now()
    look = look_id(kind="alarm", account=deps.account, observer=region)
    seen = Observation(now, now, Verdict.UNKNOWN, "poll", f"refused:{region}:{int(now)}", sanitize(why, 200))
    return Sighting(look, seen)


def _alarms(deps: Deps, region: str) -> list[str]:
    return [
        source.alarm.replace("{region}", region)
        for sources in deps.policy.signals.values()
        for source in sources
        if isinstance(source, AlarmSignal)
    ]
