r"""The evaluation of a policy's conditions over a whole past.

Conditions have the same three values as in `core.evidence.evaluation`, here at every moment at once.
```
 units say it    __/‾‾\___/‾‾‾‾‾‾‾‾‾‾\__      at least `wanted` of them
 leaf            __________/  for  /‾‾\__      true from the first confirmation that closes `for`
```
"""

from collections.abc import Mapping, Sequence
from math import inf

import numpy as np

from controller.core.evidence.health_notices import KIND as HEALTH
from controller.core.model import Verdict
from controller.core.policy.conditions import All, Any_, Condition, Leaf, Not, Ref
from controller.core.policy.readiness_checks import FamilyCheck
from controller.core.policy.schema import Policy
from controller.lab.backtest.evidence import BLIND, BREACHING, CODES, SILENT, UNHEARD, UNKNOWN, Line, Past
from controller.lab.backtest.step_functions import (
    FALSE,
    TRUE,
    Steps,
    Times,
    Values,
    constant,
    from_spans,
    greatest,
    least,
    moments,
    negated,
    sampled,
    spans,
)
from controller.lab.backtest.step_functions import UNKNOWN as OPEN


class Judge:
    """Judges one past by one policy.

    It keeps the judged leaves, because conditions share them.
    """

    def __init__(self, policy: Policy, past: Past) -> None:
        self.policy, self.past = policy, past
        self._known: dict[tuple[str, str, str], Steps] = {}

    def when(self, region: str) -> Steps:
        """Return, over time, the truth of "`region` must be left"."""
        policy = self.policy.about(region)
        return self._condition(policy.evacuate.when, policy.conditions, region, None)

    def home(self, region: str) -> Steps | None:
        """Return, over time, the truth of "`region` may come home".

        None where the policy leaves that to people.
        """
        policy = self.policy.about(region)
        if policy.restore is None:
            return None
        return self._condition(policy.restore.when, policy.conditions, region, None)

    def fit(self, source: str, target: str) -> Steps:
        """Return, over time, the truth of "`target` may take the traffic of `source`".

        It is true where `target` shares no cause with `source` and its own signals call it ready.
        """
        policy = self.policy.about(source)
        parts = [
            # "Plainly false" alone lets traffic go there; unknown is not "no".
            least([negated(self._leaf(leaf, source, target))])
            for leaf in policy.evacuate.unless
        ]
        for check in policy.target.ready:
            if isinstance(check, FamilyCheck):
                leaf = Leaf.model_validate({"in": "target", "family": check.family, "is": check.is_})
                leaf = leaf.model_copy(update={"for_": check.for_})
                parts.append(self._leaf(leaf, source, target))
        return least(parts) if parts else constant(TRUE, self.past.begin)

    def red(self, region: str) -> list[Steps]:
        """Return one function for each signal about `region`: true while it is breaching."""
        found = []
        for line in self.past.lines:
            if line.signal.subject == region:
                values = np.where(line.said.values == BREACHING, TRUE, FALSE).astype(np.int8)
                found.append(Steps(line.said.times, values))
        return found

    def _condition(
        self, condition: Condition, named: Mapping[str, Condition], source: str, target: str | None
    ) -> Steps:
        match condition:
            case All(all_=children):
                return least([self._condition(child, named, source, target) for child in children])
            case Any_(any_=children):
                return greatest([self._condition(child, named, source, target) for child in children])
            case Not(not_=child):
                return negated(self._condition(child, named, source, target))
            case Ref(condition=name):
                return self._condition(named[name], named, source, target)
            case Leaf():
                return self._leaf(condition, source, target)

    def _leaf(self, leaf: Leaf, source: str, target: str | None) -> Steps:
        subject = source if leaf.in_ == "source" else target
        if subject is None:
            return constant(OPEN, self.past.begin)
        key = (leaf.model_dump_json(), source, subject)
        if key not in self._known:
            self._known[key] = judge_leaf(leaf, self._of(leaf.family, subject, source), self.past.begin)
        return self._known[key]

    def _of(self, family: str, subject: str, source: str) -> list[Line]:
        """Return the lines that count for `family` about `subject`.

        As in `core.evidence.evaluation.View.of`, an observer that is a guest inside a judged Region does not
        count.
        """
        inside = {subject, source}
        return [
            line
            for line in self.past.lines
            if family in (line.signal.family, "all")
            and line.signal.subject == subject
            and (line.signal.own or line.signal.observer not in inside)
        ]


def judge_leaf(leaf: Leaf, lines: Sequence[Line], begin: float) -> Steps:
    """Judge one leaf over time, as `core.evidence.evaluation.judge_leaf` judges one moment."""
    if not lines:
        return constant(OPEN, begin)
    times = moments([line.said for line in lines])
    said = sampled([line.said for line in lines], times)
    # AWS Health only ever accuses: asked whether all is well it is heard while it does, and else passed over.
    health = np.array([line.signal.kind == HEALTH for line in lines])[:, None]
    absent = health & (said != BREACHING) & (leaf.verdict is not Verdict.BREACHING)
    yes = (said == CODES[leaf.verdict]) & ~absent
    maybe = (said == UNHEARD) | (said == BLIND) | ((said == UNKNOWN) & (leaf.verdict is not Verdict.SILENT))
    if leaf.verdict is not Verdict.SILENT:
        maybe |= said == SILENT
    maybe &= ~yes & ~absent
    groups = _groups(leaf, lines)
    says = np.stack([yes[rows].any(axis=0) for rows in groups])
    might = np.stack([maybe[rows].any(axis=0) for rows in groups]) & ~says
    here = np.stack([~absent[rows].all(axis=0) for rows in groups])
    wanted, present = _wanted(leaf, here), here.sum(axis=0)
    count = says.sum(axis=0)
    enough = (count >= wanted) & (present > 0)
    open_ = ~enough & ((count + might.sum(axis=0) >= wanted) | (present == 0))
    held = _held(leaf, lines, groups, spans(times, enough), wanted, times)
    truth = from_spans(held, float(times[0]), inside=TRUE, outside=FALSE)
    every = np.unique(np.concatenate([times, truth.times]))
    doubt = Steps(times, open_)
    return Steps(every, np.where(doubt.at(every), OPEN, truth.at(every)).astype(np.int8))


def _groups(leaf: Leaf, lines: Sequence[Line]) -> list[list[int]]:
    """Group the rows that count as one.

    These are single signals, or all signals of one observing Region.
    """
    if leaf.observers is None:
        return [[index] for index in range(len(lines))]
    by_observer: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        by_observer.setdefault(line.signal.observer, []).append(index)
    return list(by_observer.values())


def _wanted(leaf: Leaf, here: Values) -> Values:
    """Return the number of groups that the leaf needs, at each moment.

    `all` means all groups that may speak at that moment.
    """
    if leaf.observers is not None:
        return np.full(here.shape[1], leaf.observers)
    if leaf.signals == "all" or (leaf.signals is None and leaf.verdict is Verdict.HEALTHY):
        most: Values = np.maximum(1, here.sum(axis=0))
        return most
    return np.full(here.shape[1], leaf.signals or 1)


def _held(
    leaf: Leaf,
    lines: Sequence[Line],
    groups: Sequence[Sequence[int]],
    found: Values,
    wanted: Values,
    times: Values,
) -> Values:
    """Return the stretches in which the leaf is true, as (begin, end) pairs.

    A stretch begins when as many groups as are needed have confirmed the verdict over `for`.
    """
    patience = leaf.for_ or 0.0
    begins, ends = found[found[:, 1] - found[:, 0] >= patience].T
    since = begins + patience
    if leaf.verdict is not Verdict.SILENT and patience and begins.size:
        code = CODES[leaf.verdict]
        each = [np.min([_confirmed(lines[row], code, since) for row in rows], axis=0) for rows in groups]
        needed = wanted[np.searchsorted(times, begins)] - 1
        ordered = np.sort(np.stack([*each, np.full(since.size, inf)]), axis=0)
        since = np.take_along_axis(ordered, np.minimum(needed, len(each))[None, :], axis=0)[0]
    pairs: Values = np.column_stack([since, ends])
    return pairs


def _confirmed(line: Line, code: int, after: Times) -> Times:
    """Return the moments at which this signal says `code` again, none before `after`.

    One moment for each of `after`; infinity where the signal does not say `code` then.
    """
    at = line.confirmations(after)
    return np.where(line.said.at(at) == code, at, inf)
