"""Whose silence it is (S21): a Region's own, or ours because we cannot look."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf

import pytest

from controller.core.decision.decide import decide
from controller.core.evidence.evaluation import View, judge, truth, view
from controller.core.evidence.fold import fold
from controller.core.evidence.registry import kept_of
from controller.core.model import RELAYED, Observation, SignalState, Truth, Verdict, look_id
from controller.core.policy.conditions import Leaf
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals
from tests.support.policy_scene import (
    ACCOUNT,
    EAST,
    OTHER,
    T0,
    WEST,
    evidence,
    policy_data,
    situation,
    storefront,
)

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
SILENT, UNKNOWN = Verdict.SILENT, Verdict.UNKNOWN
LOST = "HHHHHH------"
"""Last heard six minutes ago; `silentAfter` is three minutes."""
NOW = T0 + 5
POLICY = storefront()
CUSTOMER = policy_data()["signals"]["customer"]
THREE = storefront(
    regions={region: {"controls": [f"{region}-a"]} for region in (EAST, WEST, OTHER)},
    target={
        "prefer": [WEST, OTHER, EAST],
        "ready": [{"family": "customer", "is": "healthy", "ifUnknown": "block"}],
    },
    evacuate={
        "when": {"in": "source", "family": "service", "is": "silent", "signals": "all", "for": "2m"},
        "approval": "oncall",
    },
)
ALARMS = Leaf.model_validate({"in": "source", "family": "service", "is": "silent", "signals": "all"})
CANARIES = Leaf.model_validate({"in": "source", "family": "customer", "is": "silent", "observers": 2})

Evidence = dict[str, tuple[Observation, ...]]
Said = Mapping[tuple[str, str, str], str]


def polled(policy: Policy, said: Said, calm: str = "H" * 12) -> Evidence:
    """As `evidence`, but alarms are seen by polls, as they are in a deployment."""
    seen = evidence(policy, said, calm)
    return {
        key: tuple(replace(o, via="poll", at=o.received) for o in each) if key.startswith("alarm") else each
        for key, each in seen.items()
    }


def refused(region: str, *ago: float, why: str = "Rate exceeded", kind: str = "alarm") -> Evidence:
    """Polls of a Region that were refused so many seconds ago."""
    looks = (
        Observation(T0 - s, T0 - s, Verdict.UNKNOWN, "poll", f"refused:{s}", why) for s in sorted(ago)[::-1]
    )
    return {look_id(kind=kind, account=ACCOUNT, observer=region): tuple(looks)}


def looked(policy: Policy, seen: Evidence, now: float = NOW) -> View:
    return view(policy, ACCOUNT, seen, now)


def value(seen: View, leaf: Leaf, source: str, **wish: object) -> Truth:
    asked = leaf.model_copy(update=wish)
    found = judge(asked, seen, source=source, target=None, path="x")
    assert truth(asked, seen, source=source) is found.value
    return found.value


def states(seen: View, name: str, source: str) -> list[SignalState]:
    return [t.state for t in seen.tracks if name in t.signal.name and t.signal.subject == source]


def runs(seen: View, name: str, source: str) -> list[tuple[Verdict, float, float]]:
    """The first signal's runs of that name: verdict, begin and end in seconds from `T0`, by our clock."""
    track = next(t for t in seen.tracks if name in t.signal.name and t.signal.subject == source)
    return [(run.verdict, run.heard - T0, run.unheard - T0) for run in track.runs]


def test_a_region_that_answers_no_poll_while_another_does_is_silent() -> None:
    seen = looked(POLICY, polled(POLICY, {("storefront-us-east-1-", EAST, EAST): LOST}))
    assert value(seen, ALARMS, EAST, for_=120.0) is T
    assert {s.verdict for s in states(seen, "5xx", EAST)} == {SILENT}
    assert value(seen, ALARMS, WEST) is F


def test_where_no_region_answers_a_poll_nobody_is_silent_and_the_sentence_says_why() -> None:
    blind = polled(POLICY, {("5xx", "", ""): LOST, ("latency", "", ""): LOST})
    seen = looked(POLICY, blind)
    for region in (EAST, WEST):
        assert value(seen, ALARMS, region) is U
        assert value(seen, ALARMS, region, is_="breaching") is U
        (state,) = states(seen, "5xx", region)
        assert (state.verdict, state.age) == (UNKNOWN, 364.0)
        assert state.reason == "we cannot look: no alarm of any other Region is heard of either"
    red = blind | polled(
        POLICY, {("checkout", EAST, ""): "HHHHHHBBBBBB", ("5xx", "", ""): LOST, ("latency", "", ""): LOST}
    )
    decision = decide(situation(POLICY, evidence=red), EAST)
    assert (decision.code, decision.action) == ("unknown", "none")


@pytest.mark.parametrize(
    ("lost", "values"),
    [
        ([EAST], {EAST: T, WEST: F, OTHER: F}),
        ([EAST, WEST], {EAST: T, WEST: T, OTHER: F}),
        ([EAST, WEST, OTHER], {EAST: U, WEST: U, OTHER: U}),
    ],
)
def test_of_three_regions_one_that_is_heard_proves_that_we_can_look(
    lost: list[str], values: dict[str, Truth]
) -> None:
    seen = looked(THREE, polled(THREE, {(f"storefront-{region}-", region, region): LOST for region in lost}))
    assert {region: value(seen, ALARMS, region) for region in THREE.regions} == values


def test_one_region_alone_that_refuses_polls_is_unknown_and_never_silent() -> None:
    lost = polled(POLICY, {("storefront-us-east-1-", EAST, EAST): LOST})
    every_minute = refused(EAST, 0, 60, 120, 180, 240, 300)
    seen = looked(POLICY, lost | every_minute)
    assert value(seen, ALARMS, EAST) is U
    assert states(seen, "5xx", EAST)[0].reason == "we cannot look: refused 5s ago: Rate exceeded"
    other = looked(POLICY, lost | refused(WEST, 0, 60, 120) | refused(EAST, 0, kind="canary"))
    assert value(other, ALARMS, EAST) is T


def test_a_refused_poll_takes_away_nothing_that_is_known() -> None:
    red = polled(POLICY, {("5xx", EAST, EAST): "HHHHHBBBBBB-"})
    for seen in (looked(POLICY, red), looked(POLICY, red | refused(EAST, 0, 60, 120))):
        assert [s.verdict for s in states(seen, "5xx", EAST)] == [Verdict.BREACHING]
        assert [s.verdict for s in states(seen, "latency", EAST)] == [Verdict.HEALTHY]
        assert value(seen, ALARMS, EAST, is_="breaching", signals=1, for_=120.0) is T


def test_after_a_refused_poll_a_region_has_its_time_to_be_heard_once_more() -> None:
    lost = polled(POLICY, {("storefront-us-east-1-", EAST, EAST): LOST})
    for ago, expected in ((170.0, U), (190.0, T)):
        assert value(looked(POLICY, lost | refused(EAST, ago, 240)), ALARMS, EAST) is expected
    assert runs(looked(POLICY, lost), "5xx", EAST)[1:] == [(SILENT, -179.0, inf)]
    seen = looked(POLICY, lost | refused(EAST, 190, 240))
    assert runs(seen, "5xx", EAST)[1:] == [(UNKNOWN, -179.0, -10.0), (SILENT, -10.0, inf)]
    assert value(seen, ALARMS, EAST, for_=15.0) is T
    assert value(seen, ALARMS, EAST, for_=16.0) is F


def test_where_every_region_refuses_nobody_is_silent() -> None:
    lost = polled(THREE, {("storefront-", "", ""): LOST})
    looks = {k: v for region in THREE.regions for k, v in refused(region, 0, 60, 120, 180, 240).items()}
    seen = looked(THREE, lost | looks)
    assert {value(seen, ALARMS, region) for region in THREE.regions} == {U}


def test_canaries_that_are_lost_everywhere_at_once_are_our_own_loss() -> None:
    everywhere = looked(POLICY, polled(POLICY, {("checkout", "", ""): LOST}))
    assert value(everywhere, CANARIES, EAST) is U
    assert {s.verdict for s in states(everywhere, "checkout", EAST)} == {UNKNOWN}
    assert states(everywhere, "checkout", EAST)[0].reason.startswith("we cannot look: no canary of any other")
    # Alarms are another way of looking, and are heard all the same.
    assert {s.verdict for s in states(everywhere, "5xx", EAST)} == {Verdict.HEALTHY}
    one = looked(POLICY, polled(POLICY, {("checkout", "", OTHER): LOST}))
    assert [s.verdict for s in states(one, "checkout", EAST)] == [Verdict.HEALTHY, SILENT, Verdict.HEALTHY]


def test_alarms_of_which_only_events_are_heard_prove_one_another() -> None:
    east = {("storefront-us-east-1-", EAST, EAST): LOST}
    assert value(looked(POLICY, evidence(POLICY, east)), ALARMS, EAST) is T
    everywhere = evidence(POLICY, {("5xx", "", ""): LOST, ("latency", "", ""): LOST})
    assert value(looked(POLICY, everywhere), ALARMS, EAST) is U


def test_an_event_of_one_region_does_not_stand_for_the_polls_that_are_off() -> None:
    """An alarm that changes sends an event. One that does not change, in another Region, has none to send."""
    blind = polled(POLICY, {("5xx", "", ""): LOST, ("latency", "", ""): LOST})
    west = next(key for key in blind if key.endswith("us-west-2-5xx"))
    blind[west] += (Observation(T0 - 31, T0 - 30, Verdict.BREACHING, "event", "an event"),)
    assert value(looked(POLICY, blind), ALARMS, EAST) is U
    blind[west] += (Observation(T0, T0, Verdict.BREACHING, "poll", "a poll"),)
    assert states(looked(POLICY, blind, T0 + 60), "5xx", EAST)[0].reason == (
        "we could not look: alarms of other Regions are heard of again for 1m00s only"
    )


@pytest.mark.parametrize(("minutes", "expected"), [(2, U), (4, F), (6, T)])
def test_after_blindness_silence_begins_again_once_there_was_time_to_be_heard(
    minutes: int, expected: Truth
) -> None:
    """No poll for ten minutes; then us-west-2 answers again, and us-east-1 does not."""
    gone, back = "H" * 6 + "-" * (10 + minutes), "H" * 6 + "-" * 9 + "H" * (minutes + 1)
    seen = looked(POLICY, polled(POLICY, {("storefront-us-east-1-", EAST, EAST): gone}, back))
    assert value(seen, ALARMS, EAST, for_=180.0) is expected
    if expected is not U:
        # Nothing of it was heard since; before, nobody knows.
        begun = 1.0 - 60 * minutes + 180
        assert [verdict for verdict, _, _ in runs(seen, "5xx", EAST)] == [Verdict.HEALTHY, UNKNOWN, SILENT]
        assert runs(seen, "5xx", EAST)[-1] == (SILENT, begun, inf)


def test_a_silence_before_blindness_counts_up_to_it_and_no_further() -> None:
    gone, others = "H" * 4 + "-" * 16, "H" * 10 + "-" * 10
    seen = looked(POLICY, polled(POLICY, {("storefront-us-east-1-", EAST, EAST): gone}, others))
    # Heard until 16 minutes ago, others until 10 minutes ago, and three minutes each until that is known.
    assert runs(seen, "5xx", EAST)[1:] == [(SILENT, -779.0, -419.0), (UNKNOWN, -419.0, inf)]


def test_what_was_heard_before_blindness_still_counts_for_how_long() -> None:
    """One alarm was red and is not heard any more; another is red by now: together they held all along."""
    red = {("5xx", EAST, EAST): "HHBBBBBB------", ("latency", EAST, EAST): "HHHHHHHBBBBBBB"}
    seen = looked(POLICY, polled(POLICY, red | {("storefront-us-west-2-", WEST, WEST): "H" * 8 + "-" * 6}))
    assert [s.verdict for s in states(seen, "5xx", EAST)] == [UNKNOWN]
    assert value(seen, ALARMS, EAST, is_="breaching", signals=1, for_=660.0) is T


@pytest.mark.parametrize(
    "heard",
    [
        Observation(T0, T0, Verdict.HEALTHY, RELAYED, "sent on by another Region"),
        Observation(T0 - 7200, T0, Verdict.HEALTHY, "poll", "hours late"),
        Observation(T0 + 600, T0 + 600, Verdict.HEALTHY, "poll", "from before our clock was set back"),
    ],
)
def test_what_proves_nothing_of_our_hearing_now(heard: Observation) -> None:
    blind = polled(POLICY, {("5xx", "", ""): LOST, ("latency", "", ""): LOST})
    west = next(key for key in blind if key.endswith("us-west-2-5xx"))
    blind[west] = tuple(sorted((*blind[west], heard), key=lambda each: each.at))
    assert value(looked(POLICY, blind), ALARMS, EAST) is U


def test_a_muted_region_proves_that_we_can_look_and_what_proves_the_path_is_as_before() -> None:
    lost = polled(POLICY, {("storefront-us-east-1-", EAST, EAST): LOST})
    seen = view(POLICY, ACCOUNT, lost | refused(EAST, 500), NOW, {WEST: NOW + 3600})
    assert value(seen, ALARMS, EAST) is T
    assert seen.heard == {EAST: T0 + 1, WEST: T0 + 1, OTHER: T0 + 1}


def test_slow_signals_of_others_are_no_gaps_in_our_hearing() -> None:
    """Others may be quiet for half an hour, so that only one observation in 20 minutes is kept of them."""
    own = [{"alarm": "quick-{region}", "silentAfter": "3m"}, {"alarm": "slow-{region}", "silentAfter": "30m"}]
    policy = storefront(signals={"customer": CUSTOMER, "service": own})
    said = {("quick-us-east-1", "", ""): "H" * 90 + "-" * 12, ("quick-us-west-2", "", ""): "-"}
    seen = polled(policy, said, "H" * 102)
    seen = {key: tuple(fold((), each, keep=8, gap=1440.0)) for key, each in seen.items()}
    assert [s.verdict for s in states(looked(policy, seen), "quick", EAST)] == [SILENT]


def test_of_others_enough_is_kept_to_prove_a_long_silence() -> None:
    when = {"in": "source", "family": "service", "is": "silent", "signals": "all", "for": "3h"}
    policy = storefront(evacuate=policy_data()["evacuate"] | {"when": when})
    signals = expected_signals(policy, ACCOUNT)
    bounds = kept_of(policy, signals)
    minutes = 5 * 60
    said = {("storefront-us-east-1-", EAST, EAST): "H" * 100 + "-" * (minutes - 100)}
    seen: Evidence = {}
    for key, each in polled(policy, said, "H" * minutes).items():
        for observation in each:
            kept = bounds[key]
            seen[key] = fold(seen.get(key, ()), [observation], keep=kept.keep, gap=kept.gap)
    assert truth(policy.evacuate.when, looked(policy, seen), source=EAST) is T


def test_monitors_of_our_own_are_a_way_of_looking_too() -> None:
    own = [{"event": "queue-age", "silentAfter": "3m"}]
    policy = storefront(signals={"customer": CUSTOMER, "service": own})
    one = looked(policy, polled(policy, {("queue-age", EAST, ""): LOST}))
    both = looked(policy, polled(policy, {("queue-age", "", ""): LOST}))
    assert (value(one, ALARMS, EAST), value(both, ALARMS, EAST)) == (T, U)
