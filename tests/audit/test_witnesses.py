"""What assessments saw of the journals belongs to a bundle and must be in it, whatever clocks say."""

import math
from dataclasses import replace

import pytest

from controller.audit.bundle.manifest import FLEET, JOURNAL
from controller.audit.bundle.witnesses import Witnesses, missed
from controller.audit.bundle.write import CLOCKS, Period, period_of
from controller.core.journal.head import Head, head_in
from controller.core.journal.kind import Kind
from controller.ports.errors import JournalUnreadable
from tests.support import three_controllers as trio
from tests.support.audit_bundle import Forger, checked, exported, record_of, told
from tests.support.world import World, failing


def test_an_incidents_period_is_wider_by_what_a_clock_may_be_wrong_and_by_no_more() -> None:
    """S17: an assessment of its last moment, by a clock that is ten minutes fast, and one a moment later."""
    w = failing()
    assert w.until(w.has(Kind.SETTLED), 300)
    w.asleep.add("Tick")
    about = str(w.events[-1].draft.incident)
    period = period_of(w.events, about, 1e10)
    dated = [event.at for event in w.events if event.draft.incident == about]
    assert period is not None
    assert (period.begin, period.end) == (min(dated) - 300 - CLOCKS, max(dated) + 150 + CLOCKS)
    assert CLOCKS == 600.0
    end = math.ceil(period.end * 10) / 10
    counts = []
    for at in (end, end + 0.1):
        w.hand.assessments.add("storefront", at, {"by": "tick"})
        manifest = checked(exported(record_of(w), period, Forger())).manifest
        assert manifest is not None
        counts.append(manifest.assessments["us-east-2"].records)
    bare = sum(1 for _ in record_of(w).logs["us-east-2"].links("storefront", period.begin, end)) - 1
    assert counts == [bare + 1, bare + 1]


def lived(clocks: dict[str, float]) -> World:
    w = failing(skews=clocks, **trio.TRIO)
    assert w.until(w.has(Kind.SETTLED), 600)
    w.advance(700)
    return w


@pytest.mark.parametrize("clocks", trio.CLOCKS)
def test_s17_at_whatever_moment_a_period_ends_what_was_seen_in_it_is_in_it(clocks: dict[str, float]) -> None:
    """Three controllers whose clocks differ by twenty minutes; a bundle to each half minute is whole."""
    w = lived(clocks)
    record, now = record_of(w), w.stage.kernel.now()
    later = 0
    for end in range(int(now - 1500), int(now + 601), 75):
        found = checked(exported(record, Period(now - 7200, float(end)), Forger()))
        assert found.wrong is None, (end, found.wrong)
        assert found.manifest is not None
        later += any(event.at > end for event in record.events[: found.manifest.journal.last])
    slowest = min(clocks, key=clocks.__getitem__)
    writers = {event.draft.by for event in record.events if event.kind is not Kind.POLICY_LOADED}
    assert later or writers == {f"tidegate@{slowest}"}, "a slow clock sees what is dated later"


def test_what_is_written_while_assessments_are_read_is_no_hole() -> None:
    here = told()
    stale = replace(here.record, events=here.record.events[:-2], fleet=())
    with pytest.raises(JournalUnreadable, match=r"ends at event 8; an assessment of us-east-2 saw event 10"):
        exported(stale, here.period, here.signer)
    whole = {JOURNAL: here.record.events, FLEET: here.record.fleet}
    assert exported(replace(stale, again=whole.__getitem__), here.period, here.signer) == here.bundle


@pytest.mark.parametrize(
    "head",
    [
        *(None, 7, {}, {"seq": "7", "hash": "x"}, {"seq": True, "hash": "x"}, {"seq": 0, "hash": "x"}),
        *({"seq": 7}, {"seq": 7.0, "hash": "x"}, {"seq": 10**400, "hash": "x"}, [[[]]]),
    ],
)
def test_what_is_no_head_is_nobodys_word(head: object) -> None:
    heard = Witnesses()
    heard.hear({"head": head, "fleet": head}, "x")
    assert heard.seen == {JOURNAL: {}, FLEET: {}}
    assert head_in(head) is None


def test_the_first_that_was_seen_and_is_not_so_is_named() -> None:
    events = told().record.events
    whole = {event.seq: {(Head(event.seq, event.hash), "x")} for event in events}
    assert missed(events, whole) is None
    other = {**whole, 4: {(Head(4, "0" * 64), "an assessment of mars"), (Head(4, events[3].hash), "x")}}
    assert missed(events, other) == (4, "event 4 is another than an assessment of mars saw")
    assert missed(events[:2], other) == (3, "it ends at event 2; x saw event 3")
