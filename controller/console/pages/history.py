"""The page of the past: all incidents, and any past moment.

The moment may be one in which nothing was done or nobody watched.
"""

from datetime import UTC, datetime, timedelta

from controller.console.http.messages import Response
from controller.console.pages.visit import Visit
from controller.core.incident.state import ENDED, GLASS, Incident, Phase
from controller.core.journal.kind import Kind
from controller.steps.operator.past_moments import recall_moment

PAGE = 50
EVENTS = 100
INTENTS = ("evacuate", "restore", "drill", GLASS)
OUTCOMES = ("open", "moved", "stayed", "unconfirmed")


def show(visit: Visit) -> Response:
    """Show incidents, newest first, and one past moment.

    `?at=`: the moment to explain. `?intent=`, `?region=`, `?outcome=`, `?before=`: filters of the incidents.
    """
    seen, asked = visit.look(), visit.request.asked()
    chosen = {key: asked.get(key, "") for key in ("intent", "region", "outcome")}
    before = asked.get("before", "")
    found = [
        i
        for i in sorted(seen.state.incidents.values(), key=lambda i: -i.opened)
        if _fits(i, chosen) and (not _digits(before) or i.opened < float(before))
    ]
    moment = asked.get("at", "").strip()
    at = moment_of(moment, seen.now) if moment else None
    then = None if at is None else visit.past.until(seen.events, at)
    return visit.page(
        "history",
        400 if moment and at is None else 200,
        seen=seen,
        shown=found[:PAGE],
        more=found[PAGE - 1].opened if len(found) > PAGE else None,
        count=len(found),
        chosen=chosen,
        intents=INTENTS,
        outcomes=OUTCOMES,
        moment=moment,
        recalled=recall_moment(visit.deps.policy, _Records(visit), at, then) if at is not None else None,
        gaps=[e for e in seen.events if e.kind is Kind.BLINDED][-20:],
        events=seen.events[-EVENTS:][::-1],
    )


class _Records:
    """The journal and the assessments of one controller."""

    def __init__(self, visit: Visit) -> None:
        self.read = visit.deps.journal.read
        self.newest_first = visit.deps.assessments.newest_first
        self.nearest = visit.deps.assessments.nearest


def moment_of(text: str, now: float) -> float | None:
    """Return seconds since 1970 of a time that a person typed, in UTC.

    It reads `2030-01-01T08:14Z`, `2030-01-01 08:14` or `08:14` (the last one that has passed).
    None for anything else.
    """
    words = text.strip().replace(" ", "T")
    today = datetime.fromtimestamp(now, UTC)
    try:
        if len(words) in (5, 8) and ":" in words and "T" not in words:
            found = datetime.fromisoformat(f"{today:%Y-%m-%d}T{words}+00:00")
            found = found if found <= today else found - timedelta(days=1)
        else:
            found = datetime.fromisoformat(words)
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        at = found.timestamp()
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at <= 1e11 else None


def _fits(incident: Incident, chosen: dict[str, str]) -> bool:
    outcome = "open" if incident.phase not in ENDED else "moved" if incident.put else "stayed"
    if incident.phase is Phase.UNCONFIRMED:
        outcome = "unconfirmed"
    having = (("intent", incident.intent), ("region", incident.source), ("outcome", outcome))
    return all(chosen[key] in ("", value) for key, value in having)


def _digits(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit() and len(text) < 20
