"""The weather: what happens to a call, and to an event under way.

It is rules that come and go, with rates, and one random source.
"""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal, get_args

Fate = Literal["refused", "hung", "lost", "throttled", "denied", "slow", "dies", "dies-after"]
"""The fate of a call.

refused: nobody there. hung: never answered. denied: AWS says that the caller may not. lost: applied, no
reply. slow: `delay` late, also past the caller's patience. dies: the process ends before the call;
dies-after: right after it applied.
"""

Moment = Literal["before", "sent", "applied", "replied", "recorded"]
"""The moment of a death around a call.

before: the call is not sent. sent: it lands after its sender died. applied: the reply finds nobody. replied:
the sender dies once it has the reply. recorded: after the journal has what came of it.
"""
MOMENTS: tuple[Moment, ...] = get_args(Moment)


@dataclass(frozen=True, slots=True)
class Sent:
    """One call that is about to leave.

    home: the controller's Region, "" for nobody's.
    """

    home: str
    service: str
    region: str
    operation: str
    body: bytes
    person: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CallRule:
    """Lets calls that match in all that is named meet `fate`.

    rate: the probability for each call. delay: seconds. part: must be in the body.
    """

    fate: Fate
    rate: float = 1.0
    delay: float = 0.0
    home: str | None = None
    service: str | None = None
    regions: Collection[str] | None = None
    operation: str | None = None
    part: bytes | None = None

    def matches(self, call: Sent) -> bool:
        return (
            self.home in (None, call.home)
            and self.service in (None, call.service)
            and (self.regions is None or call.region in self.regions)
            and self.operation in (None, call.operation)
            and (self.part is None or self.part in call.body)
            and not (call.person and self.fate in ("dies", "dies-after"))
        )


@dataclass(frozen=True, slots=True, eq=False)
class EventRule:
    """Lets events that enter the bus of `region` (None: any) be disturbed.

    They are dropped, doubled, or come up to `delay` seconds late.
    """

    what: Literal["dropped", "doubled", "late"]
    rate: float
    region: str | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class DeathRule:
    """Lets the sender of a call die around it, by `kill`.

    late: seconds until what was `sent` lands.
    """

    moment: Moment
    kill: Callable[[], None]
    late: float = 0.0


@dataclass
class Weather:
    """Holds the rules that are on now.

    They are asked in order; the first that hits decides.
    """

    random: random.Random
    calls: list[CallRule] = field(default_factory=list)
    events: list[EventRule] = field(default_factory=list)
    told: Callable[[Sent, CallRule], None] = lambda _call, _rule: None
    doom: Callable[[Sent], DeathRule | None] = lambda _call: None
    """Asked once for each call, before the rules."""

    def fate(self, call: Sent) -> CallRule | None:
        for rule in self.calls:
            if rule.matches(call) and (rule.rate >= 1 or self.random.random() < rule.rate):
                self.told(call, rule)
                return rule
        return None

    def end(self, rule: CallRule | EventRule) -> None:
        """End a rule; nothing happens if it did not hold."""
        self.calls = [one for one in self.calls if one is not rule]
        self.events = [one for one in self.events if one is not rule]

    def under_way(self, region: str) -> tuple[float, ...]:
        """Return how much later than usual an event arrives at a bus.

        region: of the bus. There is one number of seconds for each arrival: none, one, or two.
        """
        delays = [0.0]
        for rule in self.events:
            if rule.region in (None, region) and self.random.random() < rule.rate:
                if rule.what == "dropped":
                    return ()
                if rule.what == "doubled":
                    delays.append(self.random.uniform(0.0, rule.delay))
                else:
                    delays[0] = self.random.uniform(0.0, rule.delay)
        return tuple(delays)
