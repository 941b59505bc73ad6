"""A deployment examined: is everything there that an evacuation will need, and is it fresh?

Each answer is a finding with a sentence. What was asked and did not answer is `unknown`, which is not well.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any, Literal

from controller.core.admission import expected_signals
from controller.core.fold import fold
from controller.core.incident import Memory
from controller.core.journal import Event, broken_at
from controller.core.model import Ignored
from controller.core.text import plain
from controller.entry.drilled import drills_data
from controller.entry.watching import LATE, last_probes
from controller.ports.errors import ControllerError
from controller.settings import Deployment
from controller.steps.context import Deps

Verdict = Literal["ok", "bad", "unknown", "skipped"]
Ask = Callable[[str, str, str | None], Any]
"""(service, Region, endpoint or None) -> a client with short timeouts."""
QUIET = 180.0
"""Seconds without a word from a controller that ticks each minute."""


@dataclass(frozen=True, slots=True)
class Finding:
    """check: what was looked at. where: a Region, or "" for the whole. says: one sentence."""

    check: str
    where: str
    verdict: Verdict
    says: str


@dataclass(frozen=True, slots=True)
class Patient:
    """One controller: what it is deployed with, a hold on its outside, and who asks AWS directly.

    failures: what a client raises where no answer comes.
    """

    deployment: Deployment
    deps: Deps
    ask: Ask
    failures: tuple[type[Exception], ...]


def examine(patients: list[Patient]) -> list[Finding]:
    """Every finding, in the order in which an evacuation would need them."""
    first = patients[0]
    found = [*_endpoints(first), *_switch(first)]
    for patient in patients:
        found += [*_journal(patient), *_watching(patient), *_signals(patient)]
        found += [*_workflow(patient), *_tables(patient), *_letters(patient)]
    return [*found, *_alarms(first), *_probes(first), *_drills(first)]


def _endpoints(patient: Patient) -> Iterator[Finding]:
    """Each by itself: the switch that works with one of five hides the other four."""
    arc = patient.deployment.arc
    if arc is None:
        yield Finding("arc endpoints", "", "skipped", "this deployment moves objects, not routing controls")
        return
    wanted = set(arc.controls.values())
    for region, url in arc.endpoints.items():
        says = partial(Finding, "arc endpoint", region)
        try:
            client = patient.ask("route53-recovery-cluster", region, url)
            pages = client.get_paginator("list_routing_controls").paginate(ControlPanelArn=arc.panel)
            there = {c["RoutingControlArn"] for page in pages for c in page["RoutingControls"]}
        except patient.failures as error:
            yield says("bad", f"does not answer: {_short(error)}")
            continue
        lost = len(wanted - there)
        yield (
            says("bad", f"knows {lost} of our controls not")
            if lost
            else says("ok", "answers, knows them all")
        )


def _switch(patient: Patient) -> Iterator[Finding]:
    policy = patient.deps.policy
    names = [control for entry in policy.regions.values() for control in entry.controls]
    try:
        states = patient.deps.switch.read(names)
    except ControllerError as error:
        yield Finding("routing controls", "", "unknown", f"cannot be read: {_short(error)}")
        return
    for region, entry in policy.regions.items():
        on = sum(states[control] for control in entry.controls)
        yield Finding("routing controls", region, "ok", f"{on} of {len(entry.controls)} On")
    slices = zip(*(entry.controls for entry in policy.regions.values()), strict=True)
    dark = [column for column in slices if not any(states[control] for control in column)]
    if dark:
        yield Finding("routing controls", "", "bad", f"{len(dark)} slices are On nowhere")


def _journal(patient: Patient) -> Iterator[Finding]:
    says = partial(Finding, "journal", patient.deployment.region)
    try:
        events = patient.deps.journal.read(patient.deps.application)
    except ControllerError as error:
        yield says("unknown", f"cannot be read: {_short(error)}")
        return
    broken = broken_at(events)
    whole = f"{len(events)} events, the chain is whole"
    yield says("ok", whole) if broken is None else says("bad", f"the chain is broken at event {broken}")
    memory = fold(patient.deps.application, events)
    same = memory.policy == patient.deps.policy.digest
    told = (
        "the policy here is the one in force"
        if same
        else "another policy is in force: deploy this Region again"
    )
    yield Finding("policy", patient.deployment.region, "ok" if same else "bad", told)


def _watching(patient: Patient) -> Iterator[Finding]:
    says, deps = partial(Finding, "watching", patient.deployment.region), patient.deps
    now = deps.runtime.now()
    try:
        told = deps.assessments.between(deps.application, now - QUIET, now)
    except ControllerError as error:
        yield says("unknown", f"assessments cannot be read: {_short(error)}")
        return
    ago = round(now - told[-1][0]) if told else None
    yield (
        says("bad", f"nothing was decided for {QUIET:.0f} s")
        if ago is None
        else says("ok", f"decided {ago} s ago")
    )


def _signals(patient: Patient) -> Iterator[Finding]:
    """Alarms and canaries of the policy, as they reached this controller, and how long ago."""
    deps, region = patient.deps, patient.deployment.region
    now = deps.runtime.now()
    try:
        kept = deps.evidence.read(deps.application)
    except ControllerError as error:
        yield Finding("signals", region, "unknown", f"evidence cannot be read: {_short(error)}")
        return
    silent = []
    expected = [signal for signal in expected_signals(deps.policy, deps.account) if signal.kind != "health"]
    for signal in expected:
        newest = max((seen.received for seen in kept.get(signal.id, ())), default=0.0)
        if now - newest > signal.silent_after:
            silent.append(f"{signal.name} seen from {signal.observer}")
    told = f"{len(expected)} signals are fresh"
    if silent:
        told = f"{len(silent)} of {len(expected)} are silent: {plain(', '.join(silent), 300)}"
    yield Finding("signals", region, "bad" if silent else "ok", told)


def _workflow(patient: Patient) -> Iterator[Finding]:
    region, d = patient.deployment.region, patient.deployment
    packaged = json.loads(files("controller").joinpath("workflow.asl.json").read_text(encoding="utf-8"))

    def look() -> Finding:
        client = patient.ask("stepfunctions", region, d.endpoint_url)
        found = client.describe_state_machine(stateMachineArn=d.state_machine)
        same = set(json.loads(found["definition"])["States"]) == set(packaged["States"])
        told = "is there, of this version" if same else "is of another version than this command"
        return Finding("workflow", region, "ok" if same else "bad", told)

    yield _tried(patient, "workflow", region, look)


def _tables(patient: Patient) -> Iterator[Finding]:
    d = patient.deployment
    for table, expires in ((d.journal_table, False), (d.evidence_table, True), (d.assessments_table, True)):

        def look(table: str = table, expires: bool = expires) -> Finding:
            client = patient.ask("dynamodb", d.region, d.endpoint_url)
            told = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            on = told["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
            wish = "expires as it should" if expires else "forgets nothing"
            amiss = "never expires: it will grow for ever" if expires else "EXPIRES: the journal must not"
            verdict: Verdict = "ok" if on is expires else "bad"
            return Finding(f"table {table}", d.region, verdict, wish if on is expires else amiss)

        yield _tried(patient, f"table {table}", d.region, look)


def _letters(patient: Patient) -> Iterator[Finding]:
    d = patient.deployment

    def look() -> Finding:
        client = patient.ask("sqs", d.region, d.endpoint_url)
        url, wish = client.get_queue_url(QueueName=d.dead_letters)["QueueUrl"], "ApproximateNumberOfMessages"
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=[wish])["Attributes"]
        count = int(attributes[wish])
        told = f"{count} events could not be handled"
        return Finding("dead letters", d.region, "bad" if count else "ok", told)

    yield _tried(patient, "dead letters", d.region, look)


def _alarms(patient: Patient) -> Iterator[Finding]:
    deps = patient.deps
    for region in deps.policy.regions:
        names = [s.name for s in expected_signals(deps.policy, deps.account, [region]) if s.kind == "alarm"]
        try:
            seen = deps.polls.poll(region, names)
        except ControllerError as error:
            yield Finding("alarms", region, "unknown", f"CloudWatch does not answer: {_short(error)}")
            continue
        lost = [plain(each.reason, 200) for each in seen if isinstance(each, Ignored)]
        told = "; ".join(lost) if lost else f"{len(names)} alarms of the policy are there"
        yield Finding("alarms", region, "bad" if lost else "ok", told)


def _probes(patient: Patient) -> Iterator[Finding]:
    deps = patient.deps
    now = deps.runtime.now()
    try:
        probes = last_probes(deps.assessments.between, deps.application, deps.policy.regions, now)
    except ControllerError as error:
        yield Finding("probe", "", "unknown", _short(error))
        return
    for region, probe in probes.items():
        late = probe is None or probe["age_s"] > LATE
        told = (
            "none came through the intake in the last hours" if probe is None else f"{probe['age_s']} s ago"
        )
        yield Finding("probe", region, "bad" if late else "ok", told)


def _drills(patient: Patient) -> Iterator[Finding]:
    deps = patient.deps
    try:
        memory: Memory = fold(deps.application, _events(deps))
    except ControllerError as error:
        yield Finding("last drill", "", "unknown", _short(error))
        return
    told: Mapping[str, Any] = drills_data(deps.policy, memory, deps.runtime.now())
    good = told["last_success"]
    says = told["warning"] or (f"{good['region']} at {good['at']}" if good else "none yet, and none is due")
    yield Finding("last drill", "", "bad" if told["warning"] else "ok", plain(str(says), 300))


def _events(deps: Deps) -> Iterable[Event]:
    return deps.journal.read(deps.application)


def _tried(patient: Patient, check: str, where: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except patient.failures as error:
        return Finding(check, where, "unknown", f"does not answer: {_short(error)}")


def _short(error: Exception) -> str:
    return plain(str(error), 200) or type(error).__name__
