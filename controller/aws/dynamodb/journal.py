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
`seq` its sort key (N). `body` is the event's text, `hash` the SHA-256 of it; the other attributes are there
for people who read the table.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from botocore.client import BaseClient

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import OUTSIDE, code, translated
from controller.core.event_size import LARGEST
from controller.core.journal.event import Draft, Event, UnknownKind, broken_at, event_of, seal
from controller.core.journal.restoration import head_of, reopened, restorations
from controller.core.text import sanitize
from controller.ports.errors import JournalConflict, JournalUnreadable, OutsideUnreachable
from controller.ports.runtime import Runtime

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
NAMES = {"#application": "application", "#seq": "seq", "#body": "body", "#hash": "hash"}
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


@dataclass(frozen=True, slots=True)
class _Round:
    """A round in which all events are read again.

    since: seconds, monotonic, when it began. last: the last event that was read in it.
    """

    since: float
    last: Event | None = None


class DynamoJournal:
    """`ports.storage.Journal` on a DynamoDB table.

    In production it is a strongly consistent global table.
    """

    def __init__(self, *, client: BaseClient | Replicas, table: str, runtime: Runtime) -> None:
        self._replicas, self._table, self._runtime = replicas(client), table, runtime
        self._known: dict[str, _Whole] = {}
        self._rounds: dict[str, _Round] = {}

    def read(self, application: str) -> tuple[Event, ...]:
        """Return all events in order.

        Raises `JournalUnreadable` where the chain is broken or an event cannot be read. A process that lives
        on asks for its last event and what follows, and in `WHOLE` seconds once for each of the others, some
        at a time. What was restored since is read anew, where its own events say so.
        """
        now = self._runtime.monotonic()
        known = self._known.get(application)
        try:
            whole = self._on(application, known, now)
        except JournalUnreadable:
            restored = self._restored(application, known.events, now) if known else None
            if restored is None:
                raise
            whole = restored
        self._known[application] = whole
        return whole.events

    def _restored(self, application: str, known: tuple[Event, ...], now: float) -> _Whole | None:
        """Return the journal, read anew; None where it was not restored.

        It must say itself that it may lack the last of `known`. Whether it lacks no more than it says, those
        know who keep what was seen.
        """
        with suppress(JournalUnreadable):
            whole = self._on(application, None, now)
            stood = head_of(known[-1], restorations(known)) if known else None
            if stood is not None and reopened(stood, restorations(whole.events)):
                return whole
        return None

    def _on(self, application: str, known: _Whole | None, now: float) -> _Whole:
        """Return what is whole now: what was known, and the events after it."""
        if known is None or now - known.since >= WHOLE:
            known = _Whole((), now)
        else:
            known = self._again(application, known, now)
        last = known.events[-1] if known.events else None
        events = self._events(application, last.seq if last else 1)
        if last is not None and (not events or events[0] != last):
            raise JournalUnreadable(f"event {last.seq} of {application} is no longer what it was")
        self._require_whole(application, events[1:] if last else events, last)
        return replace(known, events=known.events[:-1] + events)

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
            return tuple(event_in(application, item) for item in items)
        except (ValueError, TypeError, KeyError) as error:
            raise JournalUnreadable(sanitize(str(error), 300)) from error

    def follow(self, application: str, known: Event | None) -> tuple[Event, ...]:
        """Return the events after `known`, as `ports.storage.Journal.follow` says.

        Those before it are read again within `WHOLE` seconds, some at a time, as one chain up to `known`.
        """
        now = self._runtime.monotonic()
        if known is None:
            events = self._events(application, 1)
            self._require_whole(application, events, None)
            self._rounds[application] = _Round(now)
            return events
        self._rounds[application] = self._go_round(application, known, now)
        events = self._events(application, known.seq)
        if not events or events[0].hash != known.hash:
            raise JournalUnreadable(f"event {known.seq} of {application} is no longer what it was")
        self._require_whole(application, events[1:], events[0])
        return events[1:]

    def _go_round(self, application: str, known: Event, now: float) -> _Round:
        """Read those older events again whose turn it is.

        They are read only once they are enough to ask for, or once their time is over.
        """
        round_ = self._rounds.get(application, _Round(now))
        late = now - round_.since >= WHOLE
        due = known.seq if late else int(known.seq * (now - round_.since) / WHOLE)
        done = 0 if round_.last is None else round_.last.seq
        if not late and due - done < SLICE:
            return round_
        old = self._events(application, done + 1, min(due, known.seq))
        self._require_whole(application, old, round_.last)
        last = old[-1] if old else round_.last
        if late or last is None or last.seq >= known.seq:
            if last is None or (last.seq, last.hash) != (known.seq, known.hash):
                raise JournalUnreadable(f"event {known.seq} of {application} is no longer what it was")
            return _Round(now)
        return replace(round_, last=last)

    def _require_whole(self, application: str, events: tuple[Event, ...], after: Event | None) -> None:
        broken = broken_at(events, after=after)
        if broken is not None:
            raise JournalUnreadable(f"the journal of {application} is broken at event {broken}")

    def append(self, application: str, draft: Draft, after: Event | None) -> Event:
        """Write the next event, as `ports.storage.Journal.append` says.

        Raises `ValueError` where it has over 16 KB, or is not the same after a round trip. After
        `OutsideUnreachable` the event may still land: read again before deciding anew.
        """
        event = _stored(application, draft, after)
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                self._runtime.sleep(PAUSE * attempt)
            try:
                self._put(event)
                return event
            except OUTSIDE as error:
                trouble = code(error)
            try:
                there = self._body(application, event.seq)
            except OUTSIDE as error:
                trouble = f"{trouble}, then {code(error)}"
                continue
            if there == event.text:
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
                ProjectionExpression="#seq, #body, #hash",
                ExpressionAttributeNames=NAMES,
                ExpressionAttributeValues={":application": {"S": application}} | bounds,
                **after,
            )
            items += page["Items"]
            if not page.get("LastEvaluatedKey"):
                return items
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _put(self, event: Event) -> None:
        self._replicas.send(
            "put_item",
            TableName=self._table,
            Item=item_of(event),
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


def _stored(application: str, draft: Draft, after: Event | None) -> Event:
    """Return the event as every later reader will see it."""
    sealed = seal(application, draft, after)
    size = len(sealed.text.encode())
    if size > LARGEST:
        raise ValueError(f"event {sealed.seq} ({draft.kind}) has {size} bytes; at most {LARGEST} fit")
    event = event_of(sealed.text)
    if seal(application, event.draft, after) != event:
        raise ValueError(f"event {sealed.seq} ({draft.kind}) reads otherwise than it was written")
    return event


def item_of(event: Event) -> dict[str, Any]:
    """Return the item that stands for an event in the table."""
    draft = event.draft
    item: dict[str, Any] = {
        "application": {"S": event.application},
        "seq": {"N": str(event.seq)},
        "id": {"S": draft.id},
        "at": {"S": datetime.fromtimestamp(draft.at, UTC).isoformat().replace("+00:00", "Z")},
        "kind": {"S": draft.kind.value},
        "body": {"S": event.text},
        "hash": {"S": event.hash},
    }
    if draft.incident:
        item["incident"] = {"S": draft.incident}
    return item


def event_in(application: str, item: Mapping[str, Any]) -> Event:
    """Return the event that an item holds.

    Raises `ValueError`, `KeyError`, `TypeError` where that is none of this journal, or not what its hash
    says.
    """
    number = item["seq"]["N"]
    try:
        event = event_of(item.get("body", {}).get("S", "null"))
    except UnknownKind:
        raise
    except ValueError as error:
        raise ValueError(f"event {number} of {application} cannot be read: {error}") from error
    if "hash" in item and item["hash"].get("S") != event.hash:  # events of format 1 say it in their text
        raise ValueError(f"the journal of {application} is broken at event {number}: its hash says otherwise")
    if (event.application, str(event.seq)) != (application, number):
        raise ValueError(f"item {number} of {application} holds event {event.seq} of {event.application}")
    return event
