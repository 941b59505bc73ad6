"""The rests between moves: after traffic moved, and after people said no.

| the last one       | an evacuation of the Region       | a restore or a drill of it    |
|--------------------|-----------------------------------|-------------------------------|
| moved traffic      | after the cooldown                | after the cooldown            |
| was denied         | after the cooldown                | after a soak                  |
| nobody answered    | after `askAgain`, the next asked  | after a soak                  |
| a person stopped it| a person says so, or after a soak | a person says so, or a soak   |

A person who moved traffic by break-glass has moved it, and stopped its return. A soak is unbroken health for
as long as `restore.when` asks. What people refused says nothing about another Region, and a refused restore
or drill keeps no Region from being left. `tidegate ack` ends any of these rests.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Literal

from controller.core.evidence.evaluation import View, truth
from controller.core.incident.state import ENDED, GLASS, INTERRUPTED, Incident, State
from controller.core.model import Truth
from controller.core.policy.conditions import Condition, Leaf
from controller.core.policy.retention import SOAK
from controller.core.policy.schema import Policy
from controller.core.text import format_duration


@dataclass(frozen=True, slots=True)
class Rest:
    """A rest keeps a move back for now.

    why: people denied it, their time ran out, or a person stopped it. until: when it is over by itself;
    infinity: not by the clock.
    """

    why: Literal["denied", "expired", "stopped"]
    until: float
    sentence: str


def cooldown_ends(policy: Policy, moved: Incident) -> float:
    """Return the end of the cooldown that follows an incident that moved traffic.

    Of one that ended where it stood it counts from its last move: it may have stood there for long.
    """
    stood = moved.outcome == INTERRUPTED and moved.moved > 0.0
    return (moved.moved if stood else moved.changed) + policy.limits.cooldown


def return_cooldown_ends(policy: Policy, state: State, left: Incident) -> float:
    """Return the end of the cooldown before a return from `left`.

    Any later move that nobody acknowledged counts as well.
    """
    ended = (i for i in state.incidents.values() if i.intent != "drill" and i.phase in ENDED)
    every = [i for i in ended if i.may_have_moved]
    return max(cooldown_ends(policy, i) for i in (left, *(i for i in every if not i.acknowledged_by)))


def soak(policy: Policy, region: str) -> float:
    """Return the seconds of unbroken health that `restore.when` asks of `region`.

    Returns `SOAK` where the policy has no restore, or one that names no time.
    """
    return policy.return_time(region) or SOAK


def has_soaked(policy: Policy, seen: View, region: str, since: float) -> bool:
    """Return True where `region` was well, unbroken, for a whole soak after `since`."""
    return seen.now - since >= soak(policy, region) and is_well(policy, seen, region)


def is_well(policy: Policy, seen: View, region: str) -> bool:
    """Return True where `region` has been well, unbroken, for a whole soak until now."""
    return truth(_well(policy, region), seen, source=region) is Truth.TRUE


def _well(policy: Policy, region: str) -> Condition:
    """Return `restore.when`, or where it names no time: all is healthy for `SOAK`."""
    restore = policy.about(region).restore
    if restore is not None and policy.return_time(region) is not None:
        return restore.when
    data = {"in": "source", "family": "all", "is": "healthy", "for": f"{int(SOAK)}s"}
    return policy.derived("all is well for a soak", lambda: Leaf.model_validate(data))


def rest_of(policy: Policy, state: State, seen: View, region: str, intent: str) -> Rest | None:
    """Return the rest that a no, or no answer, imposes on `region`.

    Returns None where nothing does. It speaks of the last such incident alone.
    """
    last = state.last_of(region, intent)
    if last is None or last.acknowledged_by:
        return None
    if last.stopped_by is not None:
        return _stopped(policy, state, seen, last)
    if not last.refused or last.request is None:
        return None
    denied = last.request.status == "denied"
    why: Literal["denied", "expired"] = "denied" if denied else "expired"
    ago = format_duration(max(0.0, seen.now - last.changed))
    who = f"{last.request.by} denied" if denied else "nobody answered about"
    if intent != "evacuate":
        until = last.changed + soak(policy, region)
        over = has_soaked(policy, seen, region, last.changed)
        sentence = (
            f"{who} {last.id} {ago} ago; it is asked again once {region} was well for a whole soak more"
        )
        return None if over else Rest(why, until, sentence)
    until = last.changed + (policy.limits.cooldown if denied else policy.limits.ask_again_after)
    times = "" if denied else f", {_times(unanswered(policy, state, region))}"
    left = f"; people are asked again in {format_duration(max(0.0, until - seen.now))}"
    return None if seen.now >= until else Rest(why, until, f"{who} {last.id} {ago} ago{times}{left}")


def _stopped(policy: Policy, state: State, seen: View, last: Incident) -> Rest | None:
    lifted = state.recovered.get(last.source, -inf) >= last.changed
    if lifted or has_soaked(policy, seen, last.source, last.changed):
        return None
    ago, period = format_duration(max(0.0, seen.now - last.changed)), soak(policy, last.source)
    said = f"{last.stopped_by} stopped {last.id} {ago} ago: it stays stopped"
    if last.intent == GLASS:
        said = f"{last.stopped_by} left {last.source} by break-glass {ago} ago: it stays so"
    sentence = (
        f"{said} until a person says otherwise (`tidegate ack {last.id} --reason WHY`), or {last.source} was "
        f"well, unbroken, for {format_duration(period)}"
    )
    return Rest("stopped", inf, sentence)


def rest_between_waves(policy: Policy, status: str) -> float:
    """Return the seconds until a begun move may be asked about again."""
    return policy.limits.cooldown if status == "denied" else policy.limits.ask_again_after


def stops(state: State, regions: Iterable[str]) -> dict[str, float]:
    """Return Region -> the time of a stop by a person that still stands."""
    found: dict[str, float] = {}
    for region in regions:
        lasts = (state.last_of(region, intent) for intent in ("evacuate", "restore", "drill"))
        held = [i.changed for i in lasts if i is not None and i.stopped_by and not i.acknowledged_by]
        standing = [at for at in held if state.recovered.get(region, -inf) < at]
        if standing:
            found[region] = max(standing)
    return found


def unanswered(policy: Policy, state: State, region: str) -> int:
    """Count the questions in a row, about leaving `region`, that nobody answered.

    A row ends where the next question did not follow within a cooldown.
    """
    about = [i for i in state.incidents.values() if (i.source, i.intent) == (region, "evacuate")]
    count, after = 0, None
    for incident in sorted(about, key=lambda i: i.opened, reverse=True):
        if incident.request is None or (incident.request.status == "waiting" and count == 0):
            after = incident.opened
            continue
        expired = incident.refused and incident.request.status == "expired"
        late = after is not None and after - incident.changed > policy.limits.cooldown
        if not expired or late:
            return count
        count, after = count + 1, incident.opened
    return count


def _times(count: int) -> str:
    return "asked once" if count == 1 else f"asked {count} times"
