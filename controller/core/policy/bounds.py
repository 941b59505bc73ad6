"""The bounds of a policy's names, set by AWS and by the journal.

| name | made from | at most |
|---|---|---|
| the controls of an intent | every control, twice: how it was, and how it is put | `CONTROLS` bytes |
| alarm, canary, table of `replication` | its template and the longest Region | 255 |
| readiness check of `arcReadiness` | its template and the longest Region | 64 |
| the rule of the composite alarm of a family | every alarm of it in one Region | 10,240 |

What was in force before a bound is read all the same (`parse_policy`).
"""

from collections.abc import Iterator, Sequence

from controller.core.canonical_json import ascii_json
from controller.core.policy.readiness_checks import ArcCheck, ReadyCheck, ReplicationCheck
from controller.core.policy.schema import (
    AlarmSignal,
    CanarySignal,
    Policy,
    Restore,
    RestoreHere,
    Target,
    TargetHere,
)
from controller.core.policy.terms import Path, Problem

NAME = 255
"""Characters of the name of an alarm, a canary and a table (API references of the three services)."""
ARC_CHECK = 64
"""Characters of a readiness check's name (Route 53 ARC readiness API reference)."""
RULE = 10_240
"""Characters of the rule of a composite alarm (PutCompositeAlarm)."""
AROUND, BETWEEN = len('ALARM("")'), len(" OR ")


CONTROLS = 14_600
"""Bytes of the controls in an intent. What is beside them takes 1,600 at most."""


def bound_problems(policy: Policy) -> Iterator[Problem]:
    """Yield each name and list that AWS would refuse where it is used."""
    yield from _controls(policy)
    longest = max(policy.regions, key=len)
    for family, sources in policy.signals.items():
        for index, source in enumerate(sources):
            if isinstance(source, AlarmSignal):
                yield from _too_long(("signals", family, index, "alarm"), source.alarm, longest, NAME)
            elif isinstance(source, CanarySignal):
                yield from _too_long(("signals", family, index, "canary"), source.canary, longest, NAME)
        alarms = [source.alarm for source in sources if isinstance(source, AlarmSignal)]
        rule = sum(len(name.replace("{region}", longest)) + AROUND + BETWEEN for name in alarms) - BETWEEN
        if rule > RULE:
            message = (
                f"the composite alarm over the alarms of {family} in {longest} needs a rule of {rule} "
                f"characters, and CloudWatch takes {RULE}; use shorter names, or a second family"
            )
            yield Problem(("signals", family), message)
    for path, checks in _ready(policy):
        for index, check in enumerate(checks):
            if isinstance(check, ReplicationCheck):
                yield from _too_long((*path, index, "replication"), check.replication, longest, NAME)
            elif isinstance(check, ArcCheck):
                yield from _too_long((*path, index, "arcReadiness"), check.arc_readiness, longest, ARC_CHECK)


def _controls(policy: Policy) -> Iterator[Problem]:
    """Yield a problem where a move of every control fits into no event.

    A return may change all of them: each Region that stood in is turned off. `Confirmed`, `DriftSeen` and the
    rest hold fewer, or can be shortened (`core.event_size`).
    """
    names = [name for entry in policy.regions.values() for name in entry.controls]
    intent = {"changes": [[name, False] for name in names], "before": dict.fromkeys(names, False)}
    size = len(ascii_json(intent))
    if size > CONTROLS:
        average = sum(len(name) for name in names) / len(names)
        message = (
            f"{len(names)} controls with names of {average:.0f} characters take {size} bytes of an event, in "
            f"which each stands twice; at most {CONTROLS} fit: use shorter names, or fewer slices"
        )
        yield Problem(("regions",), message)


def _too_long(at: Path, template: str, region: str, most: int) -> Iterator[Problem]:
    name = template.replace("{region}", region)
    if len(name) > most:
        where = f" for {region}" if "{region}" in template else ""
        yield Problem(at, f"a name of {len(name)} characters{where}, and AWS takes {most}; use a shorter one")


def _ready(policy: Policy) -> Iterator[tuple[Path, Sequence[ReadyCheck]]]:
    moves: list[tuple[Path, Target | TargetHere | Restore | RestoreHere | None]] = [
        (("target",), policy.target), (("restore",), policy.restore),
    ]  # fmt: skip
    for region, entry in policy.regions.items():
        moves += [
            (("regions", region, "target"), entry.target),
            (("regions", region, "restore"), entry.restore),
        ]
    for path, move in moves:
        if move is not None and move.ready is not None:
            yield (*path, "ready"), move.ready
