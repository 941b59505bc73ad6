"""The runner of a file of worked cases.

It tells whether each case came out as its author wrote, and if not, what was otherwise and why. It also tells
what no case ever tried.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.core.explanation import flip_set
from controller.core.model import Decision
from controller.lab.cases.coverage import Coverage, coverage
from controller.lab.cases.driver import Moved
from controller.lab.cases.model import Case, Expect
from controller.lab.cases.play import Played, as_live, play
from controller.lab.cases.reader import CaseFile, read_cases


@dataclass(frozen=True, slots=True)
class Difference:
    """Holds what was expected at a moment, and what was found instead.

    why: the sentences that give the reasons.
    """

    at: float
    what: str
    expected: str
    found: str
    why: tuple[str, ...] = ()


def judged(played: Played) -> tuple[Difference, ...]:
    """Return every difference; none: the case passed."""
    wrong = [difference for each in played.case.expect for difference in _expected(played, each)]
    return (*wrong, *_moves(played))


def clock(seconds: float) -> str:
    """Return `240.0` as `+4m`, `5400.0` as `+1h30m`."""
    minutes = int(seconds // 60)
    return f"+{minutes // 60}h{minutes % 60:02d}m" if minutes >= 60 else f"+{minutes}m"


def _expected(played: Played, expect: Expect) -> Iterator[Difference]:
    decision = played.at(expect.at).decisions[expect.region]
    if expect.code is not None and expect.code != decision.code:
        yield Difference(expect.at, f"{expect.region} code", expect.code, decision.code, _why(decision))
    found = decision.tree.value if decision.tree else None
    if expect.when is not None and expect.when is not found:
        said = str(found) if found else f"not asked ({decision.code})"
        yield Difference(expect.at, f"{expect.region} when", str(expect.when), said, _why(decision))


def _why(decision: Decision) -> tuple[str, ...]:
    kept = flip_set(decision.tree) if decision.tree else ()
    return (decision.reason, *(f"{leaf.path} is {leaf.value}: {leaf.sentence}" for leaf in kept))


def _moves(played: Played) -> Iterator[Difference]:
    wanted = [_move_sentence(shift.at, shift.from_, shift.to) for shift in played.case.shifts]
    moved = first_waves(played.moved)
    found = [_move_sentence(each.at, each.from_, each.to) for each in moved]
    if wanted != found:
        at = moved[0].at if moved else next((shift.at for shift in played.case.shifts), 0.0)
        about = moved[0].from_ if moved else next((shift.from_ for shift in played.case.shifts), None)
        decision = played.at(at).decisions.get(about) if about else None
        why = _why(decision) if decision else ()
        yield Difference(at, "shifts", "; ".join(wanted) or "nothing", "; ".join(found) or "nothing", why)


def first_waves(moved: tuple[Moved, ...]) -> list[Moved]:
    """Return the first wave of each move; its other waves follow."""
    return [each for each in moved if each.wave == 1]


def _move_sentence(at: float, source: str, target: str) -> str:
    return f"{clock(at)} {source} -> {target}"


@dataclass(frozen=True, slots=True)
class Result:
    """Holds one case, its line in the file, and its differences.

    A difference is something otherwise than written; none: the case passed.
    """

    case: Case
    line: int
    played: Played
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Report:
    file: CaseFile
    results: tuple[Result, ...]
    coverage: Coverage | None

    @property
    def passed(self) -> bool:
        return all(result.passed for result in self.results)

    @property
    def idle(self) -> int:
        """Count the cases that expect that nothing moves."""
        return sum(not result.case.shifts for result in self.results)


def run(path: Path, *, wanted: Callable[[Case], bool] = lambda _: True, covered: bool = False) -> Report:
    """Play the cases of a file that are `wanted`. Raises `PolicyRefused`."""
    found = read_cases(path)
    policy = as_live(found.policy)
    results = []
    for case, line in found.cases:
        if wanted(case):
            played = play(policy, case)
            results.append(Result(case, line, played, judged(played)))
    played_all = tuple(result.played for result in results)
    return Report(found, tuple(results), coverage(policy, played_all) if covered else None)
