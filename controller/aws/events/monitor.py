"""The event `tidegate.signal/v1`, which any monitor sends as evidence.

See `core.contracts` and docs/events.md.
"""

from typing import Any

from pydantic import ValidationError

from controller.aws.events.fields import Unusable, account, iso, member, region, seconds, text
from controller.core.contracts import PREFIX, SIGNAL_SCHEMA, SIGNAL_SOURCE, SignalEvent
from controller.core.model import RELAYED, Observation, Sighting, Verdict, signal_id
from controller.core.text import sanitize

REASON_LENGTH = 150
AHEAD = 60.0
"""Seconds that a state may begin after the event that tells of it: clocks differ."""


def monitored(event: dict[str, Any], *, received: float) -> Sighting:
    """Return the sighting in a monitor's event.

    Raises `Unusable` where it breaks the schema. Whether the policy names the signal is judged later, with
    the policy at hand.
    """
    kind = text(event, "detail-type", "The event")
    if kind != SIGNAL_SCHEMA:
        raise Unusable(
            f"“{sanitize(kind, 80)}” is not a detail-type of {SIGNAL_SOURCE}; expected “{SIGNAL_SCHEMA}”."
        )
    said = _read(member(event, "detail", "The event"))
    at = iso(event, "time")
    begun = iso({"since": said.since}, "since")
    if begun > at + AHEAD:
        raise Unusable(
            f"The signal's since “{sanitize(said.since, 40)}” lies after the event that tells of it."
        )
    sent = text(event, "id", "The event")
    if not 1 <= len(sent) <= 128 or sanitize(sent, 128) != sent:
        raise Unusable("The event's id is empty, too long or unprintable, so a duplicate would not be known.")
    told = sanitize(said.reason, REASON_LENGTH)
    return Sighting(
        signal=signal_id(kind=PREFIX, account=account(event), observer=said.observer, name=said.identity),
        observation=Observation(
            at=seconds(at),
            received=received,
            verdict=Verdict(said.state),
            via="event" if region(event) == said.observer else RELAYED,
            id=sent,
            reason=f"{said.state} since {said.since}" + (f": {told}" if told else ""),
        ),
    )


def _read(detail: dict[str, Any]) -> SignalEvent:
    try:
        return SignalEvent.model_validate(detail)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        where = sanitize(".".join(str(part) for part in first["loc"]), 40) or "detail"
        more = f" ({exc.error_count()} in all)" if exc.error_count() > 1 else ""
        message = f"The signal's {where} is refused: {sanitize(first['msg'], 160)}{more}."
        raise Unusable(message) from exc
