"""Runs a file of worked cases: what passed, what was otherwise, and what no case ever tried."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.lab.cases.coverage import Coverage, coverage
from controller.lab.cases.model import Case
from controller.lab.cases.play import Played, as_live, play
from controller.lab.cases.reader import CaseFile, read_cases
from controller.lab.cases.verdict import Difference, judged


@dataclass(frozen=True, slots=True)
class Result:
    """One case: its line in the file, and what was otherwise than written (nothing: it passed)."""

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
        """How many cases expect that nothing moves."""
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
