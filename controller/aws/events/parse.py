"""The parser of outside events: one event becomes one sighting, or a refusal.

Every event comes in here, and nothing that comes in makes it raise.

```
 SQS body, Lambda payload ─> decode ─> unwrap (SQS record, SNS notice: two at most) ─> envelope ─> sighting
```

Both forms are read: the whole EventBridge event, and what the input transformers of `rules` leave of it.

Some events are about tidegate itself: the hourly probe of its intake, and executions that ended badly.
"""

from collections.abc import Mapping
from typing import Any

from controller.aws.events.fields import Unusable, decode, iso, member, name, region, sample, text
from controller.aws.events.rules import EXECUTION_CHANGE, FAILED_STATES, PROBE_SOURCE
from controller.aws.events.shapes import sighting
from controller.core.model import Ended, Ignored, Probe, Sighting

MAX_WRAPPINGS = 2


def own_news(event: dict[str, Any], *, received: float) -> Probe | Ended | None:
    """Return the probe or the ended execution in an EventBridge event.

    None where it is neither. Raises `Unusable` where it says that it is one and is not. Neither is ever
    evidence.
    """
    source = event.get("source")
    if source == PROBE_SOURCE:
        return Probe(region=region(event), sent=iso(event, "time"), received=received)
    if source != "aws.states" or event.get("detail-type") != EXECUTION_CHANGE:
        return None
    detail = event.get("detail")
    if not isinstance(detail, dict) or detail.get("status") not in FAILED_STATES:
        return None
    detail = member(event, "detail", "The event")
    return Ended(execution=name(detail.get("name"), "execution's name"), status=text(detail, "status", "It"))


def parse(body: str | bytes | Mapping[str, Any], received: float) -> Sighting | Probe | Ended | Ignored:
    """Return the sighting, probe or ended execution in an event, or a refusal.

    received: when it reached us, by our clock, in seconds since 1970. Never raises; a refusal is an
    `Ignored` whose reason is a sentence. An event dated in the future is kept: the fold judges it.
    """
    try:
        event = _unwrap(body)
        return own_news(event, received=received) or sighting(event, received=received)
    except Unusable as exc:
        return Ignored(reason=str(exc), sample=sample(body))


def _unwrap(body: object) -> dict[str, Any]:
    for _ in range(MAX_WRAPPINGS + 1):
        event = _object(body)
        inner = _wrapped(event)
        if inner is None:
            return event
        body = inner
    raise Unusable(f"The event is wrapped more than {MAX_WRAPPINGS} times.")


def _object(body: object) -> dict[str, Any]:
    if isinstance(body, str | bytes | bytearray):
        body = decode(body)
    if isinstance(body, Mapping):
        return body if isinstance(body, dict) else dict(body)
    raise Unusable(f"The body is a {type(body).__name__}, not a JSON object.")


def _wrapped(event: dict[str, Any]) -> object:
    if "detail-type" in event:
        return None
    if event.get("Type") == "Notification":  # SNS, without raw message delivery
        if not isinstance(event.get("Message"), str):
            raise Unusable("The SNS notification has no Message text.")
        return event["Message"]
    if "body" in event and ("messageId" in event or event.get("eventSource") == "aws:sqs"):
        if not isinstance(event["body"], str):
            raise Unusable("The SQS record has no body text.")
        return event["body"]
    if "NewStateValue" in event:  # an alarm's action, not its event
        raise Unusable(
            "This is CloudWatch's own SNS notice of an alarm, which does not say whether it is muted;"
            " the alarm's EventBridge event is read."
        )
    if "Records" in event:
        raise Unusable("The body is a batch of records, not one event: each record is read by itself.")
    return None
