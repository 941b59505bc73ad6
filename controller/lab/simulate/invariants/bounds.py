"""The invariants over what an opening rests on, and over the policies that bind a move.

See `invariants.catalogue`.
"""

from collections.abc import Iterator

from controller.core.policy.conditions import All, Any_, Condition, Leaf, Not, Ref
from controller.core.policy.schema import AlarmSignal, Policy
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.hindrances import in_window
from controller.lab.simulate.world.journal_record import Intent, Life, left_by_itself
from controller.lab.simulate.world.world import World

READ = 15.0
"""Seconds in which whoever sends has read the journal, and found the policy in force."""
UNSEEN = 120.0
"""Seconds of failing polls after which no alarm's silence says anything of its Region."""


def looked_at(world: World, fact: Fact) -> str | None:
    """S21: nothing is left for a silence that is our own inability to look."""
    said = left_by_itself(fact.data["event"])
    if said is None:
        return None
    source = said.source
    blind = max(world.truth.unbroken(("no-look",), place) for place in ("", source))
    if blind < UNSEEN or not _rests_on_silence(world.policy, source) or _fires(world, source):
        return None
    return f"{source} is to be left: none of its alarms fires, and polls have failed for {blind:.0f} s"


def _rests_on_silence(policy: Policy, source: str) -> bool:
    """Return True where a policy leaves a Region only if its alarms fire, or are silent."""
    when = policy.about(source).evacuate.when
    return any(leaf.is_ == "silent" for leaf in _leaves(policy, when))


def _leaves(policy: Policy, condition: Condition) -> Iterator[Leaf]:
    match condition:
        case Leaf():
            yield condition
        case All(all_=inner) | Any_(any_=inner):
            for one in inner:
                yield from _leaves(policy, one)
        case Not(not_=one):
            yield from _leaves(policy, one)
        case Ref(condition=name):
            yield from _leaves(policy, policy.conditions[name])


def _fires(world: World, region: str) -> bool:
    """Return True where an alarm of a Region fires in truth, as CloudWatch there says."""
    names = [
        source.alarm.replace("{region}", region)
        for sources in world.policy.signals.values()
        for source in sources
        if isinstance(source, AlarmSignal)
    ]
    found = world.cloud.call("monitoring", "DescribeAlarms", region, {"AlarmNames": names})
    return any(alarm["StateValue"] == "ALARM" for alarm in found.get("MetricAlarms", ()))


def as_begun(world: World, fact: Fact, intent: Intent | None) -> str | None:
    """S23: what is sent in a move is of the policy that began it: its Regions, controls and waves."""
    life = intent.life if intent else None
    policy = world.policies.get(life.policy) if life else None
    if intent is None or life is None or policy is None:
        return None
    regions = {life.source, *([life.target] if life.target else [])}
    strangers = regions - set(policy.regions)
    if strangers:
        return f"{life.id} moves {min(strangers)}, which the policy that began it does not have"
    known = {name for entry in policy.regions.values() for name in entry.controls}
    other = set(fact.data["changes"]) - known
    if other:
        return f"{life.id} turns {min(other)}, which the policy that began it does not have"
    most, moves = _wave(policy, life), sum(n in policy.regions[life.source].controls for n in intent.changes)
    return f"{life.id} turns {moves} controls at once, and its wave is {most}" if most < moves else None


def _wave(policy: Policy, life: Life) -> int:
    """Return how many slices move at a time; in a leg that goes back all of them may."""
    mine = policy.about(life.source)
    said = mine.restore if life.intent == "restore" else mine.evacuate
    every = len(policy.regions[life.source].controls)
    if life.leg == "home" or said is None or not said.waves:
        return every
    return said.waves[min(life.waves, len(said.waves) - 1)]


def not_forbidden(world: World, fact: Fact, intent: Intent | None) -> str | None:
    """S23: nothing is sent that the policy in force forbids: shadow, a window, what it no longer has."""
    record = world.watch.record
    life = intent.life if intent else None
    policy = world.policies.get(record.digests[-1]) if record.digests else None
    if life is None or policy is None or fact.at - record.loaded <= READ + _stood(world, fact):
        return None
    if policy.enforcement == "shadow":
        return f"{life.id} sends, and the policy in force is in shadow"
    if in_window(policy, fact.at) and not life.applied and not life.requested_by and life.leg == "out":
        return f"{life.id} begins to send in a window of the policy in force"
    known = {name for entry in policy.regions.values() for name in entry.controls}
    gone = set(fact.data["changes"]) - known
    return f"{life.id} turns {min(gone)}, which the policy in force no longer has" if gone else None


def _stood(world: World, fact: Fact) -> float:
    return world.truth.seconds(("stopped",), fact.where, 30.0)
