"""The invariants over intents, openings and decisions. See `invariants.catalogue`.

They check what an intent, an opening or a sentence stands on.
"""

from controller.core.journal.event import Event
from controller.core.journal.moves import (
    ApprovalDenied,
    ApprovalRequested,
    DrillOpened,
    Opening,
    RestoreOpened,
    ShiftIntended,
)
from controller.lab.simulate.invariants.journal_writes import skew
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.hindrances import in_window
from controller.lab.simulate.world.journal_record import Life, left_by_itself
from controller.lab.simulate.world.world import World
from controller.ports import errors

LOOKED = 60.0
"""Seconds after which a controller had to see that something is so."""
LATEST = 630.0
"""Seconds after its scheduled time in which a drill may begin.

These are ten minutes, and the turns of the controllers.
"""
NAMED = frozenset({*vars(errors), "ProcessEnded", "IllegalMove", "PayloadUnknown"})
LOOKS_AT_SWITCH = frozenset(
    [
        "blackout",
        "cooldown",
        "velocity",
        "shared-cause",
        "no-target",
        "target-not-ready",
        "not-ready-to-return",
        "floor",
        "approval",
        "other-plan",
        "evacuate",
        "restore",
    ]
)
"""Codes that need the routing controls to be read."""
MOVES = frozenset({"evacuate", "restore", "approval", "other-plan"})


def _intent(world: World, fact: Fact) -> tuple[ShiftIntended, Life | None] | None:
    event: Event = fact.data["event"]
    life = world.watch.record.lives.get(event.draft.incident or "")
    return (event.body, life) if isinstance(event.body, ShiftIntended) else None


def armed_to_intend(world: World, fact: Fact) -> str | None:
    """S15: no intent follows the event that disarmed.

    Whoever wrote the intent has read that event.
    """
    if _intent(world, fact) is None or world.watch.record.disarmed is None:
        return None
    return f"intended {fact.at - world.watch.record.disarmed:.1f} s after it was disarmed"


def policy_in_force(world: World, fact: Fact) -> str | None:
    """S16, S23: an incident opens by the policy in force, and goes on by the one that it opened by."""
    opened, digests = fact.data["event"].body, world.watch.record.digests
    if isinstance(opened, Opening) and digests and opened.policy not in ("", digests[-1]):
        return f"opened by policy {opened.policy[:12]}, but {digests[-1][:12]} is in force"
    found = _intent(world, fact)
    if found is None or not digests:
        return None
    intent, life = found
    began = (life.policy if life is not None else "") or digests[-1]
    if intent.policy == began:
        return None
    return f"intended by policy {intent.policy[:12]}, but {began[:12]} began the move"


def live(world: World, fact: Fact) -> str | None:
    """P1: in shadow nothing is intended."""
    shadow = world.policy.enforcement == "shadow"
    return "intended in shadow" if shadow and _intent(world, fact) else None


def out_of_windows(world: World, fact: Fact) -> str | None:
    """P2: nothing begins to move by itself in a window of the policy."""
    found = _intent(world, fact)
    if found is None or found[1] is None or skew(world):
        return None
    life = found[1]
    if life.applied or life.requested_by or life.leg == "home" or not in_window(world.policy, fact.at):
        return None
    return f"{life.id} begins to move in a window"


def something_to_leave(world: World, fact: Fact) -> str | None:
    """P3: no incident opens by itself about an empty Region.

    Such a Region has carried nothing for long.
    """
    said = left_by_itself(fact.data["event"])
    if said is None:
        return None
    source = said.source
    off = _off_for(world, world.policy.regions[source].controls)
    return f"opened, though {source} has carried nothing for {off:.0f} s" if off > LOOKED else None


def _off_for(world: World, controls: tuple[str, ...]) -> float:
    """Return for how many seconds all of the controls have been Off."""
    if any(world.cloud.switch.is_on(control) for control in controls):
        return 0.0
    changed = world.cloud.arc.dump()["changed"]
    return float(world.now - max(changed.get(control, world.now) for control in controls))


def asked_once(world: World, fact: Fact) -> str | None:
    """A7: once denied, nobody is asked again in the same incident."""
    event: Event = fact.data["event"]
    if not isinstance(event.body, ApprovalRequested):
        return None
    before = [e for e in world.watch.record.events if e.draft.incident == event.draft.incident]
    denied = any(isinstance(e.body, ApprovalDenied) for e in before)
    return f"{event.draft.incident} was denied, and asks again" if denied else None


def soaked(world: World, fact: Fact) -> str | None:
    """S8: nothing comes home by itself within the cooldown.

    It is the cooldown of the move by which it left.
    """
    said = fact.data["event"].body
    if not isinstance(said, RestoreOpened) or said.requested_by:
        return None
    left = world.watch.record.lives.get(said.of or "")
    if left is None or left.ended is None:
        return None
    rest = min(world.cooldowns) - skew(world) - (fact.at - left.ended)
    return f"{left.id} ended {fact.at - left.ended:.0f} s ago" if rest > LOOKED else None


def fit_to_return(world: World, fact: Fact) -> str | None:
    """S8: nothing comes home that readiness speaks against."""
    found = _intent(world, fact)
    life = found[1] if found else None
    if life is None or life.intent != "restore" or life.applied or life.leg == "home":
        return None
    was = world.truth.unbroken(("unready",), life.source)
    return f"{life.source} has not been ready for {was:.0f} s" if was > LOOKED else None


PLAINLY_DARK = 600.0
"""Seconds after which every controller that hears anything knows that a Region is dark."""


def drill_may_begin(world: World, fact: Fact) -> str | None:
    """D1: a drill begins only where it may.

    The policy has drills, all is at home, armed, and outside of windows.
    """
    said = fact.data["event"].body
    if not isinstance(said, DrillOpened):
        return None
    if world.policy.drills is None:
        return "the policy has no drills"
    if world.watch.record.disarmed is not None:
        return "it was disarmed"
    if in_window(world.policy, fact.at) and not skew(world):
        return "in a window"
    if world.truth.unbroken(("no-arc",), "") > LOOKED:
        return "no ARC endpoint answers"
    dark = world.truth.unbroken(("dark",), said.source)
    plain = not world.used & {"events-late", "events-dropped", "bus-deaf"} and not skew(world)
    if dark > PLAINLY_DARK and plain and said.scheduled is not None:
        return f"its Region has been dark for {dark:.0f} s"
    away = [r for r, entry in world.policy.regions.items() if _off_for(world, entry.controls) > LOOKED]
    return f"{away[0]} carries nothing" if away else None


def drill_on_its_stroke(world: World, fact: Fact) -> str | None:
    """D1: a scheduled drill is skipped where it cannot begin.

    That is where its time finds something in progress, or where nobody saw its time for ten minutes.
    """
    said = fact.data["event"].body
    if not isinstance(said, DrillOpened) or said.scheduled is None or skew(world):
        return None
    struck = said.scheduled
    for life in world.watch.record.lives.values():
        if life.opened < struck - LOOKED and life.ended and life.ended > struck + 3 * LOOKED:
            return f"its stroke found {life.id} in progress"
    late = fact.at - struck
    return f"{late:.0f} s after its stroke" if late > LATEST else None


def floor_kept(world: World, fact: Fact) -> str | None:
    """S1: what is sent leaves every slice On in enough Regions.

    These are as many Regions as the policy says, or as before.
    """
    changes, switch = fact.data["changes"], world.cloud.switch
    least = world.policy.limits.min_regions_on
    for controls in zip(*(entry.controls for entry in world.policy.regions.values()), strict=True):
        before = sum(switch.is_on(control) for control in controls)
        after = sum(changes.get(control, switch.is_on(control)) for control in controls)
        if after < min(least, before):
            return f"leaves {controls[0]} On in {after} Regions, and at least {least} are asked"
    return None


def says_what_is(world: World, fact: Fact) -> str | None:
    """W1: what is said of a Region is so, as seen from outside."""
    codes = fact.data.get("codes") or {}
    if fact.data.get("handler") != "Tick" or not codes:
        return None
    if world.truth.unbroken(("no-evidence",), fact.where) > LOOKED:
        told = set(codes.values()) - {"evidence-unreadable", "journal-unreadable"}
        return f"says {min(told)} without any evidence" if told else None
    if world.truth.unbroken(("no-arc",), "") > LOOKED and set(codes.values()) & LOOKS_AT_SWITCH:
        return f"says {min(set(codes.values()) & LOOKS_AT_SWITCH)}, but nobody can read the switch"
    for region, code in codes.items():
        others = [
            life
            for life in world.watch.record.open
            if life.source != region and fact.at - life.opened > 2 * LOOKED
        ]
        if code in MOVES and others:
            return f"says {code} of {region} while {others[0].id} is in progress"
        if code == "floor" and _all_on(world) and world.policy.limits.min_regions_on < len(world.regions):
            return f"says floor of {region}, but everything is On everywhere"
    return None


def shadow_is_in_force(world: World, fact: Fact) -> str | None:
    """W1: nothing waits in shadow while the policy in force is live."""
    codes, record = fact.data.get("codes") or {}, world.watch.record
    held = sorted(region for region, code in codes.items() if code == "shadow")
    policy = world.policies.get(record.digests[-1]) if record.digests else None
    if fact.data.get("handler") != "Tick" or not held or policy is None or policy.enforcement == "shadow":
        return None
    since = fact.at - record.loaded - world.truth.seconds(("stopped",), fact.where, 2 * LOOKED)
    return (
        f"says shadow of {held[0]}, and a live policy has been in force for {since:.0f} s"
        if (since > 2 * LOOKED)
        else None
    )


def _all_on(world: World) -> bool:
    return all(world.cloud.switch.is_on(c) for e in world.policy.regions.values() for c in e.controls)


def fails_by_name(_world: World, fact: Fact) -> str | None:
    """W2: a handler fails by an error that the workflow file knows.

    Or it fails by the end of its process.
    """
    error = fact.data.get("error", "ProcessEnded")
    return None if error in NAMED else f"{fact.text}: nobody named this"
