"""Tick, once a minute: look at levels and not only at edges, decide, write it down, keep alive."""

from collections.abc import Sequence

from controller.core.incident import Incident, Memory
from controller.core.journal import Kind
from controller.core.model import Ignored, Sighting
from controller.core.policy import AlarmSignal
from controller.core.report import decision_data
from controller.ports.errors import EvidenceUnavailable, JournalConflict, TokenClosed
from controller.steps.context import Deps, page, read_switch, remember, write
from controller.steps.hand_over import hand_on
from controller.steps.judge import drive, execution_name, judge_regions


def tick(deps: Deps) -> dict[str, object]:
    """Poll, decide, record; start what has no driver; end what nobody answered."""
    now = deps.runtime.now()
    silent = _poll(deps)
    memory = remember(deps)
    controls = read_switch(deps)
    judged = judge_regions(deps, memory, controls)
    record = {
        "by": "tick",
        "silent_regions": silent,
        "controls": None if controls is None else dict(controls),
        "decisions": [decision_data(decision) for decision in judged.decisions],
    }
    deps.assessments.add(deps.application, now, record)
    incident = judged.memory.open
    if incident is not None and judged.opened is None:
        _keep_alive(deps, judged.memory, incident)
    return {"decisions": {d.region: d.code for d in judged.decisions}, "silent_regions": silent}


def _poll(deps: Deps) -> list[str]:
    """Each alarm's state as it is now, all Regions side by side; returns those that did not answer."""
    names = {region: _alarms(deps, region) for region in deps.policy.regions}
    tasks = {
        region: deps.runtime.spawn(lambda region=region: _poll_one(deps, region, names[region]))  # type: ignore[misc]
        for region in names
        if names[region]
    }
    ends = deps.runtime.monotonic() + 5.0
    while (rest := [t for t in tasks.values() if not t.done()]) and deps.runtime.monotonic() < ends:
        deps.runtime.wait(rest, ends - deps.runtime.monotonic())
    answers = {region: task.result() if task.done() else None for region, task in tasks.items()}
    sightings = [s for answer in answers.values() for s in answer or () if isinstance(s, Sighting)]
    if sightings:
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


def _keep_alive(deps: Deps, memory: Memory, incident: Incident) -> None:
    """Start an execution that is missing; heartbeat, expire or complete a callback that waits."""
    if not deps.workflow.running(execution_name(incident.id, incident.runs)):
        if drive(deps, incident):
            return
        # The name is taken and nothing runs: it failed. The next run drives with a new epoch.
        hand_on(deps, memory, incident, "its execution had ended")
        return
    if incident.request is not None:
        _tend_request(deps, memory, incident)


def _tend_request(deps: Deps, memory: Memory, incident: Incident) -> None:
    request = incident.request
    assert request is not None
    approval = deps.approvals.get(request.id)
    if approval is None:
        return
    try:
        if request.status == "waiting" and deps.runtime.now() < request.expires:
            deps.workflow.heartbeat(approval.token)
            return
        if request.status == "waiting":
            data = {"approval": request.id}
            write(deps, memory, Kind.APPROVAL_EXPIRED, data=data, incident=incident)
            page(deps, f"{incident.id}: nobody answered", "Silence is a denial; no traffic moves.")
        deps.workflow.succeed(approval.token, {"answer": request.status})
    except (TokenClosed, JournalConflict):
        return  # decided already: the execution goes on by itself
