"""What the failing of few can bring about, tried on the real core: one observer, one family, one Region."""

from collections.abc import Iterator, Sequence

from controller.core.admission import expected_signals
from controller.core.model import Signal
from controller.core.policy import Policy
from controller.lab.cases.play import ACCOUNT, as_live
from controller.lab.review.findings import Finding, in_file
from controller.lab.review.proof import free_start, moves

HOUR = 3600.0


def too_few(policy: Policy) -> Iterator[Finding]:
    """Where one observer, one family or the Region's own word is enough to evacuate."""
    live = as_live(policy)
    begins = free_start(live, HOUR)
    for region in live.regions if begins is not None else ():
        assert begins is not None
        signals = [s for s in expected_signals(live, ACCOUNT, [region]) if s.kind != "health"]
        yield from _about(live, region, signals, begins)
        if policy.enforcement == "live":
            yield from _families(live, region, signals, begins)


def _about(live: Policy, region: str, signals: Sequence[Signal], begins: float) -> Iterator[Finding]:
    at, own = in_file(live, region, "when"), [s for s in signals if s.own]
    if _enough(live, region, own, begins):
        message = f"the Region's own instruments alone can evacuate {region}"
        yield Finding("own-word", at, message, "ask observers outside it too: `observers: 2`")
        return
    enough = [
        observer
        for observer in dict.fromkeys(s.observer for s in signals if not s.own and s.observer != region)
        if _enough(live, region, [s for s in signals if s.own or s.observer == observer], begins)
    ]
    if enough:
        who = " or ".join(enough)
        message = f"one observer alone, {who}, with {region}'s own instruments can evacuate it"
        yield Finding("one-observer", at, message, "expected `observers: 2` or more")


def _families(live: Policy, region: str, signals: Sequence[Signal], begins: float) -> Iterator[Finding]:
    for family in live.signals:
        if _enough(live, region, [s for s in signals if s.family == family], begins):
            message = f"signals of {family} alone can evacuate {region}, and this policy is live"
            hint = "ask a second family, one that fails for other reasons"
            yield Finding("one-family", in_file(live, region, "when"), message, hint)


def _enough(live: Policy, region: str, failing: Sequence[Signal], begins: float) -> bool:
    return bool(failing) and moves(live, region, {s.id: "breaching" for s in failing}, begins)
