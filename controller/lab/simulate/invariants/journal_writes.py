"""The invariants over what is appended to the journal. See `invariants.catalogue`."""

from controller.core.journal.event import Event
from controller.core.journal.moves import ApprovalGiven, ShiftIntended
from controller.lab.simulate.faults.controllers import LONGEST_SKEW
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.journal_record import Life, left_by_itself
from controller.lab.simulate.world.world import World

LOOK_BACK = 600.0
WAY = 10.0
"""Seconds that an event may be under way.

By so much less a Region may have been bad.
"""
BAD = ("dark", "gray")


def _event(fact: Fact) -> Event:
    event: Event = fact.data["event"]
    return event


def _begins(world: World, fact: Fact) -> Life | None:
    """Return the incident whose traffic an append is the first intent to move.

    None where it is not the first, or where a person requested the incident.
    """
    event = _event(fact)
    life = world.watch.record.lives.get(event.draft.incident or "")
    intends = isinstance(event.body, ShiftIntended)
    first = intends and life is not None and life.applied == 0 and life.leg == "out"
    return life if first and life is not None and life.requested_by is None else None


def skew(world: World) -> float:
    """Return how far two controllers' clocks may have been apart, in seconds."""
    return 2 * LONGEST_SKEW if world.used & {"clock-skewed", "clock-steps"} else 0.0


def chained(_world: World, fact: Fact) -> str | None:
    """S18: each event is the sound successor of the one before."""
    return None if fact.data["sound"] else f"event {_event(fact).seq} breaks the chain"


def one_at_a_time(world: World, _fact: Fact) -> str | None:
    """S3: at most one incident is open."""
    names = [life.id for life in world.watch.record.open]
    return f"open at once: {', '.join(names)}" if len(names) > 1 else None


def answered_once(world: World, _fact: Fact) -> str | None:
    """A1, A5: each request is answered once, by distinct people.

    None of these people asked for it.
    """
    odd, world.watch.record.odd = world.watch.record.odd, []
    return odd[0] if odd else None


def in_time(world: World, fact: Fact) -> str | None:
    """A4: nobody approves what has expired.

    The time of a question that was held back, or could not be sent, begins when people hear of it.
    """
    said = _event(fact).body
    if not isinstance(said, ApprovalGiven):
        return None
    asked = world.watch.record.requests[said.approval]
    unheard = fact.at if asked.late else asked.at
    began = max(asked.at, world.standings.heard_of.get((asked.id, asked.at), unheard))
    over = fact.at - began - asked.within - skew(world)
    return f"approved {over:.0f} s after it expired" if over > 5.0 else None


def approved(world: World, fact: Fact) -> str | None:
    """A3, A7: where people are asked, nothing moves before they approve.

    The request must be this incident's own.
    """
    event = _event(fact)
    life = world.watch.record.lives.get(event.draft.incident or "")
    intends = isinstance(event.body, ShiftIntended)
    if not intends or life is None or life.applied or life.leg == "home":
        return None
    if world.policy.gate_name(life.intent) == "none":
        return None
    answer = life.asked.answer if life.asked else "never asked"
    return (
        None if answer == "given" else f"{life.id} begins to move, but its request is: {answer or 'waiting'}"
    )


def as_approved(world: World, fact: Fact) -> str | None:
    """A3: what people were asked about is what is done, by the very plan that the intent names.

    Enough distinct people approved a request of this incident that names each control, its new state and both
    Regions. Where nobody was asked, and on the way back, nothing is named.
    """
    event = _event(fact)
    said, life = event.body, world.watch.record.lives.get(event.draft.incident or "")
    if not isinstance(said, ShiftIntended) or life is None:
        return None
    if life.leg == "home" and said.approved:
        return f"{life.id} goes back, and names a plan"
    if not said.approved:
        return f"{life.id} was bound to a plan, and names none" if life.bound and life.leg == "out" else None
    given = [asked for asked in life.questions if asked.answer == "given" and asked.plan == said.approved]
    plan = next((asked for asked in given if len(set(asked.by)) >= asked.people), None)
    if plan is None:
        return f"{life.id} names plan {said.approved[:12]}, which nobody approved"
    strange = [name for name, on in said.changes if plan.named.get(name) is not on]
    if strange or plan.ends != (said.source, said.target):
        return f"{life.id} is about to turn {', '.join(strange) or said.target}, which nobody was asked about"
    return None


def not_all_dead(world: World, fact: Fact) -> str | None:
    """S6: nothing happens by itself where the controller cannot judge.

    That is where all Regions look dead, or the controller is cut off.
    """
    if _begins(world, fact) is None:
        return None
    least = min(world.truth.unbroken(("dark",), region) for region in world.regions)
    if least > 300.0:
        return f"every Region has been dark for {least:.0f} s"
    alone = world.truth.unbroken(("cut-off",), fact.where)
    if alone > 300.0 and "events-late" not in world.used:
        return f"{fact.where} has been cut off for {alone:.0f} s"
    return None


def cooled_down(world: World, fact: Fact) -> str | None:
    """S7: no automatic move comes while the last one is fresh.

    It may come where somebody acknowledged the last one. A return that people refused binds no move out; an
    evacuation that nobody answered is asked again before the cooldown is over (L13).
    """
    life = _begins(world, fact)
    if life is None or life.intent != "evacuate":
        return None
    over = [
        one
        for one in world.watch.record.lives.values()
        if one.ended and one.intent != "drill" and (one.applied or _said_no(one, life.source))
    ]
    last = max(over, key=_rests_since, default=None)
    if last is None or last.acknowledged or last.ended is None:
        return None
    rest = min(world.cooldowns) - skew(world) - (fact.at - _rests_since(last))
    return f"{last.id} ended {fact.at - _rests_since(last):.0f} s ago" if rest > 5.0 else None


def _rests_since(life: Life) -> float:
    """Return since when a cooldown counts: what ended where it stood had moved before."""
    return life.moved if life.outcome == "interrupted" else life.ended or 0.0


def _said_no(life: Life, region: str) -> bool:
    """Return True where people denied leaving this very Region: it says nothing of another."""
    return life.intent == "evacuate" and life.end == "approval-denied" and life.source == region


def well_before_return(world: World, fact: Fact) -> str | None:
    """S8: nothing comes home that was dark during the last minutes."""
    life = _begins(world, fact)
    if life is None or life.intent != "restore":
        return None
    most = 240.0 if world.used & {"events-late", "events-dropped", "bus-deaf"} or skew(world) else 100.0
    was = world.truth.seconds(("dark",), life.source, 300.0)
    return f"{life.source} was dark for {was:.0f} of the last 300 s" if was > most else None


def not_too_often(world: World, fact: Fact) -> str | None:
    """S9: at most so many evacuations a day, as the policy says."""
    life = _begins(world, fact)
    if life is None or life.intent != "evacuate":
        return None
    before, limit = len(world.watch.record.shifted), world.policy.limits.evacuations_per_day
    return f"{before} evacuations today, and at most {limit}" if before >= limit else None


def truly_bad(world: World, fact: Fact) -> str | None:
    """S10, S11, S19: what is left by itself was truly bad.

    It was bad lately, and for longer than a blip.
    """
    life = _begins(world, fact)
    if life is None or life.intent != "evacuate":
        return None
    was = world.truth.seconds(BAD, life.source, LOOK_BACK)
    enough = was >= world.length.held - WAY
    return None if enough else f"{life.source} was bad for {was:.0f} of the last {LOOK_BACK:.0f} s"


def not_muted(world: World, fact: Fact) -> str | None:
    """S12: what is muted opens nothing."""
    said = left_by_itself(_event(fact))
    if said is None or skew(world):
        return None
    left = world.watch.record.muted.get(said.source, 0.0) - fact.at
    return f"opened while muted for {left:.0f} s more" if 5.0 < left < 890.0 else None
