"""The retention of a signal: enough to prove the policy's longest `for`, at any pace and delay."""

from itertools import pairwise
from typing import Any

import pytest

from controller.core.evidence.fold import fold
from controller.core.evidence.registry import kept_of
from controller.core.evidence.timeline import held, runs
from controller.core.model import Observation, Verdict
from controller.core.policy.retention import FEWEST, MOST, HistoryBounds, kept, longest_hold
from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError, expected_signals
from tests.support.policy_scene import ACCOUNT, policy_data, storefront

WELL = {"in": "source", "family": "customer", "is": "healthy"}


def remembered(longest: float, silent_after: float, pace: float, lag: float) -> float:
    """How long a signal is known to have been well, after twice that time of words at one pace."""
    rule, history = kept(longest, silent_after), tuple[Observation, ...]()
    last = int(2 * longest / pace) + 1
    for number in range(last + 1):
        at = number * pace
        seen = Observation(at, at + lag, Verdict.HEALTHY, "poll", str(number))
        history = fold(history, [seen], keep=rule.keep, gap=rule.gap)
    assert len(history) <= MOST
    assert max(b.received - a.received for a, b in pairwise(history)) <= silent_after
    past = runs(history, silent_after, last * pace + lag)
    return held([[past]], Verdict.HEALTHY, 1, last * pace + lag) or 0.0


@pytest.mark.parametrize("lag", [0.0, 30.0, 60.0])
@pytest.mark.parametrize(
    ("longest", "silent_after", "pace"),
    [
        pytest.param(7200.0, 180.0, 60.0, id="two hours, at the shipped pace"),
        pytest.param(7200.0, 300.0, 60.0, id="two hours, at five minutes"),
        pytest.param(7200.0, 900.0, 300.0, id="two hours, at an alarm's five minutes"),
        pytest.param(14_100.0, 180.0, 60.0, id="the longest, at three minutes"),
        pytest.param(21_120.0, 300.0, 60.0, id="the longest, at five minutes"),
        pytest.param(36_000.0, 600.0, 60.0, id="ten hours, at ten minutes"),
    ],
)
def test_a_hold_is_remembered_in_full(longest: float, silent_after: float, pace: float, lag: float) -> None:
    assert longest <= longest_hold(silent_after)
    assert remembered(longest, silent_after, pace, lag) >= longest


def test_thirty_are_too_few_for_two_hours_and_enough_for_ten_minutes() -> None:
    assert kept(600.0, 180.0) == HistoryBounds(FEWEST, 144.0)
    assert kept(7200.0, 180.0).keep == 125
    history = [Observation(60.0 * n, 60.0 * n, Verdict.HEALTHY, "poll", str(n)) for n in range(300)]
    few = fold((), history, keep=FEWEST, gap=144.0)
    assert few[-1].at - few[0].at < 7200


def patient(wait: str, **changes: Any) -> Policy:
    return storefront(restore={"when": WELL | {"for": wait} | changes, "approval": "oncall"})


def test_each_signal_is_kept_for_the_longest_for_that_counts_it() -> None:
    data = policy_data()
    kinds = {s.id: s.family for s in expected_signals(storefront(), ACCOUNT)}

    def keeps(policy: Policy) -> dict[str, set[int]]:
        found = kept_of(policy, expected_signals(policy, ACCOUNT))
        assert set(found) == set(kinds)
        return {
            family: {found[i].keep for i, f in kinds.items() if f == family} for family in data["signals"]
        }

    # It names no time to come home after: half an hour of health must be provable.
    assert keeps(storefront()) == {"customer": {35}, "service": {35}}
    assert keeps(patient("2h")) == {"customer": {125}, "service": {30}}
    both = [WELL | {"for": "2h"}, WELL | {"for": "20m"}]
    shorter_last = storefront(restore={"when": {"all": both}, "approval": "oncall"})
    assert keeps(shorter_last) == {"customer": {125}, "service": {30}}
    assert keeps(patient("2h", family="all")) == {"customer": {125}, "service": {125}}
    silent = {"in": "source", "family": "service", "is": "silent", "signals": "all", "for": "9h"}
    quiet = storefront(evacuate=data["evacuate"] | {"when": silent})
    assert keeps(quiet) == {"customer": {35}, "service": {35}}
    ready = data["target"] | {
        "ready": [{"family": "service", "is": "healthy", "for": "2h", "ifUnknown": "block"}]
    }
    assert keeps(storefront(target=ready)) == {"customer": {35}, "service": {125}}


@pytest.mark.parametrize(
    ("signals", "wait", "told"),
    [
        ({}, "235m", None),
        ({}, "236m", "restore.when.for: 236m can never be proved: 240 observations are kept of a signal, "
                     "which at `silentAfter: 3m` prove 235m; expected at most that, or a longer "
                     "`silentAfter`"),
        ({"customer": [{"canary": "c-{region}", "runsIn": ["us-east-2"], "silentAfter": "10m"}]}, "6h", None),
        ({"customer": [{"canary": "c-{region}", "runsIn": ["us-east-2"], "silentAfter": "10m"},
                       {"alarm": "a-{region}", "silentAfter": "3m"}]}, "6h", "`silentAfter: 3m`"),
    ],
)  # fmt: skip
def test_what_no_number_proves_is_refused_with_how_to_mend_it(
    signals: dict[str, Any], wait: str, told: str | None
) -> None:
    data = policy_data()
    when = {"any": [{"in": "source", "family": "customer", "is": "breaching", "for": "1m"}]}
    changes = {
        "signals": data["signals"] | signals,
        "evacuate": data["evacuate"] | {"when": when},
        "restore": {"when": WELL | {"for": wait}, "approval": "oncall"},
    }
    if told is None:
        storefront(**changes)
        return
    with pytest.raises(PolicyError) as refused:
        storefront(**changes)
    assert told in str(refused.value)
    assert refused.value.problems[0].where == ("restore", "when", "for")


def test_where_one_signal_is_enough_its_longest_patience_counts() -> None:
    data = policy_data()
    two = [{"alarm": "a-{region}", "silentAfter": "3m"}, {"alarm": "b-{region}", "silentAfter": "10m"}]
    when = {"in": "source", "family": "service", "is": "breaching", "for": "6h"}
    changes = {"signals": data["signals"] | {"service": two}}
    storefront(**changes, evacuate=data["evacuate"] | {"when": when})
    well = when | {"is": "healthy", "signals": 1}
    storefront(**changes, restore={"when": well, "approval": "oncall"})
    with pytest.raises(PolicyError, match="can never be proved"):
        storefront(**changes, evacuate=data["evacuate"] | {"when": when | {"signals": "all"}})
