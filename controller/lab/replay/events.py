"""The recording: a JSONL of raw EventBridge events, in order of arrival.

The reader returns what can be used, and the reason why the rest cannot.
```
 {"detail-type": …, "time": "2021-12-07T15:42:00Z", …, "_received": "2021-12-08T04:40:00Z"}
   order of lines = order of arrival; `_received` (ISO 8601 or seconds) is when, else the event's own time
```
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.aws.events.fields import MAX_LENGTH, Unusable, account, decode, iso, region, seconds
from controller.core.text import sanitize

LARGEST = 256 * 1024 * 1024
"""Bytes of a file, for replay and backtest alike: some hundred thousand events."""
RECEIVED = "_received"


class BadFile(Exception):  # noqa: N818
    """The file cannot be replayed at all; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Holds an event and when it reaches us, in seconds since 1970.

    `event` has no `_received` any more.
    """

    line: int
    received: float
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Holds a line, counted from 1, that cannot be used.

    reason: one sentence.
    """

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Holds a whole file.

    read: lines that are not empty.
    """

    read: int
    arrivals: tuple[Arrival, ...]
    refused: tuple[Refusal, ...]


def read_recording(path: Path, tick: Callable[[float], None] = lambda _share: None) -> Recording:
    """Return everything in the file.

    Raises `BadFile` where it cannot be read, is too large, or holds no event. tick: called with the share of
    the file that is read.
    """
    arrivals: list[Arrival] = []
    refused: list[Refusal] = []
    clock = 0.0
    for number, raw in _lines(path, tick):
        try:
            arrival = _arrival(number, raw, clock)
        except Unusable as error:
            refused.append(Refusal(number, sanitize(str(error), 300)))
        else:
            clock = arrival.received
            arrivals.append(arrival)
    if not arrivals and not refused:
        raise BadFile("holds no event: expected one JSON object a line")
    return Recording(len(arrivals) + len(refused), tuple(arrivals), tuple(refused))


def _lines(path: Path, tick: Callable[[float], None]) -> Iterator[tuple[int, bytes]]:
    try:
        if not path.is_file():
            raise BadFile("is not there, or not a regular file; expected a JSONL file")
        size = path.stat().st_size
        if size > LARGEST:
            raise BadFile(
                f"is larger than {LARGEST >> 20} MiB; split it by days, or keep what the policy names"
            )
        with path.open("rb") as stream:
            number = 0
            while raw := stream.readline(MAX_LENGTH + 3):
                number += 1
                if number % 1000 == 0:
                    tick(stream.tell() / size)
                body = raw.strip().removeprefix(b"\xef\xbb\xbf") if number == 1 else raw.strip()
                while raw and not raw.endswith(b"\n"):  # the rest of a line that is too long is skipped
                    raw = stream.readline(MAX_LENGTH)
                if body:
                    yield number, body
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no usable file name"
        raise BadFile(f"cannot be read: {reason}") from error


def _arrival(number: int, raw: bytes, clock: float) -> Arrival:
    found = decode(raw)
    if not isinstance(found, dict):
        raise Unusable("The line is JSON, but no object.")
    event = {key: value for key, value in found.items() if key != RECEIVED}
    if not isinstance(event.get("detail-type"), str):
        raise Unusable("The line is no EventBridge event: it has no detail-type.")
    account(event)
    region(event)
    happened = iso(event, "time")
    told = found.get(RECEIVED)
    received = happened if told is None else _received_at(found)
    return Arrival(number, max(clock, received), event)


def _received_at(found: dict[str, Any]) -> float:
    told = found[RECEIVED]
    return iso(found, RECEIVED) if isinstance(told, str) else seconds(told)
