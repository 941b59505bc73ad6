"""A wave that is applied and not written down yet: no other slice moves before it is verified."""

from collections.abc import Callable

import pytest

from controller.core.journal.kind import Kind
from controller.core.journal.moves import ShiftApplied
from controller.core.model import Verdict
from controller.steps.context.journalling import write
from controller.steps.operator.commands import mute
from tests.support.restore_policy import HOME
from tests.support.world import FREE, World, failing
from tests.support.world_faults import Sent, calm

Happens = Callable[[World, Sent], str | None]


def somebody_mutes_meanwhile(w: World, sent: Sent) -> str | None:
    if sent.operation == "UpdateRoutingControlStates" and not w.count(Kind.MUTED):
        assert mute(w.hand, "storefront-us-west-2-latency", seconds=60, who="ana", reason="noise").done
    return None


def it_dies_before_the_record(w: World, sent: Sent) -> str | None:
    """At the first write after the first move; the execution then goes on in another process."""
    record = len(w.moves) == 1 and w.count(Kind.SHIFT_INTENDED) == 1 and sent.operation == "PutItem"
    if not (record and "ShiftTraffic" in sent.step):
        return None
    w.trouble = calm
    return "died"


@pytest.mark.parametrize(
    ("happens", "intents"), [(somebody_mutes_meanwhile, 4), (it_dies_before_the_record, 5)]
)
def test_each_wave_is_verified_before_the_next_one_moves(happens: Happens, intents: int) -> None:
    w = failing(evacuate=FREE | {"waves": [1]})
    w.trouble = lambda sent: happens(w, sent)
    assert w.until(w.has(Kind.SETTLED), 900)
    verified = [written.at for written in w.ledger if written.event.kind is Kind.SHIFT_VERIFIED]
    assert [sum(at < moment for at, *_ in w.moves) for moment in verified] == [1, 2, 3, 4]
    assert w.count(Kind.SHIFT_INTENDED) == intents
    assert w.whole


def test_a_wave_on_the_way_home_is_verified_too_before_the_next_one_moves() -> None:
    """Found: a return that died before it wrote that a wave is applied moved the next one, unverified."""
    w = failing(**HOME | {"restore": HOME["restore"] | {"waves": [1]}})
    assert w.until(w.has(Kind.SETTLED), 120)
    left = len(w.moves)

    def dies(sent: Sent) -> str | None:
        if len(w.moves) == left + 1 and sent.operation == "PutItem" and "ShiftTraffic" in sent.step:
            w.trouble = calm
            return "died"
        return None

    w.trouble = dies
    w.say(east=Verdict.HEALTHY)
    assert w.until(lambda: w.count(Kind.SETTLED) == 2, 1800)
    assert w.trouble is calm
    verified = [written.at for written in w.ledger if written.event.kind is Kind.SHIFT_VERIFIED]
    assert [sum(at < moment for at, *_ in w.moves[left:]) for moment in verified[1:]] == [1, 2, 3, 4]


def test_where_a_twin_wrote_first_that_it_is_applied_that_is_a_conflict_and_no_alarm() -> None:
    w = failing()

    def twin(sent: Sent) -> None:
        if sent.operation == "UpdateRoutingControlStates":
            w.trouble = calm
            write(w.hand, w.state, ShiftApplied(), incident=w.state.open)

    w.trouble = twin
    assert w.until(w.has(Kind.SETTLED), 900)
    assert (w.count(Kind.SHIFT_APPLIED), w.count(Kind.ESCALATED)) == (1, 0)
