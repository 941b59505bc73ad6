"""The trace of a simulated run, as lines of a file.

`simulate --trace` writes it, and a console reads it.

```
    12    240.001  append   us-west-2   #2 IncidentOpened …       for people; not read back
 {"is":"run","schema":"tidegate.trace/v1","policy":{…},…}         once
 {"is":"event",…} {"is":"assessment",…} {"is":"evidence",…} {"is":"requests",…}
```
A line that begins with a brace is a record. Nothing in such a file is trusted: it is read into plain
data, and what does not fit is refused with the number of its line. What a page will show is checked; the
rest is kept as it is.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from controller.core.canonical_json import ascii_json, canonical
from controller.core.explanation import format_time
from controller.core.incident.fold import fold
from controller.core.journal.event import Event, broken_at, event_of
from controller.core.model import Observation
from controller.core.policy.schema import Policy
from controller.core.policy.terms import PolicyError
from controller.core.policy.validation import parse_policy
from controller.core.text import sanitize
from controller.readmodel.run import sentence

Time = Annotated[float, Field(ge=0, le=1e11)]


class Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Run(Line):
    is_: Literal["run"] = Field(alias="is")
    schema_: Literal["tidegate.trace/v1"] = Field(alias="schema")
    name: Annotated[str, Field(max_length=200)]
    policy: dict[str, Any]
    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    here: Annotated[str, Field(max_length=40)]
    until: Time
    controls: dict[str, bool]


class Happened(Line):
    """An event, and its hash; in format 1 of the journal an event holds its hash itself."""

    is_: Literal["event"] = Field(alias="is")
    event: dict[str, Any]
    hash: str | None = None


class Heard(Line):
    is_: Literal["evidence"] = Field(alias="is")
    signal: str
    seen: tuple[Observation, ...]


class Counted(Line):
    is_: Literal["requests"] = Field(alias="is")
    region: str
    minutes: tuple[tuple[Time, float], ...]


class Shown(BaseModel):
    """The part of a stored decision that a page shows; there may be more."""

    model_config = ConfigDict(extra="allow")


class Check(Shown):
    guard: str
    value: Literal["true", "false", "unknown"]
    sentence: str


class Answer(Shown):
    value: Literal["true", "false", "unknown"]
    sentence: str


class State(Shown):
    name: str
    observer: str
    verdict: str
    since: str | None
    age_s: float | None


class Node(Shown):
    path: str
    value: Literal["true", "false", "unknown"]
    sentence: str
    children: tuple["Node", ...] = ()
    signals: tuple[State, ...] = ()


class Leaf(Shown):
    path: str
    value: str
    sentence: str


class Decided(Shown):
    region: str
    code: str
    reason: str
    target: str | None = None
    checks: tuple[Check, ...]
    readiness: tuple[Answer, ...] = ()
    tree: Node | None = None
    kept_by: tuple[Leaf, ...] = ()


class Record(Shown):
    decisions: tuple[Decided, ...] = ()


class Assessed(Line):
    is_: Literal["assessment"] = Field(alias="is")
    at: Time
    record: Record


AnyLine = Run | Happened | Heard | Counted | Assessed
LINE: TypeAdapter[AnyLine] = TypeAdapter(Annotated[AnyLine, Field(discriminator="is_")])


SCHEMA = "tidegate.trace/v1"
LONGEST = 1_000_000
"""Characters of a line."""
HOW = "`tidegate simulate --seed N --trace FILE` writes one"


class NotATrace(ValueError):  # noqa: N818
    """The file is no trace, or none that this version can read.

    The message is a sentence.
    """


@dataclass(frozen=True)
class Traced:
    """Traced is a run as a controller's tables held it at its end.

    name: of the run. here: the Region of the controller whose tables they are. until: when it ended.
    evidence: signal id -> observations. requests: Region -> (start of the minute, requests in it), where a
    metric counted them.
    """

    name: str
    policy: Policy
    account: str
    here: str
    until: float
    controls: Mapping[str, bool]
    events: tuple[Event, ...] = ()
    fleet: tuple[Event, ...] = ()
    assessments: tuple[tuple[float, dict[str, Any]], ...] = ()
    evidence: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    requests: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)


def trace_lines(traced: Traced, policy: Mapping[str, Any]) -> Iterator[str]:
    """Yield the records of a run, without ends of lines.

    policy: as it is deployed.
    """
    run = {"schema": SCHEMA, "name": traced.name, "policy": dict(policy), "account": traced.account,
           "here": traced.here, "until": traced.until, "controls": dict(traced.controls)}  # fmt: skip
    yield _spelt("run", run)
    for event in (*traced.fleet, *traced.events):
        yield _spelt("event", {"event": json.loads(event.text), "hash": event.hash})
    for at, record in traced.assessments:
        yield _spelt("assessment", {"at": at, "record": record})
    for signal, seen in traced.evidence.items():
        members = [{name: getattr(one, name) for name in Observation.__slots__} for one in seen]
        yield _spelt("evidence", {"signal": signal, "seen": members})
    for region, minutes in traced.requests.items():
        yield _spelt("requests", {"region": region, "minutes": [list(each) for each in minutes]})


def read_trace(lines: Iterable[str]) -> Traced:
    """Return the run that the lines of a file hold.

    Lines that do not begin with a brace are passed over. Raises `NotATrace`.
    """
    run: Run | None = None
    happened: list[Event] = []
    assessed: list[tuple[float, dict[str, Any]]] = []
    heard: dict[str, tuple[Observation, ...]] = {}
    counted: dict[str, tuple[tuple[float, float], ...]] = {}
    for number, text in enumerate(lines, start=1):
        if len(text) > LONGEST:
            raise NotATrace(f"line {number} is longer than {LONGEST} characters")
        if not text.startswith("{"):
            continue
        raw = _raw(number, text)
        match _line(number, raw):
            case Run() as found if run is None:
                run = found
            case Run():
                raise NotATrace(f"line {number}: a second run begins; open one file for each")
            case Happened(event=event, hash=hash_):
                happened.append(_event(number, event, hash_))
            case Assessed(at=at):
                assessed.append((at, raw["record"]))
            case Heard(signal=signal, seen=seen):
                heard[signal] = seen
            case Counted(region=region, minutes=minutes):
                counted[region] = minutes
    if run is None:
        raise NotATrace(f"it is no trace of a simulation that can be looked at: {HOW}")
    return _whole(run, happened, tuple(sorted(assessed, key=lambda pair: pair[0])), heard, counted)


def _whole(
    run: Run,
    happened: Sequence[Event],
    assessed: tuple[tuple[float, dict[str, Any]], ...],
    heard: Mapping[str, tuple[Observation, ...]],
    counted: Mapping[str, Sequence[tuple[float, float]]],
) -> Traced:
    try:
        policy = parse_policy(run.policy, in_force=True)
    except (PolicyError, ValueError) as error:
        raise NotATrace(f"its policy does not load: {sanitize(str(error), 200)}") from error
    events = tuple(event for event in happened if event.application == policy.application)
    fleet = tuple(event for event in happened if event.application != policy.application)
    broken = broken_at(events)
    if broken is not None:
        raise NotATrace(f"event {broken} of its journal is not as it was written")
    try:
        fold(policy.application, events)
        for event in events:
            format_time(event.at)
            sentence(event)
    except (ValueError, LookupError, OverflowError, OSError, RecursionError) as error:
        raise NotATrace(
            f"its journal cannot be what this version wrote: {sanitize(str(error), 200)}"
        ) from error
    return Traced(
        run.name, policy, run.account, run.here, run.until, dict(run.controls), events, fleet, assessed,
        dict(heard), dict(counted),
    )  # fmt: skip


def _spelt(what: str, members: Mapping[str, Any]) -> str:
    return json.dumps({"is": what, **members}, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _raw(number: int, text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NotATrace(f"line {number}: {sanitize(str(error), 120)}") from error
    return dict(raw)


def _line(number: int, raw: Mapping[str, Any]) -> AnyLine:
    try:
        return LINE.validate_python(raw)
    except (ValidationError, RecursionError) as error:
        told = str(error)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            told = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise NotATrace(f"line {number}: {sanitize(told, 200)}") from error


def _event(number: int, raw: Mapping[str, Any], sealed: str | None) -> Event:
    try:
        found = event_of(canonical(raw) if "format" in raw else ascii_json(raw))
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise NotATrace(f"line {number}: {sanitize(str(error), 200)}") from error
    if sealed not in (None, found.hash):
        raise NotATrace(f"line {number}: event {found.seq} of its journal is not as it was written")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")
