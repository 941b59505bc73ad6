"""A whole backtest: the policy beside naive ones, a sweep, a comparison with shadow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from controller.core.policy.schema import Policy
from controller.lab.backtest.evaluate import Judge
from controller.lab.backtest.evidence import Past
from controller.lab.backtest.moves import Move, naive, walk
from controller.lab.backtest.score import Score, Window, score
from controller.lab.backtest.shadow import Comparison, Export, compare
from controller.lab.backtest.sweep import Point, sweep
from controller.lab.replay.report import utc


@dataclass(frozen=True)
class Backtest:
    """Holds everything that a backtest found."""

    policy: Policy
    past: Past
    moves: tuple[Move, ...]
    scores: tuple[Score, ...]
    points: tuple[Point, ...] = ()
    shadow: Comparison | None = None

    def data(self) -> dict[str, Any]:
        """Return the document `tidegate.backtest/v1`, without its schema's name."""
        return {
            "application": self.policy.application,
            "digest": self.policy.digest,
            "from": utc(self.past.begin),
            "to": utc(self.past.end),
            "policies": [each.data() for each in self.scores],
            "moves": [
                {
                    "region": m.region,
                    "target": m.target,
                    "left": utc(m.left),
                    "home": utc(m.home) if m.home < inf else None,
                    "approvals": m.asked,
                }
                for m in self.moves
            ],
            "sweep": [
                {"for": p.for_, "observers": p.observers, "refused": p.refused}
                | (p.score.data() if p.score else {})
                for p in self.points
            ],
            "shadow": None if self.shadow is None else _comparison_fields(self.shadow),
        }


def _comparison_fields(found: Comparison) -> dict[str, Any]:
    return {
        "ready": found.ready,
        "reasons": list(found.reasons),
        "days": round(found.days, 3),
        "watched": round(found.watched, 5),
        "agreed": [{"region": r, "backtest": utc(a), "shadow": utc(b)} for r, a, b in found.agreed],
        "shadow_alone": [{"region": r, "at": utc(at)} for r, at in found.shadow_alone],
        "backtest_alone": [{"region": r, "at": utc(at)} for r, at in found.backtest_alone],
    }


def backtest(
    policy: Policy,
    past: Past,
    labels: Sequence[Window],
    *,
    answered: float = 0.0,
    wanted: Mapping[str, Sequence[Any]] | None = None,
    export: Export | None = None,
    tick: Callable[[float], None] = lambda _share: None,
) -> Backtest:
    """Play the past by the policy, by the naive ones and by each variant.

    answered: seconds until people agree. wanted: what to sweep. export: what a shadow controller recorded.
    tick: called with the share of the sweep that is done.
    """
    judge = Judge(policy, past)
    moves = walk(judge, answered=answered)

    def scored(name: str, found: Sequence[Move]) -> Score:
        return score(name, found, labels, begin=past.begin, end=past.end)

    scores = [scored("this policy", moves), *(scored(name, each) for name, each in naive(judge).items())]
    points = sweep(policy, past, labels, wanted, tick) if wanted else []
    compared = compare(export, moves, scores[0] if labels else None) if export else None
    return Backtest(policy, past, moves, tuple(scores), tuple(points), compared)
