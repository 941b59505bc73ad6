"""The invariants over the way home. See `invariants.catalogue`.

They check what may come home, what turns back, and that there and back is home.
"""

from controller.core.journal.event import Event
from controller.core.journal.moves import ShiftIntended
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.journal_record import Ending, Intent
from controller.lab.simulate.world.world import World

UNHEARD = 60.0
"""Seconds after which a controller knows that it hears of a Region from too few."""
DARK = 270.0
"""Seconds after which it is plain from outside that a Region fails."""
LATE = 60.0
"""Seconds before a send in which a controller may have stood still since it looked."""
BACK_WITHIN = 300.0
"""Seconds in which a return turns back, once it is plain that its Region fails again."""


def heard_of(world: World, fact: Fact) -> str | None:
    """L12: a return sends no wave while its Region is silent or in doubt."""
    event: Event = fact.data["event"]
    life = world.watch.record.lives.get(event.draft.incident or "")
    said = event.body
    if not isinstance(said, ShiftIntended) or life is None or life.intent != "restore":
        return None
    mine = world.policy.regions[life.source].controls
    if life.leg == "home" or life.despite or not any(on for name, on in said.changes if name in mine):
        return None
    since = world.standings.of(life.source).unheard.get(fact.where)
    if since is not None and fact.at - since > UNHEARD:
        return f"{life.id} goes on, and {fact.where} has heard too little of it for {fact.at - since:.0f} s"
    dark = world.truth.unbroken(("dark",), life.source)
    return f"{life.id} goes on, and its Region has been dark for {dark:.0f} s" if dark > DARK else None


def turned_back(world: World, fact: Fact) -> str | None:
    """L12: once its Region fails again, a return goes back."""
    for life in world.watch.record.open:
        standing = world.standings.of(life.source)
        if life.intent != "restore" or standing.relapsed is None:
            continue
        since = max(standing.relapsed, world.standings.able_since(), standing.moved)
        if fact.at - since > BACK_WITHIN:
            return f"{life.source} fails again for {fact.at - since:.0f} s, and {life.id} does not turn back"
    return None


def takes_back(world: World, fact: Fact, intent: Intent | None) -> str | None:
    """S5: a move that turned back brings nothing into a Region that must be left."""
    life = intent.life if intent else None
    if life is None or life.leg != "home":
        return None
    reached = life.target if life.intent == "restore" else life.source
    entry = world.policy.regions.get(str(reached))
    on = {name for name, on in fact.data["changes"].items() if on}
    failing = world.standings.of(str(reached)).failing
    if entry is None or failing is None or not on.intersection(entry.controls):
        return None
    for_long = fact.at - failing - world.truth.seconds(("stopped",), fact.where, LATE)
    late = for_long > world.standings.plain_after()
    return f"{life.id} turned back, and {reached} has failed for {for_long:.0f} s" if late else None


def as_before(world: World, fact: Fact) -> str | None:
    """S20: there and back is home: every control stands as before the first move."""
    event: Event = fact.data["event"]
    trip, switch = world.standings.trip, world.cloud.switch
    if not isinstance(event.body, Ending) or world.watch.record.open or trip.since is None or trip.disturbed:
        return None
    wrong = [name for name, on in trip.before.items() if switch.is_on(name) is not on]
    if not wrong or any(_is_away(world, region) for region in world.regions):
        return None
    return f"all are at home, and {', '.join(wrong[:3])} stands otherwise than before the first move"


def _is_away(world: World, region: str) -> bool:
    """Return True where a Region lacks what it carried, and did not come home by a move of its own."""
    trip, switch = world.standings.trip, world.cloud.switch
    controls = world.policy.regions[region].controls
    if all(switch.is_on(name) or not trip.before[name] for name in controls):
        return False
    lives = world.watch.record.lives.values()
    moved = [
        life for life in lives if life.source == region and life.intents and life.moved >= (trip.since or 0.0)
    ]
    if not moved:
        return False
    last = moved[-1]
    plain = not last.closed_by and last.outcome != "interrupted" and last.ended is not None
    return not (plain and (last.leg == "home") is not (last.intent == "restore"))
