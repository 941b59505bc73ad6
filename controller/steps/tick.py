"""Tick, once a minute: look at levels and not only at edges, decide, write it down, keep alive."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from controller.core.decide import decide
from controller.core.model import Ignored, Sighting
from controller.core.policy import AlarmSignal
from controller.core.report import decision_data
from controller.ports.errors import EvidenceUnavailable, JournalConflict, OutsideUnreachable, TokenClosed
from controller.steps.alive import keep_alive
from controller.steps.context import Deps, note, page, read_switch, remember, situation
from controller.steps.judge import judge_again_if_late

PATIENCE = 15.0
"""Seconds, as a backstop: a poll ends itself after one. At speed 60 this is 250 ms of a loaded machine."""


def tick(deps: Deps) -> dict[str, object]:
    """Poll, decide, record; start what has no driver; end what nobody answered."""
    now = deps.runtime.now()
    silent = _poll(deps)
    try:
        memory = remember(deps)
    except OutsideUnreachable as error:
        return _without_journal(deps, now, str(error))
    controls = read_switch(deps)
    judged = judge_again_if_late(deps, memory, controls)
    record = {
        "by": "tick",
        "silent_regions": silent,
        "controls": None if controls is None else dict(controls),
        "decisions": [decision_data(decision) for decision in judged.decisions],
    }
    note(deps, now, record)
    incident = judged.memory.open
    if incident is not None and judged.opened is None:
        about = next(d for d in judged.decisions if d.region == incident.source)
        # A sibling that writes first has done the same, or more.
        with suppress(JournalConflict, TokenClosed):
            keep_alive(deps, judged.memory, incident, about)
    return {"decisions": {d.region: d.code for d in judged.decisions}, "silent_regions": silent}


def _without_journal(deps: Deps, now: float, error: str) -> dict[str, object]:
    """Say that nothing may be done; page at the second such tick in a row, since one answer may get lost."""
    seen = situation(deps, None, read_controls=False)
    decisions = [decide(seen, region) for region in deps.policy.regions]
    try:
        before = deps.assessments.between(deps.application, now - 200.0, now)
        lately = [_unreadable(record) for _, record in before if record.get("by") == "tick"]
        second = lately[-1:] == [True] and lately[-2:] != [True, True]
    except OutsideUnreachable:
        second = True
    if second:
        page(
            deps, f"{deps.application}: the journal does not answer", f"{error}\nNothing moves until it does."
        )
    note(deps, now, {"by": "tick", "decisions": [decision_data(decision) for decision in decisions]})
    return {"decisions": {d.region: d.code for d in decisions}, "silent_regions": []}


def _unreadable(record: Mapping[str, Any]) -> bool:
    return any(decision["code"] == "journal-unreadable" for decision in record["decisions"])


def _poll(deps: Deps) -> list[str]:
    """Each alarm's state as it is now, all Regions side by side; returns those that did not answer."""
    names = {region: _alarms(deps, region) for region in deps.policy.regions}
    tasks = {
        region: deps.runtime.spawn(lambda region=region: _poll_one(deps, region, names[region]))  # type: ignore[misc]
        for region in names
        if names[region]
    }
    ends = deps.runtime.monotonic() + PATIENCE
    while (rest := [t for t in tasks.values() if not t.done()]) and deps.runtime.monotonic() < ends:
        deps.runtime.wait(rest, ends - deps.runtime.monotonic())
    answers = {region: task.result() if task.done() else None for region, task in tasks.items()}
    sightings = [s for answer in answers.values() for s in answer or () if isinstance(s, Sighting)]
    if sightings:
        # Unreadable evidence is said by the decision; the heartbeats below must not wait for it.
        with suppress(EvidenceUnavailable):
            deps.evidence.record(deps.application, sightings)
    return sorted(region for region, answer in answers.items() if answer is None)


def _poll_one(deps: Deps, region: str, names: Sequence[str]) -> Sequence[Sighting | Ignored] | None:
    try:
        return deps.polls.poll(region, names)
    except EvidenceUnavailable:
        return None


def _alarms(deps: Deps, region: str) -> list[str]:
    return [
        source.alarm.replace("{region}", region)
        for sources in deps.policy.signals.values()
        for source in sources
        if isinstance(source, AlarmSignal)
    ]
