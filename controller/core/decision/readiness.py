"""The readiness of a Region to take traffic: ready, not ready or unknown.

It is judged by what others said of the Region.

```
 reading (what was said, when)  ──┬─ plainly good ──────────> true
                                  ├─ plainly bad ───────────> false
                                  └─ none, too old, unclear ─> unknown: never "ready"
 not true ──┬─ block ────────> the target is passed over
            └─ ask: leads ───> it passes, and leads are asked in place of the usual gate
```

How far a table's copies lag behind, from DynamoDB's ReplicationLatency (DynamoDB metrics reference):

```
 lag  │      ▁▂▅█                       leaving  the last known lag: what would be lost, shown to who approves
      │▁▁▁▁▁▁    ▁▁▁▁▁▁▁▁▁▁▁▁           return   caught up once it has been low and unbroken for
      └──────────────────────> time              10 x the recent maximum (no metric proves it)
             a drop to 0 is a stall, not speed; nothing written, nothing measured
```
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from controller.core.canonical_json import ascii_digest
from controller.core.evidence.evaluation import View, judge_leaf
from controller.core.model import Answer, Check, Plan, Truth, all_of
from controller.core.policy.conditions import Leaf
from controller.core.policy.readiness_checks import (
    ArcCheck,
    FamilyCheck,
    PlanCheck,
    QuotaCheck,
    ReadyCheck,
    ReplicationCheck,
    gate_of,
)
from controller.core.text import format_duration

LAST_KNOWN = 1800.0
"""Seconds that a last known lag counts when leaving: its source may be dead, and measures nothing more."""
FRESH = 300.0
"""Seconds that a lag counts on return: both Regions live, so it is measured each minute."""
RECENT = 900.0
"""Seconds over which the recent maximum is taken."""
CAUGHT_UP = 10.0
"""Times the recent maximum to wait, by AWS's advice, until what was written before has arrived."""
MINUTE = 60.0
"""Seconds that one point stands for."""

Points = Sequence[tuple[float, float]]
QUOTAS_LAST = 86_400.0
"""Seconds that quotas count as known: people change them, and seldom."""


def judged(
    points: Sequence[Any], now: float, *, max_lag: float, path: str, name: str, source: str, target: str,
    returning: bool,
) -> Answer:  # fmt: skip
    """Return the answer about a table's replication from `source` to `target`.

    points: [time, lag in seconds] pairs, one a minute.
    """
    what = f"{name} from {source} to {target}"
    known = sorted((float(at), float(lag)) for at, lag in points)
    if not known:
        return Answer(path, Truth.UNKNOWN, f"replication of {what}: no lag is known")
    at, lag = known[-1]
    age = max(0.0, now - at - MINUTE)
    if lag <= 0:
        real = [(t, seconds) for t, seconds in known if seconds > 0]
        since = (
            f", {format_duration(real[-1][1])} {format_duration(max(0.0, now - real[-1][0]))} ago"
            if real
            else ""
        )
        sentence = f"replication of {what} stands still: its lag dropped to zero{since}"
        return Answer(path, Truth.UNKNOWN, sentence, age)
    seen = f"replication of {what}: {_spell(lag)} behind, as known {format_duration(age)} ago"
    if age > (FRESH if returning else LAST_KNOWN):
        return Answer(path, Truth.UNKNOWN, f"{seen}; that is too old", age, lag)
    if lag > max_lag:
        return Answer(path, Truth.FALSE, f"{seen} (at most {format_duration(max_lag)})", age, lag)
    if returning:
        left = _left(known, now, max_lag)
        if left > 0:
            sentence = f"{seen}; counts as caught up in {format_duration(left + 1)}"
            return Answer(path, Truth.FALSE, sentence, age, lag)
    return Answer(path, Truth.TRUE, seen, age, lag)


def _left(known: Points, now: float, max_lag: float) -> float:
    """Return the seconds until the table counts as caught up.

    Lag must have been low, without a gap or a stall, for 10 x its recent maximum. The result is zero or
    negative where that is so already.
    """
    recent = [(at, lag) for at, lag in known if now - at <= RECENT]
    most = max((lag for _, lag in recent), default=0.0)
    since = recent[-1][0] if recent else now
    for (before, _), (at, lag) in reversed(list(zip([(-1e18, 0.0), *recent], recent, strict=False))):
        if lag <= 0 or lag > max_lag:
            break
        since = at
        if at - before > 2.5 * MINUTE:
            break
    return CAUGHT_UP * most - (now - since)


def _spell(lag: float) -> str:
    return f"{lag:.1f}s" if lag < 60 else format_duration(lag)


ReadinessQuery = tuple[str, str, str, str]
"""(kind, name, source, target); source is empty where an answer is about one Region alone."""


@dataclass(frozen=True, slots=True)
class ReadinessResult:
    """A readiness result is what a provider said, in plain JSON data.

    at: when we read it, by our clock.

    kind      data
    replication   {"points": [[seconds since 1970, lag in seconds], …]} from source to target
    plan          {"state": …, "evaluated": seconds since 1970 or None, "warnings": count}
    arc           {"state": …, "checked": seconds since 1970 or None}
    quotas        {"lambda": value, "apigateway": value}
    """

    kind: str
    name: str
    source: str
    target: str
    at: float
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def query(self) -> ReadinessQuery:
        return self.kind, self.name, self.source, self.target


def readiness_queries(
    checks: Sequence[ReadyCheck], source: str, targets: Sequence[str]
) -> tuple[ReadinessQuery, ...]:
    """Return every query whose result is needed to judge `checks` for each of `targets`."""
    found = (query for target in targets for check in checks for query in _queries(check, source, target))
    return tuple(dict.fromkeys(found))


def newest(readings: Sequence[ReadinessResult]) -> tuple[ReadinessResult, ...]:
    """Return the latest result of each query."""
    found: dict[ReadinessQuery, ReadinessResult] = {}
    for reading in readings:
        known = found.get(reading.query)
        if known is None or known.at <= reading.at:
            found[reading.query] = reading
    return tuple(found.values())


def judge_ready(
    checks: Sequence[ReadyCheck],
    seen: View,
    readings: Sequence[ReadinessResult],
    now: float,
    source: str,
    target: str,
    *,
    returning: bool,
) -> tuple[Answer, ...]:
    """Return one answer a check, in their order, about `target`.

    Each answer says whether `target` is ready to take what `source` serves.
    returning: traffic goes home, from `source` where it was served meanwhile. Then replication is a hard
    gate: nobody can be asked to pass it. Leaving, its last known lag is the loss window.
    """
    known = {reading.query: reading for reading in newest(readings)}
    answers = []
    for index, check in enumerate(checks):
        path = f"ready.{index}"
        found = [known.get(query) for query in _queries(check, source, target)]
        match check:
            case FamilyCheck():
                leaf = Leaf.model_validate({"in": "target", "family": check.family, "is": check.is_})
                node = judge_leaf(
                    leaf.model_copy(update={"for_": check.for_}),
                    seen,
                    subject=target,
                    source=source,
                    path=path,
                )
                answer = Answer(path, node.value, node.sentence)
            case ReplicationCheck():
                points = found[0].data.get("points", ()) if found[0] else ()
                answer = judged(
                    points, now, max_lag=check.max_lag, path=path, name=check.replication, source=source,
                    target=target, returning=returning,
                )  # fmt: skip
            case PlanCheck():
                answer = _plan(path, check, found[0], now, target)
            case ArcCheck():
                answer = _arc(path, check, found[0], now, target)
            case QuotaCheck():
                answer = _quotas(path, check, found, now, source=source, target=target)
        answers.append(_with_gate(answer, check, returning))
    return tuple(answers)


def asked(answers: Sequence[Answer]) -> tuple[str, ...]:
    """Return the gates that doubt asks for, in the order of the checks."""
    return tuple(a.gate for a in answers if a.value is not Truth.TRUE and a.gate is not None)


def under_doubt(goal: Plan | None, doubts: tuple[str, ...]) -> Plan | None:
    """Return the same plan, under another digest where there are doubts.

    A person who approved it while all was ready did not approve it under these doubts.
    """
    if goal is None or not doubts:
        return goal
    return replace(goal, digest=ascii_digest([goal.digest, *doubts])[:16])


def loss_window(answers: Sequence[Answer]) -> float | None:
    """Return the seconds of writes that may be lost by leaving now.

    Returns None where no check knows.
    """
    return max((a.loss_window for a in answers if a.loss_window is not None), default=None)


def _with_gate(answer: Answer, check: ReadyCheck, returning: bool) -> Answer:
    if answer.value is Truth.TRUE or (returning and isinstance(check, ReplicationCheck)):
        return answer
    gate = gate_of(check, unknown=answer.value is Truth.UNKNOWN)
    return Answer(answer.check, answer.value, answer.sentence, answer.age, answer.loss_window, gate)


def _queries(check: ReadyCheck, source: str, target: str) -> Iterator[ReadinessQuery]:
    match check:
        case ReplicationCheck():
            yield "replication", check.replication.replace("{region}", target), source, target
        case PlanCheck():
            yield "plan", check.plan_evaluation, "", target
        case ArcCheck():
            yield "arc", check.arc_readiness.replace("{region}", target), "", target
        case QuotaCheck():
            name = ",".join(sorted(check.quotas))
            yield "quotas", name, "", target
            yield "quotas", name, "", source


def _plan(path: str, check: PlanCheck, reading: ReadinessResult | None, now: float, target: str) -> Answer:
    what = f"Region switch plan {check.plan_evaluation} in {target}"
    if reading is None:
        return Answer(path, Truth.UNKNOWN, f"{what}: no answer")
    state = {"passed": Truth.TRUE, "actionRequired": Truth.FALSE}.get(str(reading.data.get("state")))
    return _dated(path, what, reading, "evaluated", state or Truth.UNKNOWN, now, check.max_age)


def _arc(path: str, check: ArcCheck, reading: ReadinessResult | None, now: float, target: str) -> Answer:
    what = f"ARC readiness check {check.arc_readiness.replace('{region}', target)}"
    if reading is None:
        return Answer(path, Truth.UNKNOWN, f"{what}: no answer")
    state = {"READY": Truth.TRUE, "NOT_READY": Truth.FALSE}.get(str(reading.data.get("state")))
    return _dated(path, what, reading, "checked", state or Truth.UNKNOWN, now, check.max_age)


def _dated(
    path: str, what: str, reading: ReadinessResult, key: str, value: Truth, now: float, max_age: float
) -> Answer:
    """Return an answer that is true only where its date is recent.

    Good news without a date, or older than `max_age`, is unknown. Bad news stays valid.
    """
    state, at = str(reading.data.get("state")), reading.data.get(key)
    if not isinstance(at, int | float):
        said = Truth.UNKNOWN if value is Truth.TRUE else value
        return Answer(path, said, f"{what} says {state}, of no known time")
    age = max(0.0, now - float(at))
    old = value is Truth.TRUE and age > max_age
    more = f"; that is too old ({format_duration(max_age)} at most)" if old else ""
    return Answer(
        path, Truth.UNKNOWN if old else value, f"{what} said {state} {format_duration(age)} ago{more}", age
    )


def _quotas(
    path: str,
    check: QuotaCheck,
    found: Sequence[ReadinessResult | None],
    now: float,
    *,
    source: str,
    target: str,
) -> Answer:
    """Check that the target allows as much of each quota as the source."""
    there, home = found
    if there is None or home is None:
        missing = target if there is None else source
        return Answer(path, Truth.UNKNOWN, f"quotas of {missing} are not known")
    age = max(0.0, now - min(there.at, home.at))
    if age > QUOTAS_LAST:
        return Answer(path, Truth.UNKNOWN, f"quotas were last read {format_duration(age)} ago", age)
    pairs = [(service, there.data.get(service), home.data.get(service)) for service in check.quotas]
    short = [f"{s} {a:g} of {b:g}" for s, a, b in pairs if a is not None and b is not None and a < b]
    if short:
        return Answer(path, Truth.FALSE, f"{target} allows less than {source}: {', '.join(short)}", age)
    unread = [service for service, a, b in pairs if a is None or b is None]
    if unread:
        return Answer(path, Truth.UNKNOWN, f"quotas of {', '.join(unread)} are not known", age)
    return Answer(path, Truth.TRUE, f"{target} allows as much of {', '.join(check.quotas)} as {source}", age)


def summary(answers: Sequence[Answer], code: str) -> Check:
    """Return all answers as one guard: true where nothing blocks."""
    blocks = [a for a in answers if a.value is not Truth.TRUE and a.gate is None]
    doubts = [a for a in answers if a.value is not Truth.TRUE and a.gate is not None]
    if blocks:
        return Check("readiness", code, all_of(a.value for a in blocks), blocks[0].sentence)
    if doubts:
        sentence = "; ".join(f"{a.sentence}: {a.gate} must be asked" for a in doubts)
        return Check("readiness", code, Truth.TRUE, sentence)
    return Check("readiness", code, Truth.TRUE, answers[0].sentence if answers else "nothing is asked of it")
