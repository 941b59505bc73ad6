"""Coming home is judged by the Region that carries the traffic then. Found by simulation."""

from controller.core.journal import Kind
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


def test_a_return_does_not_end_while_customers_fail_at_home() -> None:
    w = home_again(east=Verdict.BREACHING, west=Verdict.HEALTHY)
    assert w.count(Kind.SETTLED) == 1
    assert Kind.ESCALATED in w.kinds
