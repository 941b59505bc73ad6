"""The invariants over who waits behind whom, and over a no. See `invariants.catalogue`."""

from controller.core.journal.event import Event
from controller.core.journal.moves import DrillOpened, Opening, RestoreOpened, Settled, StoodDown
from controller.core.policy.conditions import leaves
from controller.core.policy.schema import Policy
from controller.lab.simulate.invariants.journal_writes import skew
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.journal_record import OPENINGS, Life
from controller.lab.simulate.world.world import World

FEW_TICKS = 330.0
"""Seconds in which a free evacuation begins: three ticks, and the turns of the controllers."""
STUCK = 1000.0
"""Seconds in which an open incident goes on, a takeover included (L1)."""
WITHOUT = 1800.0
"""Seconds of health after which a policy without a way home forgets what a person stopped."""
IDLE = 20.0
"""Seconds without a move after which an evacuation stands still."""
IN_TURN = 240.0
"""Seconds within which the same Region makes way at most once."""
SPARE = 90.0
"""Seconds that a Region was ill before anybody heard of it."""
UNSEEN = 130.0
"""Seconds that a Region may be dark between two runs of its canaries."""


def nothing_in_the_way(world: World, fact: Fact) -> str | None:
    """L9: an evacuation does not wait behind a return or a drill that has moved nothing."""
    for region in world.regions:
        free = _free_for(world, region)
        for life in world.watch.record.open:
            idle = life.intent in ("restore", "drill") and not life.intents
            since = min(free, fact.at - life.opened)
            if idle and since > FEW_TICKS:
                return f"{region} could be left for {free:.0f} s, and waits behind {life.id}"
    return None


def evacuation_goes_on(world: World, fact: Fact) -> str | None:
    """S3: an evacuation makes way only where it stands still, and no two for each other in turn."""
    event: Event = fact.data["event"]
    life = world.watch.record.lives.get(event.draft.incident or "")
    ends = isinstance(event.body, Settled | StoodDown) and event.body.code == "outranked"
    if life is None or life.intent != "evacuate" or not ends:
        return None
    if life.intents and fact.at - life.moved < IDLE:
        return f"{life.id} moved {fact.at - life.moved:.0f} s ago, and ends for another"
    others = [one for one in world.watch.record.lives.values() if one.end == "outranked" and one is not life]
    again = any(one.source == life.source and fact.at - (one.ended or 0.0) < IN_TURN for one in others)
    return f"{life.id} ends for another, for the second time" if again else None


def left_or_told(world: World, fact: Fact) -> str | None:
    """L11: a Region that carries traffic, is bad and may be left is left or told."""
    for region in world.regions:
        standing, free = world.standings.of(region), _free_for(world, region)
        since = fact.at - free
        if free < FEW_TICKS or standing.told >= since or _goes(world, region, free):
            continue
        return f"{region} carries traffic and could be left for {free:.0f} s: nobody leaves it, or tells"
    return None


def _free_for(world: World, region: str) -> float:
    standing, able = world.standings.of(region), world.standings.able_since()
    if standing.free is None:
        return 0.0
    return max(0.0, world.now - max(standing.free, able, standing.moved))


def _goes(world: World, region: str, free: float) -> bool:
    """Return True where an incident is about to leave a Region, or waits for people."""
    open_now = world.watch.record.open
    mine = [life for life in open_now if life.source == region]
    asked = any(life.asked is not None and not life.asked.answer for life in mine)
    idle = any(life.intent != "evacuate" and not life.intents for life in open_now)
    return idle or asked or bool(mine and free < STUCK)


def soaked_after_no(world: World, fact: Fact) -> str | None:
    """L9: a return or a drill that was refused is not put again before a full soak."""
    event: Event = fact.data["event"]
    said = event.body
    if not isinstance(said, RestoreOpened | DrillOpened) or said.requested_by not in (None, "schedule"):
        return None
    last = last_before(world, said.source, OPENINGS[type(said)], event)
    if last is None or last.ended is None or not last.refused_by_people or last.acknowledged:
        return None
    rest = soak(world.policy, last.source) - SPARE - skew(world) - (fact.at - last.ended)
    return (
        f"{last.id} was refused {fact.at - last.ended:.0f} s ago, and it is put again" if rest > 0.0 else None
    )


def stays_stopped(world: World, fact: Fact) -> str | None:
    """L10: what a person stopped stays stopped.

    It ends by a word of a person, or by health, unbroken, for the period of a return.
    """
    event: Event = fact.data["event"]
    said = event.body
    if not isinstance(said, Opening) or said.requested_by:
        return None
    if isinstance(said, DrillOpened) and said.scheduled is not None:
        return None
    last = last_before(world, said.source, OPENINGS[type(said)], event)
    if last is None or last.ended is None or not last.closed_by or last.acknowledged:
        return None
    if world.used & {"events-late", "events-dropped", "bus-deaf"} or skew(world):
        return None  # what was seen of a short outage is not plain
    well = _longest_well(world, last.source, last.ended, fact.at)
    short = soak(world.policy, last.source) - SPARE - well
    return f"{last.closed_by} stopped {last.id}, and it is opened again" if short > 0.0 else None


def last_before(world: World, source: str, intent: str, now: Event) -> Life | None:
    """Return the last incident of an intent about a Region before the one that opens now.

    None where a person asked for something about the Region since.
    """
    record = world.watch.record
    lives = [one for one in record.lives.values() if one.source == source and one.id != now.draft.incident]
    mine = [one for one in lives if one.intent == intent]
    last = mine[-1] if mine else None
    if last is None or any(one.requested_by and one.opened > (last.ended or 0.0) for one in lives):
        return None
    return last


def soak(policy: Policy, region: str) -> float:
    """Return for how many seconds a Region must be well before it comes home."""
    restore = policy.about(region).restore
    if restore is None:
        return WITHOUT
    asked = (leaf.for_ or 0.0 for _, leaf in leaves(restore.when, (), policy.conditions))
    return max(asked) or WITHOUT


def _longest_well(world: World, region: str, since: float, now: float) -> float:
    """Return the longest stretch of `since` to `now` in which nothing was seen of an outage."""
    spans = world.truth.spans.get(("dark", region), ())
    ill = sorted((begin, min(end, now)) for begin, end in spans if min(end, now) - begin > UNSEEN)
    longest, well = 0.0, since
    for begin, end in ill:
        longest, well = max(longest, begin - well), max(well, end)
    return max(longest, now - well)
