"""What must never be so, as functions over what was seen and what is true: never over a controller's belief.

Each looks at the facts of its kind right when they happen. Its answer is a sentence where it is broken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.lab.simulate import grounds, repaired, told, writing
from controller.lab.simulate.facts import Fact
from controller.lab.simulate.moving import INTENT_DEADLINE, sent_by
from controller.lab.simulate.world import World

Invariant = Callable[[World, Fact], str | None]


@dataclass(frozen=True, slots=True)
class Break:
    """One invariant broken by one fact. last: the facts up to it, as the trace prints them."""

    id: str
    step: int
    sentence: str
    last: tuple[str, ...]


def slices_on(world: World, fact: Fact) -> str | None:
    """S1: every slice is On in some Region at every moment."""
    states = fact.data["states"]
    slices = zip(*(entry.controls for entry in world.policy.regions.values()), strict=True)
    off = [controls for controls in slices if not any(states[c] for c in controls)]
    return f"Off everywhere: {off[0]}" if off else None


def intended(world: World, fact: Fact) -> str | None:
    """S2: nothing is sent that is not part of a durable intent of this controller."""
    intent = sent_by(world, fact)
    if intent is None:
        return f"{fact.where} sent {fact.text}, which it never wrote down"
    if intent.life is not None and not intent.event.data.get("policy"):
        return f"the intent #{intent.event.seq} names no policy"
    return None


def fenced(world: World, fact: Fact) -> str | None:
    """S4: nothing new is sent past the deadline, or by an epoch that a newer one has replaced."""
    intent = sent_by(world, fact)
    if intent is None:
        return None
    late = fact.at - intent.at
    if late > INTENT_DEADLINE:
        return f"sent {late:.1f} s after its intent #{intent.event.seq}"
    life = intent.life
    if (
        life is not None
        and life.epoch > intent.event.draft.epoch
        and fact.at - life.raised > slack(world, fact)
    ):
        return (
            f"sent under epoch {intent.event.draft.epoch}, {fact.at - life.raised:.1f} s after {life.epoch}"
        )
    return None


def target_alive(world: World, fact: Fact) -> str | None:
    """S5: nothing is sent towards a Region that has been dark for five minutes."""
    intent = sent_by(world, fact)
    if intent is None or intent.life is None or intent.life.leg == "home" or intent.life.despite:
        return None
    life, on = intent.life, {name for name, on in fact.data["changes"].items() if on}
    goal = life.source if life.intent == "restore" else life.target
    dark = {
        region: world.truth.unbroken(("dark",), region)
        for region, entry in world.policy.regions.items()
        if region == goal or on.intersection(entry.controls)
    }
    region, for_long = max(dark.items(), key=lambda item: item[1], default=("", 0.0))
    return f"{region} has been dark for {for_long:.0f} s" if for_long > 300.0 else None


def armed(world: World, fact: Fact) -> str | None:
    """S15: nothing is sent after the kill switch was turned."""
    record = world.watch.record
    # The fleet's switch is read before the application's: a read that hangs makes it older.
    for since, grace in ((record.disarmed, 0.0), (record.fleet_disarmed, 15.0)):
        if since is not None and fact.at - since > slack(world, fact) + grace:
            return f"sent {fact.at - since:.1f} s after it was disarmed"
    return None


def override_agreed(world: World, fact: Fact) -> str | None:
    """S14: a safety rule is set aside only where two people approved just that."""
    rules = fact.data["override"]
    intent = sent_by(world, fact)
    asked = intent.life.asked if intent and intent.life else None
    if not rules or (asked and set(rules) <= set(asked.rules) and len(set(asked.by)) > 1):
        return None
    return f"set aside {', '.join(rules)}"


def slack(world: World, fact: Fact) -> float:
    """Seconds from the fence's answer to the send; longer where the controller stood still in between."""
    return 3.0 + world.truth.seconds(("stopped",), fact.where, 30.0)


TABLE: Mapping[str, tuple[tuple[str, Invariant], ...]] = {
    "moved": (("S1", slices_on),),
    "send": (
        ("S2", intended),
        ("S4", fenced),
        ("S5", target_alive),
        ("S14", override_agreed),
        ("S15", armed),
        ("S1", grounds.floor_kept),
    ),
    "append": (
        ("S18", writing.chained),
        ("S3", writing.one_at_a_time),
        ("A1", writing.answered_once),
        ("A4", writing.in_time),
        ("A3", writing.approved),
        ("S6", writing.not_all_dead),
        ("S7", writing.cooled_down),
        ("S8", writing.well_before_return),
        ("S9", writing.not_too_often),
        ("S10", writing.truly_bad),
        ("S12", writing.not_muted),
        ("S13", told.zone_alone),
        ("S15", grounds.armed_to_intend),
        ("S16", grounds.policy_in_force),
        ("P1", grounds.live),
        ("P2", grounds.out_of_windows),
        ("P3", grounds.something_to_leave),
        ("A7", grounds.asked_once),
        ("S8", grounds.soaked),
        ("S8", grounds.fit_to_return),
        ("D1", grounds.drill_may_begin),
        ("D1", grounds.drill_on_its_stroke),
    ),
    "done": (("W1", grounds.says_what_is),),
    "failed": (("W2", grounds.fails_by_name),),
    "heal": (("S6", told.told_of_all_dark), ("L4", told.told_of_no_quorum)),
    "lost": (("S18", told.as_said),),
    "late": (("S4", repaired.put_back),),
    "answered": (("A1", told.counted_once),),
    "leak": (("A6", told.as_said),),
    "forged": (("A9", told.as_said),),
    "stranger": (("A8", told.as_said),),
    "touched": (("A2", told.as_said),),
}
"""Kind of fact -> the invariants that it is held against, by their numbers."""


def broken(world: World, fact: Fact) -> list[Break]:
    found = []
    for name, invariant in TABLE.get(fact.kind, ()):
        said = invariant(world, fact)
        if said is not None:
            found.append(Break(name, fact.step, said, world.trace.tail()))
    return found
