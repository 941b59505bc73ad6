"""The EventBridge of a Region: one default bus, its rules and their targets.

```
 publish / PutEvents ──0.3 s──> [deaf? held until it is not] ──> rules that match ──> each target
 receive (another Region's bus) ──^                                                    │ not taken:
                                                                      backoff, then the dead-letter queue
```

An event that came from another Region's bus is never forwarded to a third.

`PutEvents` takes or refuses each entry for itself (EventBridge API reference, PutEvents).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import ACCOUNT, AwsError, Call, Ids, epoch, iso
from controller.rehearsal.services.eventbridge import delivery
from controller.rehearsal.services.eventbridge.delivery import Deliver, Delivery
from controller.rehearsal.services.eventbridge.input_transformer import input_for
from controller.rehearsal.services.eventbridge.patterns import deeper_than
from controller.rehearsal.services.eventbridge.rules import Rules
from controller.rehearsal.time.kernel import Kernel

MOST_ENTRIES, MOST_BYTES, DEEPEST = 10, 262_144, 100


class Refused(Exception):  # noqa: N818
    """The refusal of one entry; the other entries are taken."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def check_size(entries: list[dict[str, Any]]) -> None:
    """Refuse the whole request where AWS does.

    Raises `AwsError`.
    """
    if not 1 <= len(entries) <= MOST_ENTRIES:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: "
            f"Member must have length between 1 and {MOST_ENTRIES}",
        )
    texts = ("Source", "DetailType", "Detail")
    if sum(len(str(entry.get(key) or "").encode()) for entry in entries for key in texts) > MOST_BYTES:
        raise AwsError("ValidationException", "Total size of the entries in the request is over the limit.")


def entry_event(entry: dict[str, Any], now: float) -> dict[str, Any]:
    """Return the event members that an entry gives.

    Raises `Refused`.
    """
    for key in ("Source", "DetailType", "Detail"):
        if not entry.get(key) or not isinstance(entry[key], str):
            reason = f"Parameter {key} is not valid. Reason: {key} is a required argument."
            raise Refused("InvalidArgument", reason)
    if entry["Source"].startswith("aws."):
        raise Refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError) as exc:
        raise Refused("MalformedDetail", "Detail is malformed.") from exc
    if not isinstance(detail, dict) or deeper_than(detail, DEEPEST):
        raise Refused("MalformedDetail", "Detail is malformed.")
    return {
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "time": iso(epoch(entry.get("Time"), now)),
        "resources": entry.get("Resources") or [],
        "detail": detail,
    }


Event = dict[str, Any]
LISTEN = 1.0
"""Seconds between two checks of a deaf bus."""


@dataclass
class Parcel:
    """An event that waits for its matching, or for its delivery to one target.

    rule: empty until the event is matched.
    """

    event: Event
    forwarded: bool
    ingested: float
    due: float
    rule: str = ""
    target: str = ""
    attempts: int = 0


class Events:
    """The `events` service of one Region, in one account."""

    def __init__(
        self, kernel: Kernel, region: str, deliver: Deliver, faults: Faults, account: str = ACCOUNT
    ) -> None:
        self._kernel, self._region, self._deliver, self._faults = kernel, region, deliver, faults
        self._account = account
        self._ids = Ids(f"events/{region}" if account == ACCOUNT else f"events/{account}/{region}")
        self._under_way: dict[int, Parcel] = {}
        self._held: list[int] = []
        self._next = 0
        self.late: Callable[[], Sequence[float]] = lambda: (0.0,)
        """Returns the extra seconds of an event's way, one for each arrival.

        None: the event is lost. Two: it arrives twice.
        """
        self.rules = Rules(region, account)

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return {"PutEvents": self._put_events, **self.rules.operations}

    def _put_events(self, call: Call) -> dict[str, Any]:
        entries = call.params.get("Entries") or []
        check_size(entries)
        answers: list[dict[str, str]] = []
        for entry in entries:
            try:
                event = entry_event(entry, self._kernel.now())
            except Refused as refused:
                answers.append({"ErrorCode": refused.code, "ErrorMessage": refused.message})
                continue
            if self.rules.owns(entry.get("EventBusName")):
                answers.append({"EventId": self.publish(event)})
            else:
                # AWS takes and drops what is sent to a bus that does not exist.
                answers.append({"EventId": self._ids.next()})
        return {"Entries": answers, "FailedEntryCount": sum("ErrorCode" in answer for answer in answers)}

    def publish(self, event: Event) -> str:
        """Send an event that AWS itself makes, and return its id.

        Missing envelope members are filled in.
        """
        whole = {
            "version": "0",
            "id": self._ids.next(),
            "account": self._account,
            "time": iso(self._kernel.now()),
            "region": self._region,
            "resources": [],
            **event,
        }
        self._enter(whole, forwarded=False)
        return str(whole["id"])

    def receive(self, event: Event) -> None:
        """Take an event that another Region's bus forwards."""
        self._enter(event, forwarded=True)

    def _enter(self, event: Event, *, forwarded: bool) -> None:
        with self._kernel.lock:
            now = self._kernel.now()
            for late in self.late():
                self._send(Parcel(event, forwarded, ingested=now, due=now + delivery.LATENCY + late))

    def _send(self, parcel: Parcel) -> None:
        number, self._next = self._next, self._next + 1
        self._under_way[number] = parcel
        self._kernel.at(parcel.due, lambda: self._arrive(number))

    def _arrive(self, number: int) -> None:
        if self._region in self._faults.deaf:
            if not self._held:
                self._kernel.after(LISTEN, self._listen)
            self._held.append(number)
            return
        parcel = self._under_way.pop(number, None)
        if parcel is None:
            return
        if parcel.rule:
            self._attempt(parcel)
            return
        for rule in self.rules.matching(parcel.event):
            for target in self.rules.targets(rule):
                if not (parcel.forwarded and delivery.kind_of(target["Arn"]) == "bus"):
                    due = self._kernel.now()
                    self._attempt(
                        Parcel(parcel.event, parcel.forwarded, parcel.ingested, due, rule, target["Id"])
                    )

    def _listen(self) -> None:
        if self._region in self._faults.deaf:
            self._kernel.after(LISTEN, self._listen)
            return
        held, self._held = self._held, []
        for number in held:
            self._arrive(number)

    def _attempt(self, parcel: Parcel) -> None:
        target = self.rules.target(parcel.rule, parcel.target)
        if target is None:
            return
        rule_arn = self.rules.arn(parcel.rule)
        body = input_for(target, parcel.event, rule_arn=rule_arn, ingested=parcel.ingested)
        now = self._kernel.now()
        try:
            self._hand(Delivery(target["Arn"], body, parcel.event))
        except AwsError as error:
            parcel.attempts += 1
            age = now - parcel.ingested
            policy = target.get("RetryPolicy") or {}
            wait = delivery.next_attempt(error, attempts=parcel.attempts, age=age, policy=policy)
            if isinstance(wait, float):
                parcel.due = now + wait
                self._send(parcel)
            elif dead_letters := (target.get("DeadLetterConfig") or {}).get("Arn"):
                self._bury(dead_letters, parcel, target["Arn"], error, wait)

    def _bury(self, queue: str, parcel: Parcel, target: str, error: AwsError, why: str) -> None:
        attributes = {
            "RULE_ARN": self.rules.arn(parcel.rule),
            "TARGET_ARN": target,
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message,
            "RETRY_ATTEMPTS": str(parcel.attempts - 1),
            "EXHAUSTED_RETRY_CONDITION": why,
        }
        try:
            self._hand(Delivery(queue, json.dumps(parcel.event), parcel.event, attributes))
        except AwsError:
            return

    def _hand(self, parcel: Delivery) -> None:
        take = self._deliver.get(delivery.kind_of(parcel.arn))
        if take is None:
            raise AwsError("ResourceNotFoundException", f"Nothing rehearses {parcel.arn}.")
        take(parcel)

    def dump(self) -> dict[str, Any]:
        """Return rules, targets and the events that are not delivered yet, for JSON."""
        parcels = [asdict(parcel) for _, parcel in sorted(self._under_way.items())]
        return {**self.rules.dump(), "ids": self._ids.used, "under_way": parcels}

    def restore(self, state: dict[str, Any]) -> None:
        self.rules.restore(state)
        self._ids.used = state["ids"]
        for parcel in state["under_way"]:
            self._send(Parcel(**parcel))
