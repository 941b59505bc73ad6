"""The catalogue of invariants: what must never be so.

Invariants are functions over what was seen and what is true, never over a controller's belief. Each looks at
the facts of its kind right when they happen. Its answer is a sentence where it is broken. This module also
finds the intent that stands behind a call that moves traffic.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.core.journal.moves import ShiftIntended
from controller.lab.simulate.invariants import (
    bounds,
    decisions,
    homecoming,
    journal_writes,
    late_calls,
    notices,
    order,
    silence,
)
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.journal_record import Intent
from controller.lab.simulate.world.world import World

INTENT_DEADLINE = 16.0
"""Seconds after which nothing new of an intent may be sent.

15, and the time of the way.
"""


def sent_by(world: World, fact: Fact) -> Intent | None:
    """Return the newest intent of the sending controller that covers all that is sent."""
    sent = fact.data["changes"].items()
    for intent in reversed(world.watch.record.intents):
        if intent.home == fact.where and sent <= intent.changes.items():
            return intent
    return None


Invariant = Callable[[World, Fact], str | None]


@dataclass(frozen=True, slots=True)
class Break:
    """Records one invariant broken by one fact.

    last: the facts up to it, as the trace prints them.
    """

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
    """S2: everything sent is part of a durable intent of this controller."""
    intent = sent_by(world, fact)
    if intent is None:
        return f"{fact.where} sent {fact.text}, which it never wrote down"
    said = intent.event.body
    if isinstance(said, ShiftIntended) and not said.policy:
        return f"the intent #{intent.event.seq} names no policy"
    return None


def fenced(world: World, fact: Fact) -> str | None:
    """S4: nothing new is sent too late or under an old epoch.

    Too late is past the deadline. An epoch is old when a newer one has replaced it.
    """
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


def takes_back(world: World, fact: Fact) -> str | None:
    """S5: a move that turned back brings nothing into a Region that must be left."""
    return homecoming.takes_back(world, fact, sent_by(world, fact))


def armed(world: World, fact: Fact) -> str | None:
    """S15: nothing is sent after the kill switch was turned."""
    record = world.watch.record
    # The fleet's switch is read before the application's: a read that hangs makes it older.
    for since, grace in ((record.disarmed, 0.0), (record.fleet_disarmed, 15.0)):
        if since is not None and fact.at - since > slack(world, fact) + grace:
            return f"sent {fact.at - since:.1f} s after it was disarmed"
    return None


def override_agreed(world: World, fact: Fact) -> str | None:
    """S14: a safety rule is set aside only where two people approved it.

    They must have approved just that rule, and for just that wave.
    """
    rules = fact.data["override"]
    intent = sent_by(world, fact)
    life = intent.life if intent else None
    asked = life.asked if life else None
    if not rules or (asked and set(rules) <= set(asked.rules) and len(set(asked.by)) > 1):
        wrong = rules and asked and life and asked.wave != life.waves + 1
        return f"set aside {', '.join(rules)}, which was for wave {asked.wave}" if wrong and asked else None
    return f"set aside {', '.join(rules)}"


def as_begun(world: World, fact: Fact) -> str | None:
    """S23: a move keeps to the policy that began it."""
    return bounds.as_begun(world, fact, sent_by(world, fact))


def not_forbidden(world: World, fact: Fact) -> str | None:
    """S23: a move sends nothing that the policy in force forbids."""
    return bounds.not_forbidden(world, fact, sent_by(world, fact))


def slack(world: World, fact: Fact) -> float:
    """Return the seconds from the fence's answer to the send.

    They are longer where the controller stood still in between.
    """
    return 3.0 + world.truth.seconds(("stopped",), fact.where, 30.0)


TABLE: Mapping[str, tuple[tuple[str, Invariant], ...]] = {
    "moved": (("S1", slices_on),),
    "send": (
        ("S2", intended),
        ("S4", fenced),
        ("S5", target_alive),
        ("S5", takes_back),
        ("S14", override_agreed),
        ("S15", armed),
        ("S1", decisions.floor_kept),
        ("S23", as_begun),
        ("S23", not_forbidden),
    ),
    "append": (
        ("S18", journal_writes.chained),
        ("S3", journal_writes.one_at_a_time),
        ("S3", order.evacuation_goes_on),
        ("A1", journal_writes.answered_once),
        ("A4", journal_writes.in_time),
        ("A3", journal_writes.approved),
        ("A3", journal_writes.as_approved),
        ("S6", journal_writes.not_all_dead),
        ("S7", journal_writes.cooled_down),
        ("S8", journal_writes.well_before_return),
        ("S9", journal_writes.not_too_often),
        ("S10", journal_writes.truly_bad),
        ("S12", journal_writes.not_muted),
        ("S13", notices.zone_alone),
        ("S15", decisions.armed_to_intend),
        ("S16", decisions.policy_in_force),
        ("P1", decisions.live),
        ("P2", decisions.out_of_windows),
        ("P3", decisions.something_to_leave),
        ("A7", decisions.asked_once),
        ("S8", decisions.soaked),
        ("S8", decisions.fit_to_return),
        ("D1", decisions.drill_may_begin),
        ("D1", decisions.drill_on_its_stroke),
        ("S21", bounds.looked_at),
        ("S20", homecoming.as_before),
        ("L9", order.soaked_after_no),
        ("L10", order.stays_stopped),
        ("L12", homecoming.heard_of),
        ("L13", silence.asked_in_time),
    ),
    "look": (
        ("L8", silence.told),
        ("L8", silence.untold_is_written),
        ("L9", order.nothing_in_the_way),
        ("L11", order.left_or_told),
        ("L12", homecoming.turned_back),
        ("L13", silence.asked_again),
    ),
    "page": (("L8", silence.told_once),),
    "done": (("W1", decisions.says_what_is), ("W1", decisions.shadow_is_in_force)),
    "failed": (("W2", decisions.fails_by_name),),
    "heal": (("S6", notices.told_of_all_dark), ("L4", notices.told_of_no_quorum)),
    "lost": (("S18", notices.as_said),),
    "late": (("S4", late_calls.put_back),),
    "answered": (("A1", notices.counted_once),),
    "leak": (("A6", notices.as_said),),
    "forged": (("A9", notices.as_said),),
    "stranger": (("A8", notices.as_said),),
    "touched": (("A2", notices.as_said),),
}
"""Kind of fact -> the invariants that it is checked against, by their numbers."""


def broken(world: World, fact: Fact) -> list[Break]:
    found = []
    for name, invariant in TABLE.get(fact.kind, ()):
        said = invariant(world, fact)
        if said is not None:
            found.append(Break(name, fact.step, said, world.trace.tail()))
    return found
