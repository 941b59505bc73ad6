"""The journal on DynamoDB: one item an event, written only where no item is.

```
 append #17 ── PutItem if #17 is absent ─┬─ answered: ours
                                         └─ anything else: did it land? read #17, strongly
                                                 ├─ ours       success (the reply was lost)
                                                 ├─ another's  JournalConflict
                                                 ├─ absent     again, the same item
                                                 └─ no answer  again; writing it twice cannot harm
```

The client must not retry by itself (`total_max_attempts=1`): a retry of a write that did land fails its
own condition, and hours of retries outlive a handler. Of several replicas' clients the first that answers is
asked; the reading back works through whichever does. `application` is the table's partition key (S),
`seq` its sort key (N); the other attributes but `body` are there for people who read the table.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from botocore.client import BaseClient

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import OUTSIDE, code, translated
from controller.core.event_size import LARGEST
from controller.core.journal import Draft, Event, broken_at, from_json, seal, to_json
from controller.core.text import sanitize
from controller.ports.errors import JournalConflict, JournalUnreadable, OutsideUnreachable
from controller.ports.runtime import Runtime

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
NAMES = {"#application": "application", "#seq": "seq", "#body": "body"}
TRIES = 3
WHOLE = 600.0
"""Seconds that an event, once read and found whole, is taken for whole by the last event's hash alone."""
SLICE = 100
"""Events that are read again at once, at least: a long journal's turn comes little by little."""
PAUSE = 0.1
"""Seconds before the second try; twice that before the third."""


@dataclass(frozen=True, slots=True)
class _Whole:
    """The events that were read and found whole.

    turn: how many events of the present round were read again. since: seconds, monotonic; by then the round
    was on time.
    """

    events: tuple[Event, ...]
    since: float
    turn: int = 0


class DynamoJournal:
    """`ports.storage.Journal` on a DynamoDB table.

    In production it is a strongly consistent global table.
    """

    def __init__(self, *, client: BaseClient | Replicas, table: str, runtime: Runtime) -> None:
        self._replicas, self._table, self._runtime = replicas(client), table, runtime
        self._known: dict[str, _Whole] = {}

    def read(self, application: str) -> tuple[Event, ...]:
        """Return all events in order.

        Raises `JournalUnreadable` where the chain is broken or an event cannot be read. A process that lives
        on asks for its last event and what follows, and in `WHOLE` seconds once for each of the others, some
        at a time.
        """
        now = self._runtime.monotonic()
        known = self._known.get(application)
        if known is None or now - known.since >= WHOLE:
            known = _Whole((), now)
        else:
            known = self._again(application, known, now)
        last = known.events[-1] if known.events else None
        events = self._events(application, last.seq if last else 1)
        if last is not None and (not events or events[0] != last):
            raise JournalUnreadable(f"event {last.seq} of {application} is no longer what it was")
        broken = broken_at(events[1:] if last else events, after=last)
        if broken is not None:
            raise JournalUnreadable(f"the journal of {application} is broken at event {broken}")
        whole = replace(known, events=known.events[:-1] + events)
        self._known[application] = whole
        return whole.events

    def _again(self, application: str, known: _Whole, now: float) -> _Whole:
        """Read those events again whose turn it is.

        They are read only once they are enough to ask for.
        """
        count = len(known.events)
        due = int(count * (now - known.since) / WHOLE)
        if due < SLICE:
            return known
        old = known.events[known.turn : known.turn + due]
        for was, is_ in zip_longest(old, self._events(application, old[0].seq, old[-1].seq)):
            if was != is_:
                raise JournalUnreadable(f"the journal of {application} is broken at event {(was or is_).seq}")
        turn = known.turn + len(old)
        return replace(known, since=known.since + WHOLE * len(old) / count, turn=turn if turn < count else 0)

    def _events(self, application: str, first: int, last: int | None = None) -> tuple[Event, ...]:
        with translated(OutsideUnreachable, f"reading the journal of {application}"):
            items = self._items(application, first, last)
        try:
            return tuple(_event(application, item) for item in items)
        except (ValueError, TypeError, KeyError) as error:
            raise JournalUnreadable(sanitize(str(error), 300)) from error

    def append(self, application: str, draft: Draft, after: Event | None) -> Event:
        """Write the next event, as `ports.storage.Journal.append` says.

        Raises `ValueError` where it has over 16 KB, or is not the same after a round trip. After
        `OutsideUnreachable` the event may still land: read again before deciding anew.
        """
        event, body = _stored(application, draft, after)
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                self._runtime.sleep(PAUSE * attempt)
            try:
                self._put(event, body)
                return event
            except OUTSIDE as error:
                trouble = code(error)
            try:
                there = self._body(application, event.seq)
            except OUTSIDE as error:
                trouble = f"{trouble}, then {code(error)}"
                continue
            if there == body:
                return event
            if there is not None:
                raise JournalConflict(f"event {event.seq} of {application} was written by somebody else")
        raise OutsideUnreachable(f"appending event {event.seq} of {application}: {trouble}")

    def _items(self, application: str, first: int, last: int | None) -> list[dict[str, Any]]:
        keys = "#seq >= :first" if last is None else "#seq BETWEEN :first AND :last"
        bounds = {":first": {"N": str(first)}} | ({} if last is None else {":last": {"N": str(last)}})
        items: list[dict[str, Any]] = []
        after: dict[str, Any] = {}
        while True:
            page = self._replicas.read(
                "query",
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression=f"#application = :application AND {keys}",
                ProjectionExpression="#seq, #body",
                ExpressionAttributeNames=NAMES,
                ExpressionAttributeValues={":application": {"S": application}} | bounds,
                **after,
            )
            items += page["Items"]
            if not page.get("LastEvaluatedKey"):
                return items
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _put(self, event: Event, body: str) -> None:
        draft = event.draft
        item: dict[str, Any] = {
            "application": {"S": event.application},
            "seq": {"N": str(event.seq)},
            "id": {"S": draft.id},
            "at": {"S": datetime.fromtimestamp(draft.at, UTC).isoformat().replace("+00:00", "Z")},
            "kind": {"S": draft.kind.value},
            "body": {"S": body},
        }
        if draft.incident:
            item["incident"] = {"S": draft.incident}
        self._replicas.send(
            "put_item",
            TableName=self._table,
            Item=item,
            ConditionExpression="attribute_not_exists(#seq)",
            ExpressionAttributeNames={"#seq": "seq"},
        )

    def _body(self, application: str, seq: int) -> str | None:
        answer = self._replicas.read(
            "get_item",
            TableName=self._table,
            Key={"application": {"S": application}, "seq": {"N": str(seq)}},
            ConsistentRead=True,
        )
        item = answer.get("Item")
        return None if item is None else str(item.get("body", {}).get("S", ""))


def _stored(application: str, draft: Draft, after: Event | None) -> tuple[Event, str]:
    """Return the event as every later reader will see it, and its text."""
    sealed = seal(application, draft, after)
    body = to_json(sealed)
    if len(body) > LARGEST:
        raise ValueError(f"event {sealed.seq} ({draft.kind}) has {len(body)} bytes; at most {LARGEST} fit")
    event = from_json(body)
    if seal(application, event.draft, after) != event:
        raise ValueError(f"event {sealed.seq} ({draft.kind}) does not survive JSON: keys must be text")
    return event, body


def _event(application: str, item: dict[str, Any]) -> Event:
    number = item["seq"]["N"]
    event = from_json(item.get("body", {}).get("S", "null"))
    if (event.application, str(event.seq)) != (application, number):
        raise ValueError(f"item {number} of {application} holds event {event.seq} of {event.application}")
    return event
