"""Each incident with its moments, as the figures count it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.core.incident.fold import fold
from controller.core.incident.state import OPENINGS, Incident, Phase
from controller.core.journal import Event, Kind

OUTCOMES = ("moved", "stood down", "refused", "rolled back", "open")


@dataclass(frozen=True, slots=True)
class Episode:
    """Moments are seconds since 1970, None where it never was. seen: the oldest sign against the Region among
    those that opened it. decided: the target was chosen and the guards had passed. verified: the last wave.
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
        """Opened by itself, and stood down by itself before anything moved: it passed, or was never so."""
        return not self.by_person and self.outcome == "stood down" and not self.incident.put


def episodes(application: str, events: Sequence[Event], begin: float, end: float) -> tuple[Episode, ...]:
    """Those that were opened from `begin` to `end`. events: from the first on."""
    found = fold(application, events).incidents.values()
    about: dict[str, list[Event]] = {}
    for event in events:
        about.setdefault(event.draft.incident or "", []).append(event)
    return tuple(_episode(i, about[i.id]) for i in found if begin <= i.opened <= end)


def _episode(incident: Incident, events: Sequence[Event]) -> Episode:
    def first(kind: Kind) -> float | None:
        return next((event.at for event in events if event.kind is kind), None)

    verified = [event.at for event in events if event.kind is Kind.SHIFT_VERIFIED]
    ended = [e.at for e in events if e.kind in (Kind.SETTLED, Kind.STOOD_DOWN, Kind.ROLLED_BACK)]
    opening = next((event for event in events if event.kind in OPENINGS), None)
    return Episode(
        incident,
        _outcome(incident, events),
        _seen(opening) if opening is not None and incident.by_person is None else None,
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


def _seen(opening: Event) -> float | None:
    """The oldest `since` of a breaching signal in the stored tree; None where the tree had to be cut."""
    decision = opening.data.get("decision") or {}
    since = [at for at in _since(decision.get("tree") or {}) if at <= opening.at]
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
