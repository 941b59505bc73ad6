"""The explanation of the decision about one Region at one moment.

The moment is one of a case or of a situation; the explanation is shown to people.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.core.explanation import decision_data, format_time
from controller.core.model import Decision
from controller.core.policy.schema import Policy
from controller.lab.cases.model import Case
from controller.lab.cases.play import Played, as_live, play
from controller.lab.cases.reader import beside, read_cases
from controller.lab.lint.reachability import (
    DARK,
    DARK_DEAF,
    GRAY,
    as_case,
    failing,
    free_start,
    patience,
    spoken,
)

NAMED = {"dark-deaf": DARK_DEAF, "dark": DARK, "gray": GRAY}


class NotShown(ValueError):  # noqa: N818
    """There is nothing to explain: no such case, Region or moment."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Holds what was decided.

    story: the case or situation. after: seconds since it began.
    """

    story: str
    after: float
    at: float
    decision: Decision

    def data(self) -> dict[str, Any]:
        return {
            "case": self.story,
            "after_s": self.after,
            "at": format_time(self.at),
            "decision": decision_data(self.decision),
        }


def story_case(policy: Policy, words: str, region: str | None) -> tuple[Policy, Case]:
    """Return the policy as it would act, and the named situation as a case.

    words: the situation's name. Raises `NotShown`.
    """
    live = as_live(policy)
    about = region or next(iter(live.regions))
    if about not in live.regions:
        raise NotShown(f"unknown Region {about}; expected one of: {', '.join(live.regions)}")
    lasts = patience(live)
    begins = free_start(live, lasts)
    if begins is None:
        raise NotShown("no hour of a week is free of a blackout")
    said = spoken(live, failing(live, about, NAMED[words]))
    return live, as_case(f"{about}, {NAMED[words]}", said, begins=format_time(begins), lasts=lasts)


def written_case(policy_file: Path, words: str) -> tuple[Policy, Case]:
    """Return the one case beside a policy whose name holds `words`.

    Raises `NotShown`, `PolicyRefused`.
    """
    found = read_cases(beside(policy_file))
    named = [case for case, _ in found.cases if words.casefold() in case.case.casefold()]
    exact = [case for case in named if case.case.casefold() == words.casefold()]
    if len(exact or named) != 1:
        told = "; ".join(case.case for case, _ in found.cases)
        raise NotShown(f"{len(named)} cases are named like {words!r}; expected one of: {told}")
    return as_live(found.policy), (exact or named)[0]


def explained(policy: Policy, case: Case, *, region: str | None, after: float | None) -> Explained:
    """Explain one Region at one moment. Raises `NotShown`.

    By default it is the moment when traffic first moves, else the last.
    """
    longer = case if after is None or after <= case.lasts else case.model_copy(update={"until": after})
    played = play(policy, longer)
    first = next(iter(played.moved), None)
    when = after if after is not None else first.at if first else longer.lasts
    about = region or _named(played) or (first.from_ if first else next(iter(policy.regions)))
    if about not in policy.regions:
        raise NotShown(f"unknown Region {about}; expected one of: {', '.join(policy.regions)}")
    moment = played.at(when)
    return Explained(case.case, moment.at, moment.situation.now, moment.decisions[about])


def _named(played: Played) -> str | None:
    """Return the Region that the case is about, if its signals are about one."""
    about = {says.about for says in played.case.signals}
    return next(iter(about)) if len(about) == 1 and None not in about else None
