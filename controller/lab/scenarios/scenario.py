"""The model of a scenario: what breaks when, and what must follow.

A scenario's twin differs in one fact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from controller.lab.environment.approvers import Manner
from controller.lab.environment.environment import Stage

Must = Literal["move", "stay", "return"]
Act = Callable[[Stage, str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """Does `act(stage, region)` at `at` seconds after the scenario's beginning.

    `says` is shown to people.
    """

    at: float
    says: str
    act: Act


@dataclass(frozen=True, slots=True)
class Scenario:
    """Describes what can go wrong, by name.

    breaks: seconds after the beginning at which the Region breaks; reports count from there.
    `must`: traffic moves away, stays, or moves away and returns. pages: people must be told. lasts: seconds
    after the beginning, at most. still_until: nothing may move before this many seconds. to_the_end: it is
    not over when traffic has moved. policy: keys laid over the policy's own. people: what those who are
    asked do, whatever `--approve` says. second: what must come of the first preferred target, where that
    breaks as well.
    """

    name: str
    says: str
    must: Must
    steps: tuple[Step, ...]
    lasts: float = 1200.0
    breaks: float = 0.0
    pages: bool = False
    still_until: float = 0.0
    to_the_end: bool = False
    policy: Mapping[str, Any] = field(default_factory=dict)
    people: Manner = "as told"
    second: Literal["move", "stay"] | None = None
