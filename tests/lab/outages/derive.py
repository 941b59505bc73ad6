"""The events of each replay, from the dates of the corpus' named outages.

```
 canaries  each period, from each place; they fail while `ill` says so
 alarms    change their state two minutes after what they watch did
 deaf      what happens in a Region from … until … arrives at its end
```
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tests.lab.outages.events import Event, alarm, canary, health, moment, zonal_shift

Spans = tuple[tuple[float, float], ...]
Outage = Mapping[str, Any]


@dataclass(frozen=True)
class Story:
    """What the world does between `begin` and `end`, in seconds since 1970.

    ill: Region -> when its customers fail. red: Region -> when its instruments are red. deaf: Region -> when
    what happens there does not arrive. more: notices and the like.
    """

    begin: float
    end: float
    regions: tuple[str, ...]
    places: tuple[str, ...]
    period: float
    ill: Mapping[str, Spans] = field(default_factory=dict)
    red: Mapping[str, Spans] = field(default_factory=dict)
    deaf: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    more: tuple[Event, ...] = ()


def lines(story: Story) -> list[Event]:
    """Every event in order of arrival, each with `_received`."""
    found = [*_canaries(story), *_alarms(story), *story.more]
    arriving = [(_arrives(event, story), number, event) for number, event in enumerate(found)]
    arriving.sort(key=lambda each: each[:2])
    return [{**event, "_received": round(at, 3)} for at, _, event in arriving if at <= story.end]


def _arrives(event: Event, story: Story) -> float:
    at = moment(event["time"])
    begin, end = story.deaf.get(event["region"], (0.0, 0.0))
    end = min(end, story.end - 60.0)  # where a part is played, its last minute is the flood
    return end + (at - begin) / 1000.0 if begin <= at < end else at + 0.7


def _canaries(story: Story) -> list[Event]:
    found = []
    for place in story.places:
        for region in story.regions:
            at = story.begin + 7.0
            while at < story.end:
                ill = any(a <= at < b for a, b in story.ill.get(region, ()))
                found.append(canary(at, about=region, runs_in=place, well=not ill))
                at += story.period
    return found


def _alarms(story: Story) -> list[Event]:
    found = []
    for region in story.regions:
        for part in ("5xx", "latency"):
            for begin, end in story.red.get(region, ()):
                found.append(alarm(begin + 125.0, region=region, part=part, value="ALARM", before="OK"))
                found.append(alarm(end + 125.0, region=region, part=part, value="OK", before="ALARM"))
            if not story.red.get(region):
                found.append(alarm(story.begin + 30.0, region=region, part=part, value="OK", before="OK"))
    return [event for event in found if moment(event["time"]) < story.end]


def _phase(outage: Outage, number: int) -> tuple[float, float]:
    begin, end, _ = outage["phases"][number]
    return moment(begin), moment(end) if end else moment(begin) + 7 * 86400.0


US = ("us-east-1", "us-west-2")
US_PLACES = ("us-east-1", "us-east-2", "us-west-2")
GULF = ("me-central-1", "eu-central-1")
GULF_PLACES = ("me-central-1", "eu-central-1", "eu-west-1")


def _deaf_then_flooded(outage: Outage, begin: float, end: float) -> Story:
    """DynamoDB's errors are what customers feel; EventBridge is deaf until its backlog is out."""
    ill, (deaf, heard) = _phase(outage, 1), _phase(outage, 2)
    return Story(
        begin, end, US, US_PLACES, 300.0,
        ill={"us-east-1": (ill,)}, red={"us-east-1": (ill,)}, deaf={"us-east-1": (deaf, heard)},
    )  # fmt: skip


def _severities(outage: Outage, begin: float, end: float) -> Story:
    """Customers fail with DynamoDB, and again whenever AWS says 2 or more; each post updates its notice."""
    series = [(moment(at), level) for at, level in outage["status_severity_series"]]
    started = moment(outage["start"])
    bad = [(a, b) for (a, level), (b, _) in pairwise(series) if level >= 2]
    ill = ((started, bad[0][1]), *bad[1:]) if bad[0][0] <= series[1][0] else tuple(bad)
    posts = tuple(
        health(
            at, region="us-east-1", service="DYNAMODB", began=started, ended=None if level else at,
            text="We are investigating increased error rates." if level else "[RESOLVED] It is over.",
        )
        for at, level in series
    )  # fmt: skip
    return Story(begin, end, US, US_PLACES, 300.0, ill={"us-east-1": ill}, red={"us-east-1": ill}, more=posts)


def _one_zone(outage: Outage, begin: float, end: float) -> Story:
    lost, _ = _phase(outage, 0)
    posted = moment(outage["status_severity_series"][0][0])
    text = "Connectivity issues in a single Availability Zone (mec1-az2) in the ME-CENTRAL-1 Region."
    return Story(
        begin, end, GULF, GULF_PLACES, 60.0, ill={"me-central-1": ((lost, lost + 120.0),)},
        more=(
            zonal_shift(lost + 90.0, region="me-central-1", zone="mec1-az2"),
            health(posted, region="me-central-1", service="EC2", text=text, began=lost),
        ),
    )  # fmt: skip


def _second_zone(outage: Outage, begin: float, end: float) -> Story:
    lost, forever = _phase(outage, 1)
    first, _ = _phase(outage, 0)
    texts = [
        "Connectivity issues in a single Availability Zone (mec1-az2) in the ME-CENTRAL-1 Region.",
        "Connectivity issues in another Availability Zone (mec1-az3) in the ME-CENTRAL-1 Region.",
    ]
    return Story(
        begin, end, GULF, GULF_PLACES, 60.0,
        ill={"me-central-1": ((lost, forever),)}, red={"me-central-1": ((lost, forever),)},
        more=(
            health(begin + 5.0, region="me-central-1", service="EC2", text=texts[0], began=first, key="az2"),
            health(lost + 1500.0, region="me-central-1", service="EC2", text=texts[1], began=lost, key="az3"),
        ),
    )  # fmt: skip


def _forty_three_seconds(outage: Outage, begin: float, end: float) -> Story:
    """Every place sees it fail: the partition falls over a whole round of canaries."""
    gone, back = _phase(outage, 0)
    return Story(
        begin, end, US, US_PLACES, 60.0, ill={"us-east-1": ((gone, back),)}, deaf={"us-east-1": (gone, back)}
    )


def _every_region(outage: Outage, begin: float, end: float) -> Story:
    spans = (_phase(outage, 0),)
    return Story(begin, end, US, US_PLACES, 60.0, ill=dict.fromkeys(US, spans), red=dict.fromkeys(US, spans))


def _flood(outage: Outage, begin: float, end: float) -> Story:
    """The same night from a fresh start: customers are well again, and yesterday arrives.

    Of what was held back, the last minutes before each change, not every minute of thirteen hours.
    """
    whole = _deaf_then_flooded(outage, _phase(outage, 2)[0] - 600.0, end)
    (_, over), (_, heard) = _phase(outage, 1), _phase(outage, 2)
    return replace(whole, begin=begin, more=_backlog(whole, over, heard))


def _backlog(whole: Story, over: float, heard: float) -> tuple[Event, ...]:
    """What us-east-1 sent between an hour before its customers were well, and half an hour after."""
    held = replace(whole, places=("us-east-1",), begin=over - 3600.0, end=over + 1800.0)
    old = [*_canaries(held), *_alarms(replace(whole, end=heard))]
    return tuple(event for event in old if event["region"] == "us-east-1" and moment(event["time"]) < heard)


STORIES: Mapping[str, Callable[[Outage, float, float], Story]] = {
    "2021-12-07-deaf-then-flooded": _deaf_then_flooded,
    "2021-12-08-flood-on-a-fresh-controller": _flood,
    "2025-10-20-severity-1-2-3-2-1-2-1-0": _severities,
    "2026-03-01-one-zone": _one_zone,
    "2026-03-02-second-zone": _second_zone,
    "2018-10-21-43-seconds": _forty_three_seconds,
    "2025-06-12-every-region": _every_region,
}
