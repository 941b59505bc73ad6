"""Many seeds in one picture: what happened, what was covered, what broke and how to see it again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from controller.lab.simulate.faults import FAULTS
from controller.lab.simulate.run import Outcome, Phase


@dataclass
class Totals:
    """Sums over outcomes. states: every function of the workflow, by name."""

    states: Sequence[str]
    seeds: int = 0
    seconds: float = 0.0
    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    quiet: int = 0
    """Seeds in which nothing was opened."""
    broken: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.seconds += outcome.seconds
        self.steps += outcome.steps
        self.counts.update(outcome.counts)
        self.codes.update(outcome.codes)
        self.pairs.update(outcome.pairs)
        self.quiet += not outcome.counts.get("opened")
        if outcome.breaks:
            self.broken.append(outcome)

    def unmet(self) -> list[tuple[str, str]]:
        """Pairs of fault and workflow state that never met."""
        return [
            (fault, state) for fault in FAULTS for state in self.states if (fault, state) not in self.pairs
        ]


def replay(outcome: Outcome, phase: Phase, faults: Sequence[str]) -> str:
    """The command that plays a seed again and writes down everything that was seen."""
    more = f" --faults {','.join(faults)}" if faults else ""
    more += "" if phase == "both" else f" --phase {phase}"
    return f"tidegate simulate --seed {outcome.seed}{more} --trace seed-{outcome.seed}.txt"


def outcome_fields(outcome: Outcome, phase: Phase, faults: Sequence[str]) -> dict[str, Any]:
    told = {"seed": outcome.seed, "digest": outcome.digest, "steps": outcome.steps, "counts": outcome.counts}
    if not outcome.breaks:
        return told
    return told | {
        "breaks": [asdict(one) for one in outcome.breaks],
        "faults": list(outcome.faults),
        "replay": replay(outcome, phase, faults),
    }


def broken_lines(outcome: Outcome, phase: Phase, faults: Sequence[str]) -> Iterable[str]:
    """For people: what broke, the last facts before it, how to see it again."""
    for one in outcome.breaks[:1]:
        yield from one.last
        yield f"seed {outcome.seed}, step {one.step}: {one.id} is broken: {one.sentence}"
    yield f"  {replay(outcome, phase, faults)}"


def summary_lines(totals: Totals) -> Iterable[str]:
    hours = totals.seconds / 3600
    yield f"{totals.seeds} seeds, {hours:.1f} simulated hours, {totals.steps} facts looked at"
    yield "  " + ", ".join(f"{name} {count}" for name, count in sorted(totals.counts.items()))
    yield f"  nothing opened in {totals.quiet} seeds"
    yield "  decisions: " + ", ".join(f"{code} {count}" for code, count in sorted(totals.codes.items()))
    unmet, possible = len(totals.unmet()), len(FAULTS) * len(totals.states)
    yield f"  {possible - unmet} of {possible} pairs of fault and workflow state have met"
    yield f"  {len(totals.broken)} seeds broke an invariant" if totals.broken else "  no invariant was broken"
