"""The report over many seeds: what happened, was covered, and broke.

It also says how to see again what broke.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from controller.lab.simulate.coverage_goals import CODES, ENOUGH, pairs
from controller.lab.simulate.run import Outcome, Phase

MOST_NAMED = 24
DID = ("shifted", "stood-down", "escalated", "put-back")


@dataclass
class Totals:
    """Holds sums over outcomes.

    states: every function of the workflow, by name.
    """

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
        """Return the pairs of fault and workflow state that never met."""
        return [pair for pair in pairs(tuple(self.states)) if pair not in self.pairs]

    def unmet_codes(self) -> list[str]:
        return [code for code in CODES if code not in self.codes]

    @property
    def lacking(self) -> bool:
        """Return True where enough seeds ran and something never occurred."""
        return self.seeds >= ENOUGH and bool(self.unmet() or self.unmet_codes())


def replay(outcome: Outcome, phase: Phase, faults: Sequence[str]) -> str:
    """Return the command that plays a seed again with a full trace."""
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
    """Yield lines for people about a broken seed.

    They say what broke, the last facts before it, and how to see it again.
    """
    for one in outcome.breaks[:1]:
        yield from one.last
        yield f"seed {outcome.seed}, step {one.step}: {one.id} is broken: {one.sentence}"
    yield f"  {replay(outcome, phase, faults)}"


def summary_lines(totals: Totals) -> Iterable[str]:
    hours = totals.seconds / 3600
    yield f"{totals.seeds} seeds, {hours:.1f} simulated hours, {totals.steps} facts looked at"
    did = {name: totals.counts.get(name, 0) for name in DID}
    yield (
        f"  it shifted {did['shifted']} times, stood down {did['stood-down']} times, escalated "
        f"{did['escalated']} times, put back {did['put-back']} late calls, and did nothing in "
        f"{totals.quiet} seeds"
    )
    rest = sorted((name, count) for name, count in totals.counts.items() if name not in DID)
    yield "  " + ", ".join(f"{name} {count}" for name, count in rest)
    yield "  decisions: " + ", ".join(f"{code} {count}" for code, count in sorted(totals.codes.items()))
    codes, unmet, possible = totals.unmet_codes(), totals.unmet(), len(pairs(tuple(totals.states)))
    yield f"  {len(CODES) - len(codes)} of {len(CODES)} codes occurred" + _never(codes)
    yield f"  {possible - len(unmet)} of {possible} pairs of fault and workflow state have met" + _never(
        [f"{fault} in {state}" for fault, state in unmet]
    )
    if totals.lacking:
        yield f"  {ENOUGH} seeds must meet all of them: what never occurred was never tried"
    yield f"  {len(totals.broken)} seeds broke an invariant" if totals.broken else "  no invariant was broken"


def _never(names: Sequence[str]) -> str:
    """Return the names that never occurred, where they are few."""
    return f"; never: {', '.join(names)}" if 0 < len(names) <= MOST_NAMED else ""
