"""What is wrong with a policy, and where in its file."""

from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of the file.

    where: the path of keys and indexes. at_key: the key itself is wrong, not what it holds.
    """

    where: Path
    message: str
    at_key: bool = False


class PolicyError(ValueError):
    """The policy is refused; the last good one stays."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, p.where))}: {p.message}" for p in problems))
        self.problems = tuple(problems)
