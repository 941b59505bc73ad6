"""The kinds of evidence that a policy can name, and the signals of each.

```
 {canary: C, runsIn: [a, b]}   one a Region and observer, from outside    canary:ACCOUNT:a:C
 {alarm: A}                    one a Region, its own instrument           alarm:ACCOUNT:us-east-1:A
 {event: E, runsIn: [a, b]}    one a Region and observer, from outside    event:ACCOUNT:a:APP/FAMILY/REGION/E
 {event: E}                    one a Region, its own instrument
 {health: [S, T]}              one a Region and service, AWS's own word   health:ACCOUNT:us-east-1:S
```
"""

from collections.abc import Iterator

from controller.core.model import Signal, Verdict, signal_id
from controller.core.policy.conditions import Leaf
from controller.core.policy.schema import CanarySignal, EventSignal, HealthSignal, Policy, SignalSource


def kind_of(source: SignalSource) -> str:
    match source:
        case CanarySignal():
            return "canary"
        case EventSignal():
            return "event"
        case HealthSignal():
            return "health"
        case _:
            return "alarm"


def names_of(source: SignalSource) -> tuple[str, ...]:
    """Return the names as the policy writes them, with `{region}` still in them."""
    match source:
        case CanarySignal():
            return (source.canary,)
        case EventSignal():
            return (source.event,)
        case HealthSignal():
            return source.health
        case _:
            return (source.alarm,)


def observers_of(source: SignalSource) -> tuple[str, ...]:
    """Return the Regions that observe from outside.

    The result is empty for a Region's own instrument.
    """
    return (source.runs_in or ()) if isinstance(source, CanarySignal | EventSignal) else ()


def signals_of(
    source: SignalSource, *, application: str, family: str, subject: str, account: str
) -> Iterator[Signal]:
    """Yield the signals about one Region that a source makes."""
    kind, outside = kind_of(source), observers_of(source)
    for template in names_of(source):
        name = template.replace("{region}", subject)
        known = f"{application}/{family}/{subject}/{name}" if kind == "event" else name
        for observer in outside or (subject,):
            identity = signal_id(kind=kind, account=account, observer=observer, name=known)
            yield Signal(
                identity, family, kind, name, subject, observer, source.silent_after, own=not outside
            )


def countable(source: SignalSource, inside: set[str], verdict: Verdict) -> tuple[int, frozenset[str]]:
    """Count the signals of `source` about one Region that can ever say `verdict`.

    Also returns the other Regions that observe them.
    inside: the Regions under judgement, whose guests do not count. AWS Health only ever accuses.
    """
    outside = frozenset(observers_of(source))
    if outside:
        counted = outside - inside
        return len(counted), counted
    mute = isinstance(source, HealthSignal) and verdict is not Verdict.BREACHING
    return 0 if mute else len(names_of(source)), frozenset()


def never_plainly_false(policy: Policy, leaf: Leaf) -> bool:
    """Return True where nobody can ever deny what `leaf` asks.

    Where AWS Health sent no notice, nothing is known.
    """
    families = policy.signals if leaf.family == "all" else {leaf.family}
    asked = (source for family in families for source in policy.signals.get(family, ()))
    return leaf.verdict is Verdict.BREACHING and any(isinstance(source, HealthSignal) for source in asked)
