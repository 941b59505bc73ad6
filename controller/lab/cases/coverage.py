"""The coverage of a policy's conditions over all its cases.

It records which conditions were ever true, ever false, ever unknown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.core.decision.decide import Situation
from controller.core.decision.readiness import judge_ready
from controller.core.evidence.evaluation import View, judge, judge_leaf
from controller.core.model import Node, Truth
from controller.core.policy.conditions import Leaf
from controller.core.policy.schema import Policy
from controller.lab.cases.play import Played

Seen = Mapping[str, frozenset[Truth]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Maps a condition's path in the file to the values that it had.

    The path has dots between keys.
    """

    seen: Seen

    @property
    def share(self) -> float:
        """Return the share of all values that were seen, from 0 to 1.

        Each condition can have three values.
        """
        return sum(map(len, self.seen.values())) / (3 * len(self.seen)) if self.seen else 1.0

    def never(self, path: str) -> tuple[Truth, ...]:
        return tuple(value for value in Truth if value not in self.seen[path])


def coverage(policy: Policy, played: tuple[Played, ...]) -> Coverage:
    """Collect the values that each condition had in all minutes of all cases.

    Conditions are leaves and the nodes that combine them.
    """
    seen: dict[str, set[Truth]] = {}
    for each in played:
        for moment in each.moments:
            for region in policy.regions:
                for path, value in values(policy, moment.situation, region):
                    seen.setdefault(path, set()).add(value)
    return Coverage({path: frozenset(found) for path, found in seen.items()})


def values(policy: Policy, situation: Situation, region: str) -> Iterator[tuple[str, Truth]]:
    """Yield the value of each condition about leaving `region` or bringing it home now."""
    here, entry, seen = policy.about(region), policy.regions[region], situation.seen
    own = f"regions.{region}."

    def at(move: str, key: str) -> str:
        said = getattr(getattr(entry, move), key, None)
        return f"{own if said is not None else ''}{move}.{key}"

    yield from _nodes(
        judge(here.evacuate.when, seen, source=region, target=None, path=at("evacuate", "when"))
    )
    if here.restore is not None:
        tree = judge(here.restore.when, seen, source=region, target=None, path=at("restore", "when"))
        yield from _nodes(tree)
    for target in (other for other in here.target.prefer if other != region):
        yield from _listed(here.evacuate.unless, seen, region, target, at("evacuate", "unless"))
        aborts = here.drills.abort_when if here.drills else ()
        yield from _listed(aborts, seen, region, target, "drills.abortWhen")
        yield from _ready(here, situation, region, target, at)


def _nodes(tree: Node) -> Iterator[tuple[str, Truth]]:
    yield tree.path, tree.value
    for child in tree.children:
        yield from _nodes(child)


def _listed(
    listed: Sequence[Leaf], seen: View, region: str, target: str, at: str
) -> Iterator[tuple[str, Truth]]:
    for index, leaf in enumerate(listed):
        subject = target if leaf.in_ == "target" else region
        node = judge_leaf(leaf, seen, subject=subject, source=region, path=f"{at}.{index}")
        yield node.path, node.value


def _ready(
    here: Policy, situation: Situation, region: str, target: str, at: Callable[[str, str], str]
) -> Iterator[tuple[str, Truth]]:
    s = situation
    out = judge_ready(here.target.ready, s.seen, s.readings, s.now, region, target, returning=False)
    home = here.restore.ready if here.restore else ()
    back = judge_ready(home, s.seen, s.readings, s.now, target, region, returning=True)
    for path, answers in ((at("target", "ready"), out), (at("restore", "ready"), back)):
        yield from ((f"{path}.{index}", answer.value) for index, answer in enumerate(answers))
