"""The player of a case: it runs the case through the pure core.

Evidence is folded, each minute is decided, traffic moves at once, and the state is folded from the events.
```
 minute ─ feed ─> evidence ─ decide each Region ─> opens? ─> drive: ask ─> move ─> settle
                                └ state <─ fold <─ journal events ┘  cooldown, velocity, away
```
A shift takes no time and never fails: what can go wrong on the way is for `demo` and `simulate` to show.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from controller.core.decision.decide import Situation, decide
from controller.core.evidence.registry import Roster, kept_of
from controller.core.model import Decision, Signal
from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled, expected_signals, parse_policy
from controller.lab.cases.driver import Driver, Moved
from controller.lab.cases.evidence import MINUTE, Feed, Script, needed_minutes, questions, readings
from controller.lab.cases.model import DAY, Case, Says
from controller.lab.policy_files.leaves import waits

ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Moment:
    """Holds what was decided at one minute.

    at: seconds since the case began.
    """

    at: float
    situation: Situation
    decisions: dict[str, Decision]


@dataclass(frozen=True, slots=True)
class Played:
    case: Case
    moments: tuple[Moment, ...]
    moved: tuple[Moved, ...]

    def at(self, seconds: float) -> Moment:
        """Return the last minute up to `seconds`."""
        return [moment for moment in self.moments if moment.at <= seconds][-1]


def as_live(policy: Policy) -> Policy:
    """Return the policy as it would act.

    So a case is the same before and after the policy is promoted.
    """
    return (
        policy if policy.enforcement == "live" else parse_policy(compiled(policy) | {"enforcement": "live"})
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """Says how much is played.

    only: decide about this Region alone. first: until traffic moves. every: decide each so many minutes, and
    at the last. tree: see `decide`.
    """

    only: str | None = None
    first: bool = False
    every: int = 1
    tree: bool = True

    def minutes(self, lasts: float) -> Iterator[int]:
        """Return the minutes that are decided about in so many seconds."""
        last = int(lasts // MINUTE)
        return (minute for minute in range(last + 1) if minute % self.every == 0 or minute == last)


WHOLE = Scope()


def play(
    policy: Policy, case: Case, scope: Scope = WHOLE, scripts: Mapping[str, Script] | None = None
) -> Played:
    """Play a case. Pure: the same case gives the same moments.

    policy: as it would act (`as_live`). scripts: signal's id -> what it says, in place of the case's signals.
    """
    around = near(policy, scope.only) if scope.only else tuple(policy.regions)
    signals = expected_signals(policy, ACCOUNT, around)
    before, roster = needed_minutes(waits(policy)), Roster(signals)
    said = scripts_of(case, signals) if scripts is None else scripts
    feed = Feed(signals, kept_of(policy, signals), case.begins, before, said)
    driver = Driver(policy, _controls(policy, case), case.people, deployed=case.begins - DAY)
    asking = questions(policy, around)
    moments = []
    for minute in scope.minutes(case.lasts):
        now, since = feed.decided(minute), minute * MINUTE
        situation = Situation(
            policy, ACCOUNT, _here(policy, scope.only), now, driver.state, feed.evidence(minute),
            dict(driver.controls), readings(asking, now, partial(_answered, case, since)), roster,
        )  # fmt: skip
        about = [scope.only] if scope.only else policy.regions
        decisions = {region: decide(situation, region, tree=scope.tree) for region in about}
        moments.append(Moment(since, situation, decisions))
        if case.drill is not None and case.drill.at == since:
            driver.drill(situation, case.drill.region)
        driver.act(situation, decisions, since)
        if scope.first and driver.moved:
            break
    return Played(case, tuple(moments), tuple(driver.moved))


def near(policy: Policy, region: str) -> tuple[str, ...]:
    """Return the Region and the first two Regions where it would go.

    Nothing else is looked at where this Region alone is decided about.
    """
    others = [other for other in policy.about(region).target.prefer if other != region]
    return (region, *others[:2])


def _controls(policy: Policy, case: Case) -> dict[str, bool]:
    off = {name for region in case.left for name in policy.regions[region].controls}
    return {name: name not in off for entry in policy.regions.values() for name in entry.controls}


def _here(policy: Policy, failing: str | None) -> str:
    """Return the Region of the controller that decides.

    It is one outside the guarded Regions, else one outside the failing one.
    """
    away = [*(c for c in policy.controllers if c not in policy.regions), *policy.controllers]
    return next((c for c in away if c != failing), policy.controllers[0])


def scripts_of(case: Case, signals: Iterable[Signal]) -> dict[str, Script]:
    """Return signal's id -> what the case says of it."""
    return {s.id: tuple((says.at, says.say) for says in case.signals if matches(says, s)) for s in signals}


def matches(says: Says, signal: Signal) -> bool:
    named = says.signal is None or says.signal.replace("{region}", signal.subject) == signal.name
    return (
        named
        and says.family in (None, signal.family)
        and says.about in (None, signal.subject)
        and says.from_ in (None, signal.observer)
    )


def _answered(case: Case, since: float, check: str) -> str:
    said = [each.say for each in case.answers if each.at <= since and each.check == check]
    return said[-1] if said else "ready"
