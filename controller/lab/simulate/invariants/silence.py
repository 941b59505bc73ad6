"""The invariants over people who are not told, or asked. See `invariants.catalogue`.

They go by the standings of the Regions: what was delivered, what is On, which pages arrived.
"""

from math import inf

from controller.core.journal.event import Event
from controller.lab.simulate.invariants.journal_writes import skew
from controller.lab.simulate.invariants.notices import HARMLESS
from controller.lab.simulate.invariants.order import last_before
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.journal_record import left_by_itself
from controller.lab.simulate.world.standings import Standing
from controller.lab.simulate.world.world import World

SOON = 300.0
"""Seconds after which people are told of what does not move."""
TICKS, RANKS, SPARE = 120.0, 240.0, 90.0
"""Seconds of two ticks, of the ranks of two more controllers, and of the way."""
TOLD_WITHIN = SOON + TICKS + RANKS + SPARE
AGAIN = 3600.0
ASKED_WITHIN = 300.0
"""Seconds beyond half a cooldown in which people are asked again."""
EARLY = 5.0
"""Seconds by which people may be asked again before their time, by clocks that are sound."""
APART = 60.0
"""Seconds by which the same page may come before its hour is over."""
ANNOUNCED = ("disarmed", "armed", "reminder", "stood down", "drift", "is muted")
"""Words of pages that follow what a person did, or remind of a question."""


def told(world: World, _fact: Fact) -> str | None:
    """L8: a Region that is bad or unknown, carries traffic and does not move is told."""
    for region in world.regions:
        standing = world.standings.of(region)
        late = _overdue(world, standing, world.standings.able_since(), standing.told)
        if late > 0.0:
            for_long = world.now - (standing.ill or world.now)
            return (
                f"{region} has been bad or unknown for {for_long:.0f} s, and nobody was told {late:.0f} s ago"
            )
    return None


def untold_is_written(world: World, _fact: Fact) -> str | None:
    """L8: where no page can be sent by anybody, what is untold is in the journal.

    The note of it counts as the page does.
    """
    standings = world.standings
    if standings.able:
        return None
    since = min(standings.mouthless.values(), default=inf)
    for region in world.regions:
        standing = standings.of(region)
        late = _overdue(world, standing, since, max(standing.told, standing.written))
        if late > 0.0 and standings.lost is None:
            return f"nobody can be paged about {region}, and the journal has not said so since {late:.0f} s"
    return None


def _overdue(world: World, standing: Standing, able: float, told: float) -> float:
    """Return by how many seconds a page is too late; nothing or less where it is not."""
    if standing.ill is None or able == inf:
        return 0.0
    since = max(standing.ill, able, standing.moved, standing.excused)
    due = since + TOLD_WITHIN
    heard = standing.heard(told)
    if heard is not None:
        if world.policy.enforcement == "shadow":
            return 0.0
        due = max(due, heard + AGAIN + TICKS + RANKS + SPARE)
    return world.now - due


def told_once(world: World, fact: Fact) -> str | None:
    """L8: one page a cause and hour; while nobody reads the journal, one of each controller."""
    if not fact.data["ok"] or not world.used <= HARMLESS:
        return None
    subject, text, record = str(fact.data["subject"]), str(fact.data["text"]), world.watch.record
    names = (*ANNOUNCED, *record.lives)
    if any(name in subject for name in names) or any(name in text for name in record.requests):
        return None
    alone = world.truth.unbroken(("no-quorum",), "") > 0.0  # no controller can know what another has told
    earlier = [
        at
        for at, same, home in world.standings.pages
        if same == subject and at < fact.at and (home == fact.where or not alone)
    ]
    early = max(earlier, default=-inf) + AGAIN - APART - fact.at
    return f"paged again {AGAIN - APART - early:.0f} s after the last: {subject}" if early > 0.0 else None


def asked_again(world: World, _fact: Fact) -> str | None:
    """L13: where nobody answered, people are asked again well before the cooldown is over."""
    lives = world.watch.record.lives.values()
    for region in world.regions:
        standing = world.standings.of(region)
        mine = [life for life in lives if life.source == region and life.intent == "evacuate"]
        last = mine[-1] if mine else None
        if last is None or last.end != "approval-expired" or standing.askable is None or last.ended is None:
            continue
        half = max(world.cooldowns) / 2
        since = max(standing.askable, world.standings.able_since())
        late = world.now - max(last.ended + half, since) - ASKED_WITHIN
        if late > 0.0:
            return (
                f"{region} is dark, and {world.now - last.ended:.0f} s after {last.id} nobody is asked again"
            )
    return None


def asked_in_time(world: World, fact: Fact) -> str | None:
    """L13: where nobody answered, people are not asked again before `askAgain` is over."""
    event: Event = fact.data["event"]
    said = left_by_itself(event)
    if said is None:
        return None
    last = last_before(world, said.source, "evacuate", event)
    if last is None or last.ended is None or last.end != "approval-expired" or last.acknowledged:
        return None
    waits = min((one.limits.ask_again_after for one in world.policies.values()), default=0.0)
    early = waits - skew(world) - EARLY - (fact.at - last.ended)
    ago = f"{fact.at - last.ended:.0f} s after {last.id}"
    return f"nobody answered, and people are asked again {ago}" if early > 0.0 else None
