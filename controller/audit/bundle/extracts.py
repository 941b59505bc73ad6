"""The extracts: first answers for an auditor, as JSON, and a text for strangers.

They are derived from the journal and the assessments of a period, in one place for whoever writes a bundle
and for whoever checks one. Events and records come one by one; memory holds what the answers hold, and a time
for each look.
"""

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from controller.audit.approvals import Given, Questions
from controller.audit.availability import Span, blinded, common, gaps, seconds, without
from controller.audit.bundle.manifest import APPROVALS, GAPS, INCIDENTS, README
from controller.audit.bundle.numbers import Hole
from controller.core.explanation import format_time
from controller.core.incident.fold import apply
from controller.core.incident.state import Incident, State, as_data
from controller.core.journal.event import Event
from controller.core.journal.notes import Blinded, BrokeGlass, PolicyLoaded
from controller.readmodel.run import sentence

TEXT = """A bundle of tidegate's record. `tidegate audit verify FILE --key KEY.pem` checks all of it.

seal.json          what is signed: application, period, and the sha-256 of manifest.json
signature.der      openssl dgst -sha256 -verify public-key.pem -signature signature.der seal.json
public-key.pem     compare it with the key that you were given by another way: a forger brings a key too
manifest.json      every other file, with its size and its sha-256; what could not be read
journal.jsonl      every event from the first to the end of the period, each with the hash of the one before
fleet.jsonl        the same of what binds all applications: the fleet's kill switch, Regions counted
assessments/       what each controller decided and why, also where nothing was done; a file a day. Each
                   record has a number and the hash of the one before: a missing number was deleted or lost
policies/          each policy that was in force and at hand, named by its sha-256
approvals.json     each question to people: who was asked, who answered what and when
incidents.json     each incident of the period, and what happened in it
gaps.json          when each controller, and when all of them, looked at nothing; records that are missing

The last three, and this text, are derived from the others. `verify` derives them anew and compares.
"""
NONSENSE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, OSError)
"""What comes of events whose chain is whole, and whose data nobody wrote."""
MOST_HOLES = 1000
"""Of one Region: who deletes every other record makes no memory full."""
INCIDENT = (
    *(
        "id",
        "intent",
        "source",
        "target",
        "phase",
        "opened_by",
        "requested_by",
        "epoch",
        "driver",
        "approval",
    ),
    *("escalated", "reason", "outcome", "moved", "acknowledged_by", "policy"),
)
"""What an incident's description is made of. Another member would be another form of the file."""


class Extracts:
    """The files that are derived from a period's record.

    begin, end: of the period. only: the one incident that is described, if one is named.
    """

    def __init__(self, application: str, begin: float, end: float, only: str | None) -> None:
        self._state, self._begin, self._end, self._only = State(application), begin, end, only
        self._questions = Questions()
        self._told: dict[str, list[dict[str, Any]]] = {}
        self._heard: dict[str, float] = {}
        self._first: float | None = None
        self._blinded: list[Event] = []
        self._looks: dict[str, array[float]] = {}
        self._holes: dict[str, list[Hole]] = {}
        self.stopped = ""
        self.loaded: list[Event] = []
        """The loadings of policies."""
        self.incidents: set[str] = set()
        self._writers: set[str] = set()
        """Controller Regions that wrote events in the period."""

    def take(self, event: Event) -> None:
        """Take the next event.

        After one that no version could have written, none is taken any more.
        """
        if self.stopped:
            return
        try:
            self._take(event)
        except NONSENSE as error:
            self.stopped = (
                f"event {event.seq} cannot be what tidegate wrote: {type(error).__name__}: {error}"[:200]
            )

    def _take(self, event: Event) -> None:
        self._state = apply(self._state, event)
        self._questions.take(event)
        self._first = event.at if self._first is None else self._first
        if isinstance(event.body, BrokeGlass) and event.draft.incident:
            self._heard[event.draft.incident] = event.at
        if isinstance(event.body, Blinded):
            self._blinded.append(event)
        if isinstance(event.body, PolicyLoaded):
            self.loaded.append(event)
        home = event.draft.by.removeprefix("tidegate@")
        if home != event.draft.by and self._begin <= event.at <= self._end:
            self._writers.add(home)
        if event.draft.incident:
            self.incidents.add(event.draft.incident)
            self._told.setdefault(event.draft.incident, []).append(_told(event))

    @property
    def regions(self) -> set[str]:
        """Return the Regions whose assessments belong to the period.

        Those wrote events in it, or have a controller by a policy that was in force in it.
        """
        said = [(event.at, event.body) for event in self.loaded if isinstance(event.body, PolicyLoaded)]
        before = [each for at, each in said if at < self._begin]
        within = [each for at, each in said if self._begin <= at <= self._end]
        named = (region for each in (*before[-1:], *within) for region in each.controllers)
        return {*self._writers, *named}

    def region(self, region: str) -> None:
        """Note a Region whose assessments are read."""
        self._looks.setdefault(region, array("d"))
        self._holes.setdefault(region, [])

    def join(self, other: "Extracts") -> None:
        """Take what another was told of the Regions' assessments."""
        self._looks |= other._looks
        self._holes |= other._holes

    def look(self, region: str, record: Mapping[str, Any], moment: float) -> None:
        """Take an assessment. moment: by the clock of whoever wrote it."""
        if record.get("by") == "tick":
            self._looks[region].append(moment)

    def hole(self, region: str, hole: Hole) -> None:
        """Take records that are missing.

        Beyond `MOST_HOLES` what lies between them counts as missing too.
        """
        known = self._holes[region]
        if len(known) >= MOST_HOLES:
            known[-1] = replace(known[-1], last=hole.last, until=hole.until)
        else:
            known.append(hole)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the content of each file, by name."""
        derive: Mapping[str, Callable[[], object]] = {
            APPROVALS: self._approvals, GAPS: self._gaps, INCIDENTS: self._incidents
        }  # fmt: skip
        for name, work in derive.items():
            yield name, written(work())
        yield README, TEXT.encode()

    def _approvals(self) -> list[dict[str, Any]]:
        """Return the questions that were asked, or still waited, in the period."""
        return [
            {
                "id": q.id,
                "incident": q.incident,
                "gate": q.gate,
                "digest": q.digest,
                "plan": q.plan,
                "asked": format_time(q.asked),
                "stages": [
                    {"at": format_time(at), "ask": list(ask), "people": people, "until": format_time(until)}
                    for at, ask, people, until in q.stages
                ],
                "answers": [_given(each) for each in q.answers],
                "refused": [_given(each) for each in q.refused],
                "outcome": q.outcome,
                "ended": None if q.ended is None else format_time(q.ended),
            }
            for q in self._questions.all()
            if q.asked <= self._end and (q.ended is None or q.ended >= self._begin)
        ]

    def _incidents(self) -> list[dict[str, Any]]:
        """Return the incidents that were open in the period, or only one."""
        every = self._state.incidents.values()
        found = [i for i in every if (i.id == self._only if self._only else self._in_period(i))]
        return [
            {key: as_data(incident)[key] for key in INCIDENT}
            | {"opened": format_time(incident.opened), "journal": self._told.get(incident.id, [])}
            for incident in found
        ]

    def _in_period(self, incident: Incident) -> bool:
        """Return True where it was open in the period, or the journal heard only then what people did."""
        return max(incident.changed, self._heard.get(incident.id, 0.0)) >= self._begin

    def _gaps(self) -> dict[str, Any]:
        """Return the gaps of each controller, of all together, and those journalled.

        Where records are missing nobody can tell whether the controller looked: that is no gap of its.
        """
        begin = max(self._begin, self._end if self._first is None else self._first)
        spans = {
            region: without(gaps(sorted(looks), begin, self._end), _spans(self._holes[region]))
            for region, looks in self._looks.items()
        }
        journalled = blinded(self._blinded, self._begin, self._end)
        return {
            "by_controller": {region: _span_fields(found) for region, found in spans.items()},
            "nobody": _span_fields(common(spans.values())),
            "journalled": {region: _span_fields(found) for region, found in journalled.items()},
            "missing": {
                region: [_hole_fields(h) for h in holes] for region, holes in self._holes.items() if holes
            },
        }


def written(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()


def _given(answer: Given) -> dict[str, Any]:
    return {
        "at": format_time(answer.at),
        "by": answer.by,
        "said": answer.said,
        "reason": answer.reason,
        "door": answer.door,
        "groups": list(answer.groups),
        "issuer": answer.issuer,
        "subject": answer.subject,
        "signed_in": None if answer.signed_in is None else format_time(answer.signed_in),
    }


def _told(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": format_time(event.at),
        "kind": str(event.kind),
        "by": event.draft.by,
        "says": sentence(event),
    }


def _spans(holes: Sequence[Hole]) -> list[Span]:
    return [(hole.since, hole.until) for hole in holes]


def _hole_fields(hole: Hole) -> dict[str, Any]:
    between = {"from": format_time(hole.since), "to": format_time(hole.until)}
    return {"first": hole.first, "last": hole.last, **between}


def _span_fields(spans: Sequence[Span]) -> dict[str, Any]:
    listed = [{"from": format_time(a), "to": format_time(b), "seconds": round(b - a, 1)} for a, b in spans]
    return {"seconds": round(seconds(spans), 1), "spans": listed}
