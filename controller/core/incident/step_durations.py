"""The durations of the steps of an incident, from the times in the journal.

A step that is slow against its own history is *stuck*.

```
 opened ─confirm─> Confirmed ─ready─> ReadinessConfirmed ─start─> ShiftIntended ─shift─> ShiftApplied ─┐
                          (people are asked: not counted)  ^                                        verify
                                      next wave, or settled└───── settle ───── ShiftVerified <─────────┘
```
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil

from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ApprovalDenied, ApprovalGiven
from controller.core.journal.notes import Escalated
from controller.core.text import format_duration

LEAST = 5
"""Earlier runs of a step below which nothing is said of it."""
KEPT = 50
"""Latest runs of a step that are kept."""
SLOW = 2.0
"""Times the p75 of its earlier runs: one run in four is longer than p75 without any fault."""
ALLOWANCE = 60.0
"""Seconds that a step may take on top of p75, whatever p75 is: ticks look once a minute."""

STEPS: Mapping[Kind, str | None] = {
    Kind.INCIDENT_OPENED: "confirm",
    Kind.RESTORE_OPENED: "confirm",
    Kind.DRILL_OPENED: "confirm",
    Kind.CONFIRMED: "ready",
    Kind.READINESS_CONFIRMED: "start",
    Kind.APPROVAL_REQUESTED: None,
    Kind.APPROVAL_GIVEN: "start",
    Kind.APPROVAL_DENIED: None,
    Kind.APPROVAL_EXPIRED: None,
    Kind.SHIFT_INTENDED: "shift",
    Kind.SHIFT_APPLIED: "verify",
    Kind.SHIFT_REFUSED: None,
    Kind.SHIFT_VERIFIED: "settle",
    Kind.TURNED_BACK: "start",
    Kind.SETTLED: None,
    Kind.ROLLED_BACK: None,
    Kind.STOOD_DOWN: None,
}
"""Kind -> the step that begins with it; None: people are waited for, or it is over."""
DONE: Mapping[str, frozenset[Kind]] = {
    "confirm": frozenset({Kind.CONFIRMED}),
    "ready": frozenset({Kind.READINESS_CONFIRMED}),
    "start": frozenset({Kind.SHIFT_INTENDED}),
    "shift": frozenset({Kind.SHIFT_APPLIED}),
    "verify": frozenset({Kind.SHIFT_VERIFIED}),
    "settle": frozenset({Kind.READINESS_CONFIRMED, Kind.SHIFT_INTENDED, Kind.SETTLED, Kind.ROLLED_BACK}),
}
"""Step -> what ends it when all goes well; a step that ends otherwise does not show how long it takes."""
STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Running:
    """Running is a step of one incident that has not ended.

    since: when it began. told: people were told that it is stuck.
    """

    incident: str
    step: str
    since: float
    told: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """Pace holds the running step and the durations of earlier runs.

    running: the step of the open incident, if any. took: `evacuate/shift` -> seconds of earlier runs.
    """

    intent: str = ""
    running: Running | None = None
    took: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A stuck step has run for `seconds`, much longer than `usual`.

    usual: the p75 of `runs` earlier ones.
    """

    step: str
    seconds: float
    usual: float
    runs: int
    told: bool

    @property
    def sentence(self) -> str:
        usual = format_duration(self.usual) if self.usual >= 1 else "under a second"
        return (
            f"`{self.step}` has run for {format_duration(self.seconds)}; of {self.runs} earlier runs, "
            f"three in four took at most {usual}"
        )


def paced(pace: Pace, event: Event, intent: str | None = None) -> Pace:
    """Return the pace after one more event.

    intent: of the incident that `event` opens, if it opens one.
    """
    kind, running, incident = event.kind, pace.running, event.draft.incident
    if isinstance(event.body, Escalated) and running and event.body.code == STUCK:
        return replace(pace, running=replace(running, told=True))
    if kind not in STEPS or incident is None:
        return pace
    more = isinstance(event.body, ApprovalGiven | ApprovalDenied) and event.body.needed
    begins = None if more else STEPS[kind]  # one of several people said yes
    if running is not None and running.step == begins and running.incident == incident:
        return pace  # tried again: it runs since it first began
    took = pace.took
    if running is not None and running.incident == incident and kind in DONE[running.step]:
        key = f"{pace.intent}/{running.step}"
        took = {**took, key: (*took.get(key, ()), max(0.0, event.at - running.since))[-KEPT:]}
    fresh = None if begins is None else Running(incident, begins, event.at)
    return Pace(intent or pace.intent, fresh, took)


def stuck(pace: Pace, now: float) -> Stuck | None:
    """Return the running step, if it is slow against its own history.

    Returns None also where that history is too short to say.
    """
    running = pace.running
    if running is None:
        return None
    earlier = pace.took.get(f"{pace.intent}/{running.step}", ())
    if len(earlier) < LEAST:
        return None
    usual, seconds = p75(earlier), now - running.since
    if seconds <= max(SLOW * usual, usual + ALLOWANCE):
        return None
    return Stuck(running.step, seconds, usual, len(earlier), running.told)


def p75(values: tuple[float, ...]) -> float:
    """Return the least of `values` that three in four do not exceed."""
    return sorted(values)[ceil(0.75 * len(values)) - 1]
