"""The data that a page shows: journal, evidence, controls, last decisions.

It writes nothing. Questions about the whole journal are answered without reading all of it at each look:

```
 events  1 ........ 100 ........ 200 ........ 300 ..x
 kept         state @100  state @200  state @300 ─ fold the rest
```
"""

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from controller.core.decision.traffic_share import MINUTE, Counted
from controller.core.evidence.evaluation import Track, View, view
from controller.core.incident.fold import fold
from controller.core.incident.state import State
from controller.core.journal.event import Event
from controller.core.journal.moves import Answer, AnswerRefused, ApprovalExpired, ApprovalRequested, Reminded
from controller.core.policy.schema import Policy
from controller.ports.errors import EvidenceUnavailable, OutsideUnreachable
from controller.readmodel.run import Story
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state_and_events
from controller.steps.context.own_records import own_records
from controller.steps.context.situation import read_switch
from controller.steps.incident.traffic_proof import counted_by_region
from controller.steps.operator.past_moments import WATCHED, last_decisions

NewestFirst = Callable[[str, float], Iterable[tuple[float, dict[str, Any]]]]
"""`ports.storage.Assessments.newest_first`: (application, back to when)."""
Probes = Callable[[NewestFirst, str, Iterable[str], float], dict[str, Any]]
SHORTLY = 4.0
"""Seconds for which routing controls are kept. Fifty people who look must not become a load on ARC."""
SPANS = 16
"""The number of time ranges whose counted requests are kept."""
LATELY = 30.0
"""Seconds for which probes are kept. They come once an hour, and are searched in hours of assessments."""
EVERY = 100
"""Events between two states that are kept."""
ABOUT_REQUEST = ApprovalRequested | Answer | AnswerRefused | ApprovalExpired | Reminded


@dataclass(frozen=True, slots=True)
class Instruments:
    """The functions that `entry` lends the console from other packages.

    picture: an incident's story as SVG, and its style sheet. probes, drills: as `tidegate status` tells them.
    dead_letters: the number of events that could not be handled; None where that is unknown.
    """

    picture: Callable[[Story], str]
    sheet: str
    probes: Probes
    drills: Callable[[Policy, State, float], dict[str, Any]]
    dead_letters: Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """The data of one look.

    decided: Region -> (time, the decision as stored), of the last minutes.
    evidence: None where its table does not answer; controls: None where no ARC endpoint does.
    unread: why the journal cannot be read, or ""; then state and events are empty.
    """

    now: float
    state: State
    events: tuple[Event, ...]
    controls: Mapping[str, bool] | None
    evidence: View | None
    decided: Mapping[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    unread: str = ""

    @property
    def watching(self) -> bool:
        """Return True where anything was decided lately."""
        return bool(self.decided)

    def tracks(self, subject: str) -> list[Track]:
        return [t for t in self.evidence.tracks if t.signal.subject == subject] if self.evidence else []


class Controls:
    """The routing controls and the counted requests, kept for a short time.

    Controls are at most `SHORTLY` seconds old; requests are kept by the whole minute.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._read: tuple[float, Mapping[str, bool] | None] | None = None
        self._counted: dict[tuple[float, float], Counted] = {}

    def __call__(self) -> Mapping[str, bool] | None:
        now = self._deps.runtime.monotonic()
        kept = self._read
        if kept is None or not 0 <= now - kept[0] < SHORTLY:
            kept = (now, read_switch(self._deps))
            self._read = kept
        return kept[1]

    def counted(self, since: float, until: float) -> Counted | None:
        """Return each Region's requests by the minute.

        None where the policy names nothing that counts them.
        """
        if self._deps.policy.traffic is None:
            return None
        span = (since // MINUTE * MINUTE, until // MINUTE * MINUTE)
        kept = self._counted.get(span)
        if kept is None:
            kept = counted_by_region(self._deps, since=span[0], until=span[1])
            newest = list(self._counted.items())[1 - SPANS :]
            self._counted = {**dict(newest), span: kept}  # at once: other threads look too
        return kept


def kept(probes: Probes, monotonic: Callable[[], float]) -> Probes:
    """Return `probes`, read at most once in `LATELY` seconds."""
    read: list[tuple[float, dict[str, Any]]] = []

    def ask(back: NewestFirst, application: str, regions: Iterable[str], now: float) -> dict[str, Any]:
        if not read or not 0 <= monotonic() - read[0][0] < LATELY:
            read[:] = [(monotonic(), probes(back, application, regions, now))]
        return read[0][1]

    return ask


def look(deps: Deps, controls: Controls) -> Seen:
    """Return everything that a page shows.

    Raises `OutsideUnreachable`, `JournalUnreadable` where the journal cannot be read.
    """
    return _seen(deps, controls, *read_state_and_events(deps))


def look_without_journal(deps: Deps, controls: Controls, unread: str) -> Seen:
    """Return what a page shows of all but the journal.

    unread: why that cannot be read.
    """
    return replace(_seen(deps, controls, State(deps.application), ()), unread=unread)


def _seen(deps: Deps, controls: Controls, state: State, events: tuple[Event, ...]) -> Seen:
    now = deps.runtime.now()
    return Seen(now, state, events, controls(), _evidence(deps, state, now), latest(deps, now))


def latest(deps: Deps, at: float) -> dict[str, tuple[float, dict[str, Any]]]:
    """Return Region -> the last decision about it before `at`.

    A decision that is older than a tick or two does not count.
    """
    try:
        found = last_decisions(own_records(deps, at - WATCHED, at), frozenset(deps.policy.regions))
    except OutsideUnreachable:
        return {}
    return {region: found[region] for region in deps.policy.regions if region in found}


def _evidence(deps: Deps, state: State, now: float) -> View | None:
    try:
        read = deps.evidence.read(deps.application)
    except EvidenceUnavailable:
        return None
    return view(deps.policy, deps.account, read, now, state.muted)


class Past:
    """The past of one application's journal, which only grows.

    It gives the state at a moment, and the events about a request.
    """

    def __init__(self, application: str) -> None:
        self._application = application
        self._lock = threading.Lock()
        self._seen: Sequence[Event] = ()
        self._kept: list[State] = []
        self._latest: list[float] = []
        self._requests: dict[str, list[Event]] = {}

    def until(self, events: Sequence[Event], at: float) -> State:
        """Return the state after the events that were written until `at`.

        It counts them as `core.journal.event.written_until` does.
        """
        with self._lock:
            self._learn(events)
            count = bisect_right(self._latest, at, hi=len(events))
            while (len(self._kept) + 1) * EVERY <= count:
                done = len(self._kept) * EVERY
                onto = self._kept[-1] if self._kept else None
                self._kept.append(fold(self._application, events[done : done + EVERY], onto))
            place = count // EVERY
            onto = self._kept[place - 1] if place else None
        return fold(self._application, events[place * EVERY : count], onto)

    def about(self, events: Sequence[Event], request: str) -> list[Event]:
        """Return the events that name an approval's request, in order."""
        with self._lock:
            self._learn(events)
            found = tuple(self._requests.get(request, ()))
        return [event for event in found if event.seq <= len(events)]

    def _learn(self, events: Sequence[Event]) -> None:
        """Read the new events.

        A reader of an older journal may come later, with fewer events.
        """
        both = min(len(self._seen), len(events))
        if both and self._seen[both - 1].hash != events[both - 1].hash:
            self._seen = ()
            for kept in (self._kept, self._latest, self._requests):
                kept.clear()
        for event in events[len(self._seen) :]:
            self._latest.append(max(event.at, self._latest[-1] if self._latest else event.at))
            if isinstance(event.body, ABOUT_REQUEST):
                self._requests.setdefault(event.body.approval, []).append(event)
        if len(events) >= len(self._seen):
            self._seen = events
