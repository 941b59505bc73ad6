"""AWS Health's notices, together: which accuse, which lapse, and what that says of a Region."""

from controller.core.evidence.fold import fold
from controller.core.evidence.health_notices import notice_id, standing
from controller.core.model import Observation, Verdict
from tests.support.policy_scene import T0

PATIENCE = 10_800.0
B, U = Verdict.BREACHING, Verdict.UNKNOWN


def told(minute: float, notice: str, verdict: Verdict, *zones: str, version: str = "") -> Observation:
    at = T0 + 60 * minute
    sent = notice_id(notice=notice, zones=zones, version=version or f"{minute}")
    return Observation(at, at + 1, verdict, "event", sent, f"{notice} says so")


def says(*history: Observation, now: float = 60.0) -> list[Verdict]:
    return [seen.verdict for seen in standing(fold((), history), PATIENCE, T0 + 60 * now)]


def test_one_notice_is_closed_while_another_stands() -> None:
    assert says(told(0, "a", B), told(5, "b", B), told(9, "a", U)) == [B, B, B]
    assert says(told(0, "a", B), told(5, "b", B), told(9, "a", U), told(10, "b", U)) == [B, B, B, U]


def test_late_and_doubled_notices_reopen_nothing() -> None:
    assert says(told(9, "a", U), told(0, "a", B)) == [B, U]
    again = told(0, "a", B, version="1")
    assert says(again, again, told(9, "a", U)) == [B, U]
    assert says(told(0, "a", B), told(9, "a", U), told(20, "a", B)) == [B, U, B]  # AWS may open it again


def test_a_notice_that_nobody_updates_lapses_and_an_update_keeps_it() -> None:
    lapsed = standing((told(0, "a", B),), PATIENCE, T0 + PATIENCE + 100)
    assert [(seen.verdict, seen.at) for seen in lapsed] == [(B, T0), (U, T0 + 1 + PATIENCE)]
    assert lapsed[-1].reason == "no update of the notice came"
    assert says(told(0, "a", B), now=179) == [B]
    assert says(told(0, "a", B), told(150, "a", B), now=200) == [B, B]
    # Lapsed in between, as it would have been judged at the time; the rest stands.
    assert says(told(0, "a", B), told(170, "b", B), now=185) == [B, B, B]


def test_one_zone_accuses_no_region_and_two_do() -> None:
    one = told(0, "a", B, "use1-az4")
    assert says(one) == [U]
    assert standing((one,), PATIENCE, T0 + 60)[0].reason == "one zone alone: use1-az4"
    assert says(one, told(1, "b", B, "use1-az4")) == [U, U]  # the same zone, twice
    both = standing((one, told(1, "b", B, "use1-az6")), PATIENCE, T0 + 120)
    assert (both[-1].verdict, both[-1].reason) == (B, "AWS Health: zones use1-az4, use1-az6")
    assert says(one, told(1, "b", B, "use1-az6"), told(2, "a", U)) == [U, B, U]
    assert says(told(0, "a", B, "use1-az4", "use1-az6")) == [B]
    assert says(one, told(1, "b", B)) == [U, B]  # a Region-wide one needs no second
