"""A quarter of a year: the golden scenarios one after the other in one journal, a week apart."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from controller.core.explanation import format_time
from controller.core.journal.body import body_of
from controller.core.journal.event import Draft, Event, event_of, seal
from controller.core.journal.kind import Kind
from tests.support.journal_events import drafted, said
from tests.support.policy_scene import OTHER, WEST

GOLDEN = Path(__file__).parents[1] / "golden" / "0.1.0"
BEGIN = 1_893_456_000.0  # 2030-01-01T00:00:00Z
DAY, WEEK = 86_400.0, 604_800.0
END = BEGIN + 13 * WEEK
WEEKS = ("drill", "region-dark", "blip-43s", "restore", "waves-rollback", "drill", "all-red-heals", "waves")
LIVE = BEGIN + 2 * DAY


@cache
def quarter() -> tuple[Event, ...]:
    """In shadow for two days, then live; disarmed for six hours in week 9, two gaps in week 10."""
    return chained("storefront", _drafts())


def chained(application: str, drafts: Iterator[Draft]) -> tuple[Event, ...]:
    events: list[Event] = []
    for draft in drafts:
        events.append(seal(application, draft, events[-1] if events else None))
    return tuple(events)


def at_time(at: float, kind: Kind, by: str = "ana", incident: str | None = None, **data: Any) -> Draft:
    return drafted(f"{kind}-{at}", kind, at, by, 1 if incident else 0, incident, data)


def _drafts() -> Iterator[Draft]:
    loaded = {"deployed": BEGIN + DAY, "controls": None}
    yield at_time(BEGIN + DAY, Kind.POLICY_LOADED, f"tidegate@{WEST}", digest="a" * 64, enforcement="shadow",
               **loaded)  # fmt: skip
    shadow = "storefront-us-east-1-2"
    yield at_time(BEGIN + DAY + 60, Kind.INCIDENT_OPENED, f"tidegate@{WEST}", shadow, source="us-east-1",
               reason="2 of 2 observers")  # fmt: skip
    yield at_time(
        BEGIN + DAY + 660, Kind.STOOD_DOWN, f"tidegate@{WEST}", shadow, code="shadow", reason="passed"
    )
    live = loaded | {"deployed": LIVE}
    yield at_time(LIVE, Kind.POLICY_LOADED, f"tidegate@{WEST}", digest="b" * 64, enforcement="live",
               review={"reviewed": [{"by": "mia"}]}, **live)  # fmt: skip
    for week, name in enumerate(WEEKS, start=1):
        yield from _played(name, BEGIN + week * WEEK, f"w{week}")
    at = BEGIN + 9 * WEEK
    yield at_time(at, Kind.DISARMED, reason="release")
    yield at_time(at + 60, Kind.REFUSED, command="evacuate us-east-1", reason="disarmed; arm it first")
    yield at_time(at + 6 * 3600, Kind.ARMED, reason="done")
    at += 1000.0 + WEEK
    for region, since, until in ((WEST, 0.0, 1200.0), (OTHER, 600.0, 1800.0), ("us-east-1", 900.0, 2400.0)):
        yield at_time(at + until, Kind.BLINDED, f"tidegate@{region}", who=region,
                   **{"from": at + since, "to": at + until})  # fmt: skip
    yield from _stood_down(BEGIN + 11 * WEEK)
    yield from _denied(BEGIN + 12 * WEEK)


def _played(name: str, at: float, mark: str) -> Iterator[Draft]:
    events = [event_of(line) for line in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    shift = at - events[0].at
    for event in events:
        if event.kind is not Kind.POLICY_LOADED:
            about = event.draft.incident and f"{event.draft.incident}-{mark}"
            body = body_of(event.kind, _shifted(said(event), shift))
            draft = replace(event.draft, id=f"{mark}-{event.seq}", at=event.at + shift)
            yield replace(draft, incident=about, body=body)


def _shifted(value: Any, shift: float) -> Any:
    """The same with the times that its evidence bears moved along."""
    if isinstance(value, list):
        return [_shifted(each, shift) for each in value]
    if isinstance(value, dict):
        return {
            key: format_time(datetime.fromisoformat(each).timestamp() + shift)
            if key == "since" and each
            else _shifted(each, shift)
            for key, each in value.items()
        }
    return value


def _stood_down(at: float) -> Iterator[Draft]:
    about, by = "storefront-us-west-2-90", f"tidegate@{OTHER}"
    yield at_time(
        at, Kind.INCIDENT_OPENED, by, about, source=WEST, reason="2 of 2 observers", requested_by=None
    )
    yield at_time(at + 240, Kind.STOOD_DOWN, by, about, code="recovered", reason="it passed")


def _denied(at: float) -> Iterator[Draft]:
    about, by = "storefront-us-east-1-92", f"tidegate@{OTHER}"
    yield at_time(at, Kind.INCIDENT_OPENED, by, about, source="us-east-1", reason="2 of 2", requested_by=None)
    yield at_time(at + 2, Kind.CONFIRMED, by, about, target=WEST, reason="somebody must approve")
    yield at_time(at + 3, Kind.APPROVAL_REQUESTED, by, about, approval="q92", digest="d", expires=at + 903,
               ask=["group:sre-oncall"], people=1, gate="oncall", stage=1, of=2)  # fmt: skip
    yield at_time(at + 903, Kind.APPROVAL_REQUESTED, by, about, approval="q92", digest="d", expires=at + 2703,
               ask=["group:sre-leads"], people=2, gate="oncall", stage=2, of=2)  # fmt: skip
    yield at_time(
        at + 1003, Kind.APPROVAL_DENIED, "mia", about, approval="q92", digest="d", reason="our own bug"
    )
    yield at_time(at + 1004, Kind.STOOD_DOWN, by, about, code="approval-denied", reason="people said no")
