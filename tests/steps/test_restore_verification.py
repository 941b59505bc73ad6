"""Coming home is judged by the Region that carries the traffic then. Found by simulation."""

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from tests.support.restore_policy import HOME
from tests.support.world import World, failing

SLOWLY = HOME | {"restore": HOME["restore"] | {"settle": "2m"}}


def home_again(*, east: Verdict, west: Verdict) -> World:
    """us-east-1 was left for us-west-2 and comes home; right after its traffic moved, this is seen."""
    w = failing(**SLOWLY)
    assert w.until(w.has(Kind.SETTLED), 120)
    w.say(east=Verdict.HEALTHY)
    assert w.until(lambda: w.count(Kind.SHIFT_APPLIED) == 2, 600)
    w.say(east=east, west=west)
    w.advance(240)
    return w


def test_a_return_ends_although_the_region_that_it_leaves_has_failed() -> None:
    w = home_again(east=Verdict.HEALTHY, west=Verdict.BREACHING)
    assert w.count(Kind.SETTLED) == 2


def test_a_return_does_not_end_while_customers_fail_at_home_but_turns_back() -> None:
    w = home_again(east=Verdict.BREACHING, west=Verdict.HEALTHY)
    assert w.count(Kind.SETTLED) == 1
    assert w.kinds[-1] == Kind.ROLLED_BACK
    assert any("turning back" in subject for subject in w.pages)
    assert not any(on for name, on in w.controls.items() if name.startswith("use1"))


def test_a_return_stands_still_and_people_are_told_where_both_regions_fail() -> None:
    w = home_again(east=Verdict.BREACHING, west=Verdict.BREACHING)
    assert w.count(Kind.SETTLED) == 1
    assert w.count(Kind.TURNED_BACK) == 0
    assert Kind.ESCALATED in w.kinds
