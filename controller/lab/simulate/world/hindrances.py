"""The hindrances of a move, in truth: what may rightly keep a Region's traffic where it is.

A controller that leaves nothing undone acts where there is none. Where it is doubtful whether something
hinders, it hinders: an invariant then says nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from controller.core.policy.schedule import previous
from controller.core.policy.schema import Policy
from controller.lab.simulate.world.application import Length
from controller.lab.simulate.world.delivered_evidence import Hearing, heard
from controller.lab.simulate.world.ground_truth import Truth
from controller.lab.simulate.world.observer import WorldObserver
from controller.lab.simulate.world.processes import Machines
from controller.lab.simulate.world.weather import CallRule, Weather
from controller.rehearsal.cloud import Cloud
from controller.rehearsal.services.arc.data_plane import SERVICE

DOUBTFUL = frozenset(
    {
        "clock-skewed", "clock-steps", "policy-rolls-out", "policy-changes", "policy-rolled-back",
        "safety-rule", "events-late", "alarms-deleted",
    }
)  # fmt: skip
"""Faults after which it is not plain any more whether a limit binds."""
ILL = ("dark", "gray", "misled", "unready")
WELL_FOR = 500.0
"""Seconds after which whatever was ill counts as well."""
SPARE = 60.0
GONE = ("no-quorum", "no-fleet", "superseded")
"""Truths by which every controller lacks what each decision needs."""


class Seen(Protocol):
    """A run as it can be seen from outside: `world.world.World`."""

    @property
    def now(self) -> float: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def homes(self) -> tuple[str, ...]: ...
    @property
    def regions(self) -> tuple[str, ...]: ...
    @property
    def cloud(self) -> Cloud: ...
    @property
    def truth(self) -> Truth: ...
    @property
    def weather(self) -> Weather: ...
    @property
    def watch(self) -> WorldObserver: ...
    @property
    def machines(self) -> Mapping[str, Machines]: ...
    @property
    def length(self) -> Length: ...
    @property
    def used(self) -> set[str]: ...
    @property
    def cooldowns(self) -> Sequence[float]: ...


def hearing(world: Seen, home: str, region: str) -> Hearing:
    """Return what a controller's table holds of a Region's customers now."""
    return heard(world.watch.stored_items.evidence, world.policy, home, region, world.now)


def capable(world: Seen, home: str, *, page: bool = True) -> bool:
    """Return True where nothing keeps a controller from seeing, writing and paging.

    page: False where it need not page.
    """
    faults = world.cloud.faults
    if faults.stopped(home) or faults.silent(home) or world.machines[home].skew:
        return False
    if "sns" in faults.mute and page:
        return False
    unread = home in faults.journal_unreachable and lost(world) is None
    return not unread and not any(_meets(rule, home, page=page) for rule in world.weather.calls)


def _meets(rule: CallRule, home: str, *, page: bool) -> bool:
    if rule.service == SERVICE or rule.service == "monitoring":
        return False
    return rule.home in (None, home) and (page or rule.service != "sns")


def lost(world: Seen) -> str | None:
    """Return what is gone that every decision needs; None where nothing is."""
    return next((what for what in GONE if world.truth.unbroken((what,), "") > 0.0), None)


def in_window(policy: Policy, at: float, spare: float = 5.0) -> bool:
    """Return True in a window in which nothing moves by itself.

    spare: seconds before its end in which it counts as over.
    """
    for window in policy.limits.blackout:
        struck = previous(window.cron, policy.timezone or "UTC", at)
        if struck is not None and at - struck < window.for_ - spare:
            return True
    return False


def hindrances(world: Seen, region: str) -> set[str]:
    """Return what may keep the traffic of a failing Region where it is."""
    record, policy = world.watch.record, world.policy
    limits = policy.limits
    so = {
        "disarmed": record.disarmed is not None or record.fleet_disarmed is not None,
        "shadow": policy.enforcement == "shadow",
        "window": bool(limits.blackout),
        "muted": record.muted.get(region, 0.0) > world.now,
        "doubtful": bool(world.used & DOUBTFUL),
        "lost": lost(world) is not None,
        "switch": _switch_ill(world),
        "velocity": len(record.shifted) >= limits.evacuations_per_day,
        "floor": limits.min_regions_on > 1,
        "readiness": len(policy.target.ready) > 1,
        "cooldown": _cools_down(world, region),
        "people": _was_stopped(world, region),
        "target": not any(_is_well(world, other) for other in policy.target.prefer if other != region),
        "in-progress": any(life.intent == "evacuate" and life.source != region for life in record.open),
    }
    return {name for name, hinders in so.items() if hinders}


def _switch_ill(world: Seen) -> bool:
    rules = [rule for rule in world.weather.calls if rule.service == SERVICE]
    return bool(rules) or len(world.cloud.faults.arc) > 2 or world.truth.unbroken(("no-arc",), "") > 0.0


def _cools_down(world: Seen, region: str) -> bool:
    """Return True in the time after a move, or after people denied or left unanswered this very question."""
    longest = max(world.cooldowns) + SPARE
    for life in world.watch.record.lives.values():
        fresh = life.ended is not None and world.now - life.ended < longest
        said_no = life.intent == "evacuate" and life.source == region and life.refused_by_people
        if fresh and not life.acknowledged and life.intent != "drill" and (life.applied or said_no):
            return True
    return False


def _was_stopped(world: Seen, region: str) -> bool:
    """Return True where the last evacuation of a Region was ended by a person."""
    lives = [life for life in world.watch.record.lives.values() if life.source == region]
    last = lives[-1] if lives else None
    return last is not None and bool(last.closed_by) and not last.acknowledged


def _is_well(world: Seen, region: str) -> bool:
    ill = world.truth.seconds(ILL, region, WELL_FOR)
    awake = [home for home in world.homes if not world.cloud.faults.stopped(home)]
    return ill == 0.0 and all(hearing(world, home, region).all_well for home in awake)
