"""The names of the domain: frozen values, no behaviour beyond the arithmetic of truth.

Times are floats: seconds since 1970-01-01T00:00:00Z.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Truth(StrEnum):
    """A truth is one of Kleene's three values; only a plain `TRUE` ever acts."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @staticmethod
    def of(value: bool) -> "Truth":
        return Truth.TRUE if value else Truth.FALSE


def all_of(values: Iterable[Truth]) -> Truth:
    """Return false if any is false, else unknown if any is unknown, else true."""
    seen = set(values)
    return Truth.FALSE if Truth.FALSE in seen else Truth.UNKNOWN if Truth.UNKNOWN in seen else Truth.TRUE


def any_of(values: Iterable[Truth]) -> Truth:
    """Return true if any is true, else unknown if any is unknown, else false."""
    seen = set(values)
    return Truth.TRUE if Truth.TRUE in seen else Truth.UNKNOWN if Truth.UNKNOWN in seen else Truth.FALSE


def negate(value: Truth) -> Truth:
    return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}[value]


class Verdict(StrEnum):
    """A verdict is a signal's statement about its Region.

    `SILENT` is our own judgement: nothing came for `silentAfter`.
    """

    BREACHING = "breaching"
    HEALTHY = "healthy"
    SILENT = "silent"
    UNKNOWN = "unknown"


RELAYED = "relay"
"""The `via` of something that was sent from another Region than it was seen from.

It does not prove that the observing Region can be heard.
"""


@dataclass(frozen=True, slots=True)
class Observation:
    """An observation is one thing that was seen of a signal.

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
    """A sighting joins an observation and the identity of its signal.

    `signal` is `kind:account:observer:name`, e.g. `alarm:123456789012:us-east-1:storefront-us-east-1-5xx`;
    the observer is the Region where the alarm or canary lives, which is not always the one it is about.
    """

    signal: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class Ignored:
    """An ignored input came from outside and was not used, for `reason`.

    It is recorded, never raised as an error.
    """

    reason: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe is a synthetic event that takes the path of every signal.

    It goes from `region` to us and is never evidence.
    """

    region: str
    sent: float
    received: float


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution of ours ended before its incident did.

    status: "FAILED", "TIMED_OUT" or "ABORTED".
    """

    execution: str
    status: str


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal is named by the policy and is about one Region.

    subject: the Region that it is about. observer: the Region that it is seen from.
    own: it is the subject's own instrument and always counts; any other counts only where its observer is
    outside of the Regions under judgement.
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


def look_id(*, kind: str, account: str, observer: str) -> str:
    """Return the id of the refused looks at one kind of signal.

    observer: the Region that refused. They stand beside the evidence, and no policy can name them: they say
    nothing of a signal, but that its silence may be our own inability to look.
    """
    return signal_id(kind="look", account=account, observer=observer, name=kind)


def look_at(signal: Signal) -> str:
    """Return the `look_id` of the looks that see `signal`."""
    return look_id(kind=signal.kind, account=signal.id.split(":", 2)[1], observer=signal.observer)


@dataclass(frozen=True, slots=True)
class SignalState:
    """A signal state is a signal as judged at one moment.

    age: seconds since anything was heard of it.
    """

    signal: Signal
    verdict: Verdict
    since: float | None
    age: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the evaluation tree holds its value, its sentence and its children.

    signals: those that a leaf looked at.
    """

    path: str
    op: str
    value: Truth
    sentence: str
    children: tuple["Node", ...] = ()
    signals: tuple[SignalState, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A check is the answer of one guard.

    code: the decision's code where this check is the first that is not true.
    """

    guard: str
    code: str
    value: Truth
    sentence: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer is the result of one readiness check about a target.

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
    """A plan lists the routing controls to change.

    Empty `changes`: the controls are at the goal already.
    changes: (control name, on) pairs; `core.decision.plan.calls` says which of them go in one call.
    goal: every control that the plan is about. left: how many slices still have to move once these changes
    are applied. waves: the changes of each wave from this one on, where the plan goes in waves.
    """

    source: str
    target: str
    changes: tuple[tuple[str, bool], ...]
    goal: tuple[tuple[str, bool], ...]
    digest: str
    left: int = 0
    waves: tuple[tuple[tuple[str, bool], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision says what to do about one Region at one moment, and why.

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
