"""The invariants over notices to people. See `invariants.catalogue`.

They check what people are told, and what no notice may do.
"""

from controller.core.journal.moves import Answer
from controller.lab.simulate.invariants.journal_writes import BAD, LOOK_BACK
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.journal_record import left_by_itself
from controller.lab.simulate.world.world import World

PAGED_WITHIN = 480.0
"""Seconds in which people hear of what nobody may act on alone."""
HARMLESS = frozenset(
    {
        "all-red", "region-dark", "region-gray", "region-flapping", "blip-43s", "observer-misled",
        "quorum-lost", "events-doubled", "unready", "readiness-flapping", "readiness-silent",
        "replication-paused", "safety-rule", "zone-notice",
    }
)  # fmt: skip
"""Faults that prevent no controller from seeing and from paging."""


def told_of_all_dark(world: World, _fact: Fact) -> str | None:
    """S6: where every Region is dark, people are paged."""
    return _untold(world, min(world.truth.unbroken(("dark",), r) for r in world.regions), "every Region")


def told_of_no_quorum(world: World, _fact: Fact) -> str | None:
    """L4: where nobody can read the journal, people are paged."""
    return _untold(world, world.truth.unbroken(("no-quorum",), ""), "the journal's quorum")


def _untold(world: World, lasts: float, what: str) -> str | None:
    if lasts < PAGED_WITHIN or not world.used <= HARMLESS or world.watch.record.fleet_disarmed is not None:
        return None
    told = any(at > world.now - lasts for at in world.watch.pages)
    return None if told else f"{what} has been gone for {lasts:.0f} s, and nobody was paged"


def zone_alone(world: World, fact: Fact) -> str | None:
    """S13: news of one zone opens nothing about a Region that is well."""
    said = left_by_itself(fact.data["event"])
    if said is None:
        return None
    source = said.source
    was = world.truth.seconds((*BAD, "misled"), source, LOOK_BACK)
    accused = world.truth.seconds(("zone-notice",), source, LOOK_BACK)
    return (
        f"opened about {source}, of which one zone alone is said to be ill" if accused and not was else None
    )


def counted_once(world: World, fact: Fact) -> str | None:
    """A1: an answer that is told to count is in the journal.

    The event carries the name of the one who answered.
    """
    about, who = fact.data["approval"], fact.data["who"]
    own = sum(
        event.draft.by == who
        for event in world.watch.record.events
        if isinstance(event.body, Answer) and event.body.approval == about
    )
    told = world.watch.counted[about, who]
    return (
        None if told <= own else f"{who} was told {told} times that it counts, and it was written {own} times"
    )


def as_said(_world: World, fact: Fact) -> str | None:
    """A2, A6, A8, A9, S18: the fact itself says what must not be.

    Whoever noted it saw that.
    """
    return str(fact.data["said"])
