"""Tick, once a minute: look at levels and not only at edges, decide, write it down, keep alive."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from controller.core.decide import decide
from controller.core.guards import binding
from controller.core.incident import Incident, Memory, Phase, Request
from controller.core.journal import Kind
from controller.core.model import Decision, Ignored, Sighting
from controller.core.policy import AlarmSignal
from controller.core.report import decision_data
from controller.ports.errors import EvidenceUnavailable, JournalConflict, OutsideUnreachable, TokenClosed
from controller.steps.context import Deps, note, page, read_switch, remember, situation, write
from controller.steps.hand_over import hand_on
from controller.steps.judge import drive, execution_name, judge_again_if_late

PATIENCE = 15.0
"""Seconds, as a backstop: a poll ends itself after one. At speed 60 this is 250 ms of a loaded machine."""

TOO_MANY = 3
"""Executions of one incident that ended before it did; then people are told."""


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
            _keep_alive(deps, judged.memory, incident, about)
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


def _keep_alive(deps: Deps, memory: Memory, incident: Incident, about: Decision) -> None:
    """Start an execution that is missing; heartbeat, expire or complete a callback that waits."""
    if not deps.workflow.running(execution_name(incident.id, incident.runs)):
        if drive(deps, incident):
            return
        # The name is taken and nothing runs: it failed. The next run drives with a new epoch.
        memory = hand_on(deps, memory, incident, "its execution had ended")
        if incident.runs + 1 == TOO_MANY:
            _too_many(deps, memory, memory.incidents[incident.id])
        return
    if incident.request is not None:
        _tend_request(deps, memory, incident, about)


def _too_many(deps: Deps, memory: Memory, incident: Incident) -> None:
    reason = f"{TOO_MANY} executions of it have ended before their time"
    write(deps, memory, Kind.ESCALATED, data={"code": "takeovers", "reason": reason}, incident=incident)
    page(deps, f"{incident.id}: takeovers", reason)


def _tend_request(deps: Deps, memory: Memory, incident: Incident, about: Decision) -> None:
    """Keep the callback alive; end it where nobody answered, or where the question is no longer this one."""
    request = incident.request
    assert request is not None
    answer = request.status
    if answer == "waiting" and incident.phase is Phase.ASKED and deps.runtime.now() >= request.expires:
        write(deps, memory, Kind.APPROVAL_EXPIRED, data={"approval": request.id}, incident=incident)
        page(deps, f"{incident.id}: nobody answered", "Silence is a denial; no traffic moves.")
        answer = "expired"
    elif answer == "waiting" and _another_matter(deps, incident, request, about):
        answer = "not needed"
    approval = deps.approvals.get(request.id)
    if approval is None:
        return
    if answer == "waiting":
        deps.workflow.heartbeat(approval.token)
    else:
        deps.workflow.succeed(approval.token, {"answer": answer})


def _another_matter(deps: Deps, incident: Incident, request: Request, about: Decision) -> bool:
    """Whether there is no longer anything to ask, or another plan to ask about: the workflow looks again."""
    if about.action == "ask" and about.plan is not None:
        return binding(deps.policy, incident, about.plan) != request.digest
    return about.action in ("stand_down", "act")
