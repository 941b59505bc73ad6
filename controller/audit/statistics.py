"""The figures over time, as plain data.

They answer an auditor, or a person responsible for operations, about a quarter. Each incident is counted with
its moments.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from statistics import median
from typing import Any

from controller.audit.approvals import Question, questions
from controller.audit.availability import Span, Stretch, blinded, enforced, nobody, seconds, stretches
from controller.core.explanation import format_time
from controller.core.incident.fold import fold
from controller.core.incident.state import GLASS, Incident, Phase
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.journal.moves import Opening
from controller.core.journal.notes import PolicyLoaded

OUTCOMES = ("moved", "stood down", "refused", "rolled back", "open")
BY_HAND = ("moved", "refused", "unconfirmed")
"""Outcomes of a move by break-glass; the safety rules or ARC refuse it, nobody else."""
HOUR = 3600.0
ALSO = {
    Kind.REFUSED: "commands_refused",
    Kind.BROKE_GLASS: "break_glass",
    Kind.MUTED: "mutes",
    Kind.ACKNOWLEDGED: "acknowledged",
    Kind.ESCALATED: "escalated",
    Kind.UNTOLD: "untold",
    Kind.TAKEN_OVER: "taken_over",
    Kind.ECHO_SEEN: "late_calls_put_back",
    Kind.DRIFT_SEEN: "drift_seen",
    Kind.JOURNAL_RESTORED: "journal_restored",
}


@dataclass(frozen=True, slots=True)
class Episode:
    """One incident as the figures count it.

    Moments are seconds since 1970, None where the thing never happened.
    seen: the oldest sign against the Region among those that opened it.
    decided: the target was chosen and the guards had passed. verified: the last wave.
    """

    incident: Incident
    outcome: str
    seen: float | None
    decided: float | None
    first_control: float | None
    verified: float | None
    ended: float | None

    @property
    def by_person(self) -> bool:
        return self.incident.by_person is not None

    @property
    def false(self) -> bool:
        """Return True for an incident that opened and ended by itself, without a move.

        The trouble passed, or there was none.
        """
        return not self.by_person and self.outcome == "stood down" and not self.incident.put


def episodes(application: str, events: Sequence[Event], begin: float, end: float) -> tuple[Episode, ...]:
    """Return the incidents that were opened from `begin` to `end`.

    A move by break-glass counts when the journal heard of it, which may be a period after it was made.
    events: from the first on.
    """
    found = fold(application, events).incidents.values()
    about: dict[str, list[Event]] = {}
    for event in events:
        about.setdefault(event.draft.incident or "", []).append(event)
    counts = {i.id: about[i.id][0].at if i.intent == GLASS else i.opened for i in found}
    return tuple(_episode(i, about[i.id]) for i in found if begin <= counts[i.id] <= end)


def _episode(incident: Incident, events: Sequence[Event]) -> Episode:
    def first(kind: Kind) -> float | None:
        return next((event.at for event in events if event.kind is kind), None)

    if incident.intent == GLASS:
        moved = incident.moved or None
        return Episode(incident, _by_hand(incident), None, None, moved, None, incident.changed)
    verified = [event.at for event in events if event.kind is Kind.SHIFT_VERIFIED]
    ended = [e.at for e in events if e.kind in (Kind.SETTLED, Kind.STOOD_DOWN, Kind.ROLLED_BACK)]
    opening = next(((event.at, event.body) for event in events if isinstance(event.body, Opening)), None)
    return Episode(
        incident,
        _outcome(incident, events),
        _seen(*opening) if opening is not None and incident.by_person is None else None,
        first(Kind.CONFIRMED),
        first(Kind.SHIFT_APPLIED),
        verified[-1] if verified else None,
        ended[-1] if ended else None,
    )


def _outcome(incident: Incident, events: Sequence[Event]) -> str:
    if incident.intent == "drill" and incident.outcome:
        return incident.outcome
    if any(event.kind is Kind.ROLLED_BACK for event in events):
        return "rolled back"
    if incident.phase is Phase.SETTLED:
        return "moved"
    if incident.phase is Phase.STOOD_DOWN:
        return "refused" if incident.refused else "stood down"
    return "open"


def _by_hand(incident: Incident) -> str:
    ends = {Phase.SETTLED: "moved", Phase.STOOD_DOWN: "refused"}
    return ends.get(incident.phase, "unconfirmed")


def _seen(opened: float, said: Opening) -> float | None:
    """Return the oldest `since` of a breaching signal in the stored tree.

    None where the tree had to be cut.
    """
    decision = said.decision or {}
    since = [at for at in _since(decision.get("tree") or {}) if at <= opened]
    return min(since, default=None)


def _since(node: Mapping[str, Any]) -> Iterator[float]:
    for state in node.get("signals", ()):
        if state.get("verdict") == "breaching" and state.get("since"):
            try:
                yield datetime.fromisoformat(str(state["since"])).timestamp()
            except ValueError:
                continue
    for child in node.get("children", ()):
        yield from _since(child)


@dataclass(frozen=True, slots=True)
class Account:
    """A period, and everything in it that is counted.

    events: of the application's journal, up to the period's end.
    """

    application: str
    begin: float
    end: float
    events: Sequence[Event]
    episodes: Sequence[Episode]
    questions: Sequence[Question]
    standing: Sequence[Stretch]
    blind: dict[str, list[Span]]
    unwatched: Sequence[Span]

    @property
    def within(self) -> list[Event]:
        return [event for event in self.events if self.begin <= event.at <= self.end]


def account(
    application: str,
    events: Sequence[Event],
    fleet: Sequence[Event],
    controllers: Sequence[str],
    begin: float,
    end: float,
) -> Account:
    """Return the account of a period.

    events, fleet: both journals from their first event on.
    controllers: those of which at least one should watch.
    """
    upto = [event for event in events if event.at <= end]
    blind = blinded(upto, begin, end)
    return Account(
        application,
        begin,
        end,
        upto,
        episodes(application, upto, begin, end),
        [q for q in questions(upto) if begin <= q.asked <= end],
        stretches(upto, fleet, begin, end),
        blind,
        nobody(blind, controllers),
    )


def figures(a: Account) -> dict[str, Any]:
    """Return the figures: times in seconds, moments as ISO-8601."""
    kinds = Counter(event.kind for event in a.within)
    return {
        "application": a.application,
        "from": format_time(a.begin),
        "to": format_time(a.end),
        "evacuations": _evacuations(a),
        "restores": _moves([e for e in a.episodes if e.incident.intent == "restore"]),
        "times": _times([e for e in _evacuated(a) if not _in_shadow(a, e)]),
        "approvals": _approvals(a.questions),
        "drills": _drills(a),
        "break_glass": _break_glass(a),
        "hours": _hours(a.standing),
        "watching": _watching(a),
        "policies": [_policy(e, e.body) for e in a.within if isinstance(e.body, PolicyLoaded)],
        "also": {name: kinds[kind] for kind, name in ALSO.items()},
        "events": sum(kinds.values()),
    }


def _moves(found: Sequence[Episode]) -> dict[str, Any]:
    counted = Counter(episode.outcome for episode in found)
    return {"opened": len(found), "outcomes": {name: counted[name] for name in OUTCOMES}}


def _evacuations(a: Account) -> dict[str, Any]:
    live = [e for e in _evacuated(a) if not _in_shadow(a, e)]
    return {
        **_moves(live),
        "automatic": sum(not e.by_person for e in live),
        "by_person": sum(e.by_person for e in live),
        "false": sum(e.false for e in live),
        "in_shadow": sum(_in_shadow(a, e) for e in _evacuated(a)),
    }


def _evacuated(a: Account) -> list[Episode]:
    return [e for e in a.episodes if e.incident.intent == "evacuate"]


def _in_shadow(a: Account, episode: Episode) -> bool:
    return enforced(a.standing, episode.incident.opened) == "shadow"


def _times(found: Sequence[Episode]) -> dict[str, Any]:
    moved = [e for e in found if e.outcome == "moved"]
    return {
        "first_sign_to_opened": spread(e.incident.opened - e.seen for e in found if e.seen is not None),
        "opened_to_decision": spread(e.decided - e.incident.opened for e in found if e.decided is not None),
        "opened_to_first_control": spread(
            e.first_control - e.incident.opened for e in found if e.first_control is not None
        ),
        "opened_to_verified": spread(e.verified - e.incident.opened for e in moved if e.verified is not None),
    }


def _approvals(asked: Sequence[Question]) -> dict[str, Any]:
    counted = Counter(q.outcome for q in asked)
    outcomes = ("given", "denied", "expired", "superseded", "withdrawn", "waiting")
    people = Counter(given.by for q in asked for given in q.answers)
    return {
        "asked": len(asked),
        **{name: counted[name] for name in outcomes},
        "second_ask": sum(len(q.stages) > 1 for q in asked),
        "response": spread(q.took for q in asked if q.took is not None),
        "people": [{"who": who, "answers": count} for who, count in sorted(people.items())],
    }


def _drills(a: Account) -> dict[str, Any]:
    found = [e for e in a.episodes if e.incident.intent == "drill"]
    skipped = [event for event in a.within if event.kind is Kind.DRILL_SKIPPED]
    good = [e for e in episodes(a.application, a.events, 0.0, a.end) if e.incident.intent == "drill"]
    last = max(
        (e for e in good if e.outcome == "succeeded" and e.ended is not None),
        key=lambda e: e.ended or 0.0, default=None,
    )  # fmt: skip
    return {
        "opened": len(found),
        "outcomes": dict(sorted(Counter(e.outcome for e in found).items())),
        "skipped": len(skipped),
        "last_success": None
        if last is None or last.ended is None
        else {"region": last.incident.source, "at": format_time(last.ended)},
    }


def _break_glass(a: Account) -> dict[str, Any]:
    """Return the moves by break-glass of which the journal heard in the period."""
    found = [e for e in a.episodes if e.incident.intent == GLASS]
    people = Counter(e.incident.requested_by or "unknown" for e in found)
    return {
        "moves": len(found),
        "outcomes": {name: sum(e.outcome == name for e in found) for name in BY_HAND},
        "people": [{"who": who, "moves": count} for who, count in sorted(people.items())],
    }


def _hours(standing: Sequence[Stretch]) -> dict[str, float]:
    def hours(chosen: Iterable[Stretch]) -> float:
        return round(sum(s.seconds for s in chosen) / HOUR, 2)

    begun = [s for s in standing if s.enforcement]
    return {
        "armed": hours(s for s in begun if s.armed),
        "disarmed": hours(s for s in begun if not s.armed),
        "live": hours(s for s in begun if s.enforcement == "live"),
        "shadow": hours(s for s in begun if s.enforcement == "shadow"),
        "without_policy": hours(s for s in standing if not s.enforcement),
    }


def _watching(a: Account) -> dict[str, Any]:
    return {
        "nobody_s": round(seconds(a.unwatched), 1),
        "longest_s": round(max((b - c for c, b in a.unwatched), default=0.0), 1),
        "blind_s": {who: round(seconds(spans), 1) for who, spans in sorted(a.blind.items())},
    }


def _policy(event: Event, said: PolicyLoaded) -> dict[str, Any]:
    """Return the fields of a policy that came into force.

    The person who deployed it typed in the reviewers' names: see `core.policy.review_record`.
    """
    review = said.review or {}
    return {
        "at": format_time(event.at),
        "digest": said.digest,
        "enforcement": said.enforcement,
        "deployed": format_time(said.deployed),
        "by": event.draft.by,
        "reviewed_by": [str(each.get("by", "")) for each in review.get("reviewed", ())],
    }


def spread(values: Iterable[float]) -> dict[str, Any]:
    """Return the count, median, 90th percentile (nearest rank) and maximum, in seconds."""
    found = sorted(max(0.0, value) for value in values)
    if not found:
        return {"count": 0, "median_s": None, "p90_s": None, "longest_s": None}
    return {
        "count": len(found),
        "median_s": round(median(found), 1),
        "p90_s": round(found[ceil(0.9 * len(found)) - 1], 1),
        "longest_s": round(found[-1], 1),
    }
