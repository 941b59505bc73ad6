"""The names of the domain. Frozen values, no behaviour beyond the arithmetic of truth.

Times are floats: seconds since 1970-01-01T00:00:00Z.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Truth(StrEnum):
    """Kleene's three values. Only a plain `TRUE` ever acts."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @staticmethod
    def of(value: bool) -> "Truth":
        return Truth.TRUE if value else Truth.FALSE


def all_of(values: Iterable[Truth]) -> Truth:
    """False if any is false, else unknown if any is unknown, else true."""
    seen = set(values)
    return Truth.FALSE if Truth.FALSE in seen else Truth.UNKNOWN if Truth.UNKNOWN in seen else Truth.TRUE


def any_of(values: Iterable[Truth]) -> Truth:
    """True if any is true, else unknown if any is unknown, else false."""
    seen = set(values)
    return Truth.TRUE if Truth.TRUE in seen else Truth.UNKNOWN if Truth.UNKNOWN in seen else Truth.FALSE


def negate(value: Truth) -> Truth:
    return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}[value]


class Verdict(StrEnum):
    """What a signal says of its Region. `SILENT` is judged by us: nothing came for `silentAfter`."""

    BREACHING = "breaching"
    HEALTHY = "healthy"
    SILENT = "silent"
    UNKNOWN = "unknown"


RELAYED = "relay"
"""How something came that was sent from another Region than it was seen from: no proof that one is heard."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that was seen of a signal.

    at: when it happened, by the sender's clock. received: when it reached us, by our clock.
    verdict: breaching, healthy or unknown. via: "event", "poll" or "relay". id: the same for a duplicate.
    """

    at: float
    received: float
    verdict: Verdict
    via: str
    id: str
    reason: str = ""

    def __hash__(self) -> int:
        return hash((self.id, self.received))


@dataclass(frozen=True, slots=True)
class Sighting:
    """An observation and the identity of the signal that it is of.

    `signal` is `kind:account:observer:name`, e.g. `alarm:123456789012:us-east-1:storefront-us-east-1-5xx`;
    the observer is the Region where the alarm or canary lives, which is not always the one it is about.
    """

    signal: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something from outside that was not used, and why. Recorded, never raised."""

    reason: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """A synthetic event that went the way of every signal from `region` to us. Never evidence."""

    region: str
    sent: float
    received: float


@dataclass(frozen=True, slots=True)
class Ended:
    """One of our executions that ended before its incident did: "FAILED", "TIMED_OUT" or "ABORTED"."""

    execution: str
    status: str


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal that the policy names: about one Region (`subject`), seen from one (`observer`).

    own: it is the subject's own instrument and always counts; else only from outside of what is judged.
    """

    id: str
    family: str
    kind: str
    name: str
    subject: str
    observer: str
    silent_after: float
    own: bool = False


def signal_id(*, kind: str, account: str, observer: str, name: str) -> str:
    return f"{kind}:{account}:{observer}:{name}"


@dataclass(frozen=True, slots=True)
class SignalState:
    """A signal as judged at one moment. `age` is the seconds since anything was heard of it."""

    signal: Signal
    verdict: Verdict
    since: float | None
    age: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the evaluation tree: its value, its sentence, and the signals that a leaf looked at."""

    path: str
    op: str
    value: Truth
    sentence: str
    children: tuple["Node", ...] = ()
    signals: tuple[SignalState, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One guard's answer. `code` is the decision's code where this is the first that is not true."""

    guard: str
    code: str
    value: Truth
    sentence: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one readiness check says of a target.

    check: its place, such as `ready.1`. age: seconds since it was so. loss_window: seconds of writes that
    would be lost by leaving now. gate: who is asked where the value is not true; None: it blocks.
    """

    check: str
    value: Truth
    sentence: str
    age: float | None = None
    loss_window: float | None = None
    gate: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The routing controls to change. Empty `changes`: the world is at the goal already.

    changes: (control name, on) pairs, all in one call. goal: every control that the plan is about.
    left: how many slices still have to move once these changes are applied.
    """

    source: str
    target: str
    changes: tuple[tuple[str, bool], ...]
    goal: tuple[tuple[str, bool], ...]
    digest: str
    left: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one Region at one moment, as data, and why.

    action: "act", "ask" (act once a person approves), "hold" (look again), "stand_down", "none".
    """

    at: float
    region: str
    code: str
    action: str
    reason: str
    tree: Node | None = None
    checks: tuple[Check, ...] = ()
    target: str | None = None
    plan: Plan | None = None
    intent: str = "evacuate"
    gate: str | None = None
    answers: tuple[Answer, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)
