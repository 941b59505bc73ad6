"""The player of a recording, which reports what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import floor
from typing import Any, Literal

from controller.aws.events.parse import parse
from controller.core.evidence.registry import why_unnamed
from controller.core.model import Ended, Ignored, Probe, Sighting
from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled, expected_signals, parse_policy
from controller.core.text import sanitize
from controller.lab.environment.approvers import answer_if_asked
from controller.lab.replay.alarm_states import levels_of
from controller.lab.replay.events import Arrival, BadFile, Recording, Refusal
from controller.lab.replay.report import document
from controller.lab.replay.stage import Composition, Ready, ReplayCloud, build_replay_cloud
from controller.rehearsal.service import ACCOUNT
from controller.steps.operator.approve import answer

Approve = Literal["auto", "deny", "never"]
LEAD, TAIL = 60.0, 120.0
"""Seconds before the first arrival, and after the last one."""
BEAT = 5.0
STRANGER = "000000000000"


@dataclass(frozen=True, slots=True)
class Sorted:
    """Holds what is played, what is evidence, and what is ignored.

    sightings: the evidence, of signals that the policy names, in order of arrival. ignored: the rest, with
    the reason.
    """

    played: tuple[Arrival, ...]
    sightings: tuple[Sighting, ...]
    ignored: tuple[Refusal, ...]
    account: str


def replay(
    policy: Policy,
    recording: Recording,
    works: Composition,
    *,
    approve: Approve = "auto",
    ready: Ready = "yes",
    account: str | None = None,
    alone: bool = False,
    tick: Callable[[float], None] = lambda _share: None,
) -> dict[str, Any]:
    """Return the document `tidegate.replay/v1`, without its schema's name.

    Raises `BadFile`. account: whose events count; by default that of the first line. alone: one controller,
    which is quicker. tick: called with the share that is done.
    """
    sorted_ = sort(policy, recording, account)
    if not sorted_.played:
        raise BadFile("holds no event from a Region that this policy watches")
    start = floor((sorted_.played[0].received - LEAD) / 60.0) * 60.0
    theatre = build_replay_cloud(
        undrilled(policy), works, levels_of(sorted_.played), start=start, ready=ready, alone=alone
    )
    _feed(theatre, sorted_.played)
    end = sorted_.played[-1].received + TAIL
    written = -1
    while (now := theatre.kernel.now()) < end:
        theatre.kernel.run(until=min(now + BEAT, end))
        if theatre.cloud.journal.writes != written:
            written = theatre.cloud.journal.writes
            if approve != "never":
                answer_if_asked(theatre.operator, approve, answer)
        tick((theatre.kernel.now() - start) / (end - start))
    return document(theatre, policy.digest, recording.read, len(sorted_.sightings), sorted_.ignored)


def undrilled(policy: Policy) -> Policy:
    """Return the policy without scheduled drills; its windows stay.

    The recording knows nothing of such drills.
    """
    if policy.drills is None or "cron" not in compiled(policy)["drills"]:
        return policy
    data = compiled(policy)
    del data["drills"]["cron"]
    return parse_policy(data)


def sort(policy: Policy, recording: Recording, account: str | None) -> Sorted:
    """Sort each line into what is played, what is evidence, what is ignored.

    Events of the account in question are played as the rehearsal's own.
    """
    whose = account or (str(recording.arrivals[0].event["account"]) if recording.arrivals else ACCOUNT)
    named = {signal.id for signal in expected_signals(policy, ACCOUNT)}
    heard = _heard(policy)
    played: list[Arrival] = []
    sightings: list[Sighting] = []
    ignored = list(recording.refused)
    for arrival in recording.arrivals:
        event = _as_ours(arrival.event, whose)
        ours = replace(arrival, event=event)
        if str(event["region"]) not in heard:
            ignored.append(_refuse(arrival, f"no rule forwards what happens in {event['region']}"))
            continue
        found = parse(event, arrival.received)
        if isinstance(found, Probe | Ended):
            ignored.append(_refuse(arrival, "it tells of tidegate's own work at that time"))
            continue
        played.append(ours)
        if isinstance(found, Ignored):
            ignored.append(_refuse(arrival, found.reason))
        elif found.signal in named:
            sightings.append(found)
        else:
            ignored.append(_refuse(arrival, _why_unnamed(found, policy, whose)))
    return Sorted(tuple(played), tuple(sightings), tuple(sorted(ignored, key=lambda each: each.line)), whose)


def _heard(policy: Policy) -> set[str]:
    """Return the Regions from which events come.

    Watched Regions forward their events; a controller's own bus feeds its queue.
    """
    places = {signal.observer for signal in expected_signals(policy, ACCOUNT)}
    return {*policy.regions, *policy.controllers, *places}


def _as_ours(event: Mapping[str, Any], whose: str) -> dict[str, Any]:
    if event["account"] == whose:
        return {**event, "account": ACCOUNT}
    return {**event, "account": STRANGER} if event["account"] == ACCOUNT else dict(event)


def _why_unnamed(found: Sighting, policy: Policy, whose: str) -> str:
    return why_unnamed(found.signal, policy, ACCOUNT).replace(ACCOUNT, whose)


def _refuse(arrival: Arrival, reason: str) -> Refusal:
    return Refusal(arrival.line, sanitize(reason, 300))


def _feed(theatre: ReplayCloud, played: tuple[Arrival, ...]) -> None:
    """Publish the events, one at a time in the kernel's queue.

    So the queue stays short, however long the file is.
    """
    left = iter(played)

    def give(arrival: Arrival) -> None:
        theatre.publish(arrival.event)
        after()

    def after() -> None:
        arrival = next(left, None)
        if arrival is not None:
            theatre.kernel.at(arrival.received, lambda: give(arrival))

    after()
