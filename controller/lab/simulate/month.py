"""The month: pages counted over weeks of simulated life, a storm, and days with dark and blind stretches.

Each tick, event and poll of it is played by the deployed steps. The quiet weeks and the storm have one
controller and a canary run each five minutes; the other days have three, and a run each minute.
```
 quiet    people well, AWS Health quiet, each night a Region without metrics        0 pages
 storm    every alarm of two Regions, 200, has no data, and no canary runs          3 pages at most
 stretch  dark or blind for a random time, and nothing may or can move              each minute told
```
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.lab.simulate.faults.catalogue import begin
from controller.lab.simulate.faults.people import People
from controller.lab.simulate.faults.regions import Stop, canaries_stopped, dark, every, within
from controller.lab.simulate.invariants.silence import AGAIN, RANKS, SOON, TICKS
from controller.lab.simulate.world.application import CONTROLLERS, LENGTHS, PLACES, plain_frame
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.world import Plant, World, make_world
from controller.steps.operator import commands

Life = Literal["quiet", "storm", "stretches"]
DAY, MINUTE = 86_400.0, 60.0
NIGHT, MORNING = 3600.0, 4 * 3600.0
"""Seconds of each day between which a Region has no customers, and so no metrics."""
SELDOM = 300.0
"""Seconds between two runs of a canary in quiet weeks, as AWS proposes."""
WARM = 1200.0
"""Seconds in which everything has been heard at least once; pages before are not counted."""
STORM = 3000.0
ALARMS = 100
"""Alarms of a Region in the storm, of two Regions."""
LENGTHS_OF_STRETCH = (2.0, 4.0, 8.0, 25.0, 80.0, 150.0)
"""Minutes."""
HOURS_A_DAY, FEWEST_HOURS = 1.6, 4.0
"""Hours with stretches for each quiet day, and at least."""
MOST_IN_STORM = 3
REGIONS = PLACES[:2]


@dataclass(frozen=True, slots=True)
class Part:
    """Describes one stretch of time that is played in a world of its own."""

    life: Life
    seed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """Holds what people were told in a part.

    minutes: in which a Region was dark or blind beyond the fifth. untold: those of them that no page told of.
    """

    part: Part
    pages: tuple[tuple[float, str], ...]
    minutes: int = 0
    untold: tuple[str, ...] = ()
    ticks: int = 0

    @property
    def wrong(self) -> str | None:
        """Return the reason why this is not as it must be; None where it is."""
        if self.part.life == "quiet" and self.pages:
            return f"a quiet time has {len(self.pages)} pages: {self.pages[0][1]}"
        if self.part.life == "storm" and len(self.pages) > MOST_IN_STORM:
            return f"a storm of {2 * ALARMS} signals has {len(self.pages)} pages"
        if self.untold:
            return f"{len(self.untold)} minutes of {self.minutes} were told to nobody: {self.untold[0]}"
        return None


def parts(seed: int, days: float) -> list[Part]:
    """Return the parts of a month: quiet days, five at a time, a storm, and hours with stretches."""
    hours = max(FEWEST_HOURS, days * HOURS_A_DAY)
    quiet: list[Part] = []
    left = days * DAY
    while left > 0.0:
        quiet.append(Part("quiet", seed + len(quiet), min(left, 5 * DAY)))
        left -= 5 * DAY
    whole, rest = divmod(hours, 24.0)
    each = [24.0] * int(whole) + ([rest] if rest else [])
    stretches = [Part("stretches", seed + number, 3600.0 * long) for number, long in enumerate(each)]
    return [*quiet, Part("storm", seed, 2 * STORM), *stretches]


def part_fields(told: Told) -> dict[str, Any]:
    """Return what `--json` says of a part."""
    return {
        "life": told.part.life,
        "seed": told.part.seed,
        "hours": round(told.part.seconds / 3600.0, 2),
        "pages": [{"after_seconds": round(at), "subject": subject} for at, subject in told.pages],
        "dark_or_blind_minutes": told.minutes,
        "untold_minutes": len(told.untold),
        "wrong": told.wrong,
    }


def month_lines(every: Sequence[Told]) -> Iterator[str]:
    """Yield lines for people about a month."""
    for told in every:
        wrong = told.wrong
        if wrong is not None:
            yield f"{told.part.life} of seed {told.part.seed}: {wrong}"
    for life in PLAYS:
        mine = [told for told in every if told.part.life == life]
        hours = sum(told.part.seconds for told in mine) / 3600.0
        pages, minutes = sum(len(told.pages) for told in mine), sum(told.minutes for told in mine)
        untold = sum(len(told.untold) for told in mine)
        dark = f"{minutes} dark or blind minutes, {untold} of them untold"
        yield f"{life}: {hours:.0f} hours, {pages} pages; {dark}"


def play_part(part: Part, plant: Plant) -> Told:
    """Play a part of the month, and return what people were told."""
    seldom = part.life != "stretches"
    world = make_world(part.seed, plant, policy=_policy(part.life))
    world.canary_every, world.length = SELDOM if seldom else MINUTE, LENGTHS["short"]
    pages: list[tuple[float, str]] = []
    ledger = _Ledger(world)

    def look(fact: Fact) -> None:
        if fact.kind == "page" and fact.data["ok"] and fact.at > start:
            pages.append((fact.at - start, str(fact.data["subject"])))
        elif fact.kind == "look":
            ledger.look(fact.at)

    start = world.now + WARM
    world.trace.watchers.append(look)
    world.begin()
    _alarms_miss(world)
    world.kernel.run(until=start)
    PLAYS[part.life](world, start + part.seconds)
    world.kernel.run(until=start + part.seconds)
    told = Told(part, tuple(pages), ledger.minutes, tuple(ledger.untold), world.watch.number)
    world.close()
    return told


@dataclass
class _Ledger:
    """Counts the minutes in which a Region was dark or blind for more than five, and those untold."""

    world: World
    minutes: int = 0
    untold: list[str] = field(default_factory=list)
    at: float = 0.0

    def look(self, now: float) -> None:
        if now - self.at < MINUTE:
            return
        self.at = now
        for region in self.world.regions:
            standing = self.world.standings.of(region)
            if standing.ill is None:
                continue
            since = max(standing.ill, standing.moved, standing.excused)
            if now - since <= SOON:
                continue
            self.minutes += 1
            heard = standing.heard(standing.told)
            late = heard is None or now - heard > AGAIN + TICKS + RANKS
            if now - since > SOON + TICKS and late:
                self.untold.append(f"{region}, minute {(now - since) / MINUTE:.0f} of a stretch")


def _quiet(world: World, end: float) -> None:
    """Let each night another Region have no metrics for hours."""
    begins, night = world.now + NIGHT, 0
    while begins < end:
        region = world.regions[night % len(world.regions)]
        world.kernel.at(begins, partial(world.cloud.faults.no_metrics.add, region))
        world.kernel.at(begins + MORNING - NIGHT, partial(world.cloud.faults.no_metrics.discard, region))
        begins, night = begins + DAY, night + 1


def _storm(world: World, _end: float) -> None:
    """Let every alarm and canary of both Regions fall silent for `STORM` seconds."""
    metrics = world.cloud.faults.no_metrics

    def unheard() -> None:
        metrics.update(world.regions)
        stops = [canaries_stopped(world, region) for region in world.regions]
        world.kernel.after(STORM, every(metrics.clear, *stops))

    world.kernel.after(MINUTE, unheard)


def _stretches(world: World, end: float) -> None:
    """Let a Region be dark or blind again and again, while nothing may move."""
    rng = random.Random(f"{world.seed}/stretches")  # noqa: S311 - a run must repeat
    people = People(world, kind=True)
    people.act("disarms", lambda d: commands.arm(d, on=False, who="ana", reason="a month"))
    at = world.now + 600.0
    while at < end - 3600.0:
        lasts = rng.choice(LENGTHS_OF_STRETCH) * MINUTE * rng.uniform(0.6, 1.0)
        world.kernel.at(at, partial(_stretch, world, rng.choice(KINDS), rng.choice(world.regions), lasts))
        at += lasts + rng.uniform(20.0, 60.0) * MINUTE


def _stretch(world: World, kind: str, region: str, lasts: float) -> None:
    world.trace.note("stretch", region, f"{kind} for {lasts:.0f} s")
    world.kernel.after(lasts, _BEGINS[kind](world, region))


def _no_quorum(world: World, _region: str) -> Stop:
    faults = world.cloud.faults
    return every(
        world.truth.begin("no-quorum", ""),
        *(within(world, faults.journal_unreachable, home) for home in world.homes),
    )


_BEGINS: Mapping[str, Callable[[World, str], Stop]] = {
    "dark": dark,
    "blind": canaries_stopped,
    "no-quorum": _no_quorum,
    "no-fleet": lambda world, _region: begin(world, "fleet-poisoned"),
}
KINDS = (*_BEGINS, "dark", "blind")
PLAYS: Mapping[Life, Callable[[World, float], None]] = {
    "quiet": _quiet,
    "storm": _storm,
    "stretches": _stretches,
}


def _alarms_miss(world: World) -> None:
    """Let alarms without data be in INSUFFICIENT_DATA, as they are by default."""
    for alarm in world.cloud.plan.alarms:
        if "AlarmRule" not in alarm.members:
            changed = {**alarm.members, "TreatMissingData": "missing"}
            world.cloud.call("monitoring", "PutMetricAlarm", alarm.region, changed)


def _policy(life: Life) -> Policy:
    """Return a policy in which customers and the service both count, as the shipped one."""
    silent_after = "3m" if life == "stretches" else "15m"
    count = ALARMS // 2 if life == "storm" else 1
    frame = plain_frame(REGIONS, 2)
    families = ("service", "backend") if life == "storm" else ("service",)
    signals: dict[str, Any] = {
        "customer": [{**one, "silentAfter": silent_after} for one in frame["signals"]["customer"]],
        **{
            family: [
                {"alarm": f"shop-{{region}}-{family}{n}-5xx", "silentAfter": silent_after}
                for n in range(count)
            ]
            for family in families
        },
        "provider": [{"health": ["EC2", "DYNAMODB"]}],
    }
    failing = _leaf("customer", "breaching", observers=2, **{"for": "3m"})
    service = [
        _leaf("service", "breaching", signals=1, **{"for": "2m"}),
        _leaf("service", "silent", signals="all", **{"for": "5m"}),
        _leaf("provider", "breaching"),
    ]
    ready = {"family": "customer", "is": "healthy", "for": "5m", "ifUnknown": "block"}
    homes = CONTROLLERS if life == "stretches" else CONTROLLERS[:1]
    return parse_policy(
        frame
        | {
            "controllers": list(homes),
            "enforcement": "live",
            "signals": signals,
            "evacuate": {"when": {"all": [failing, {"any": service}]}, "approval": "none"},
            "target": {"prefer": list(reversed(REGIONS)), "ready": [ready]},
            "limits": {"minRegionsOn": 1, "cooldown": "1h", "evacuationsPerDay": 2},
        }
    )


def _leaf(family: str, verdict: str, **more: Any) -> dict[str, Any]:
    return {"in": "source", "family": family, "is": verdict, **more}
