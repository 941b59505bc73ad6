"""S18: the furthest that anybody saw of a journal is kept in each controller's Region, whatever happens."""

from collections.abc import Mapping
from typing import Any

import pytest

from controller.aws.dynamodb.journal import WHOLE
from controller.core.journal.event import Event
from controller.ports.errors import JournalUnreadable
from controller.steps.context.deps import Deps
from controller.steps.context.journal_head import JournalHead
from controller.steps.context.journalling import read_state
from controller.steps.context.paging import note
from controller.steps.context.situation import FLEET
from controller.steps.operator.commands import arm, arm_fleet
from tests.support.journal_places import lay, rewritten, rows, truncated
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.three_controllers import TRIO
from tests.support.world import World, build_controller, deploy, world

Patch = pytest.MonkeyPatch
APP = "storefront"
TABLE = "tidegate-assessments"


def written(w: World, times: int = 1) -> None:
    """So many events in the application's journal, and in the fleet's."""
    for _ in range(times):
        on = not w.state.armed
        assert arm(w.hand, on=on, who="ana", reason="a drill").done
        assert arm_fleet(w.hand, on=on, who="ana", reason="a drill").done


def kept(w: World, region: str) -> dict[str, int]:
    """How far the Region's assessments say that the journals go."""
    witness = w.hands[region].assessments.witness(APP)
    return {name: witness[name]["seq"] for name in ("head", "fleet") if name in witness}


def ends(w: World) -> dict[str, int]:
    return {"head": len(w.events), "fleet": len(w.hand.journal.read(FLEET))}


def restarted(w: World, *regions: str) -> dict[str, Deps]:
    """New processes, which remember nothing."""
    fresh = {region: build_controller(w, region) for region in regions or tuple(w.every)}
    for deps in fresh.values():
        deploy(w, deps)
    return fresh


def change(w: World, how: Any, place: int, journal: str = APP) -> tuple[Event, ...]:
    events = w.hand.journal.read(journal)
    lay(w.stage.cloud, journal, rows(events), how(events, place))
    return events


def pages(w: World) -> list[str]:
    return [page for page in w.pages if "the journal cannot be read" in page]


def reasons(w: World, region: str) -> str:
    """What the newest assessment of a Region gives for a reason."""
    (_, record), *_ = w.hands[region].assessments.newest_first(APP, 0.0)
    return str(record["decisions"][0]["reason"])


def test_heads_are_kept_in_each_region_across_restarts_and_re_reads_and_never_step_back() -> None:
    w = world(**TRIO)
    low = {region: {"head": 0, "fleet": 0} for region in w.every}
    for round_ in range(6):
        written(w)
        if round_ % 2:
            restarted(w, list(w.every)[round_ // 2])
        for _ in range(
            int(WHOLE) // 60 + 2 if round_ == 3 else 3
        ):  # once past the time of a whole re-reading
            w.advance(60)
            for region in w.every:
                found = kept(w, region)
                assert all(found[name] >= low[region][name] for name in found), region
                low[region] |= found
        assert {region: kept(w, region) for region in w.every} == dict.fromkeys(w.every, ends(w))
    restarted(w)
    last = len(change(w, truncated, len(w.events)))
    w.advance(130)
    assert pages(w)
    assert [kept(w, region)["head"] for region in w.every] == [last] * len(w.every)


@pytest.mark.parametrize("region", [OTHER, WEST, EAST])
def test_a_region_whose_assessments_were_down_catches_up_and_finds_what_was_cut_meanwhile(
    region: str,
) -> None:
    w = world(**TRIO)
    written(w, 3)
    w.advance(130)
    before = kept(w, region)
    w.down.add(f"{region} {TABLE}")
    written(w, 2)
    restarted(w, region)
    w.advance(130)
    others = [other for other in w.every if other != region]
    assert {other: kept(w, other) for other in others} == dict.fromkeys(others, ends(w))
    assert kept(w, region) == before
    w.down.clear()
    w.advance(130)
    assert kept(w, region) == ends(w)
    w.down.add(f"{region} {TABLE}")
    restarted(w)
    events = change(w, truncated, len(w.events) - 1)
    w.advance(130)
    assert pages(w), "the other two find it"
    assert f"saw event {len(events)}" in reasons(w, others[0])
    w.down.clear()
    w.advance(130)
    assert f"saw event {len(events)}" in reasons(w, region)
    assert kept(w, region)["head"] == len(events)


def grown(w: World) -> tuple[Deps, int]:
    """All rewritten, and grown, while the assessments were down; a process began with that.

    How many events the assessments had seen by then.
    """
    written(w, 3)
    w.advance(130)
    w.down.add(f"{OTHER} {TABLE}")
    seen = len(change(w, rewritten, 2))
    fresh, hand = restarted(w)[OTHER], build_controller(w, OTHER)
    assert arm(hand, on=not read_state(fresh).armed, who="ana", reason="go on").done
    assert read_state(fresh).last is not None
    w.down.clear()
    w.advance(130)
    return fresh, seen


def test_s18_what_was_read_while_no_assessment_answered_is_held_against_it_later_however_far_it_grew(
    monkeypatch: Patch,
) -> None:
    w = world()
    fresh, seen = grown(w)
    with pytest.raises(JournalUnreadable, match=f"event {seen} is another than the one this controller saw"):
        read_state(fresh)
    head = w.hand.assessments.witness(APP)["head"]
    assert head["seq"] == seen, "what was seen before is kept, not what was put in its place"
    assert pages(w)
    real = JournalHead.after_reading

    def forgetful(self: JournalHead, *read: Any, **of: Any) -> None:
        real(self, *read, **of)
        self._unwitnessed = {"head": {}, "fleet": {}}

    monkeypatch.setattr(JournalHead, "after_reading", forgetful)
    assert read_state(grown(world())[0]).last is not None


def slow_and_fast(w: World) -> tuple[Deps, Deps, int]:
    """Two processes of one Region: the slow one read before, and writes its assessment after the other."""
    w.asleep.add("tick")
    written(w, 2)
    slow, fast = build_controller(w, OTHER), build_controller(w, OTHER)
    read_state(slow)
    before = len(w.events)
    written(w, 2)
    read_state(fast)
    assert note(fast, w.stage.kernel.now(), {"by": "tick"})
    assert note(slow, w.stage.kernel.now(), {"by": "tick"})
    return slow, fast, before


def test_s18_an_older_head_that_is_written_after_a_newer_one_does_not_replace_it_and_its_writer_learns(
    monkeypatch: Patch,
) -> None:
    w = world()
    slow, _, before = slow_and_fast(w)
    assert kept(w, OTHER) == ends(w)
    (_, record), *_ = w.hand.assessments.newest_first(APP, 0.0)
    assert record["head"]["seq"] == before, "its own record says what it saw itself"
    change(w, truncated, before + 1)
    with pytest.raises(JournalUnreadable, match=f"ends at event {before}; this controller saw event"):
        read_state(slow)
    monkeypatch.setattr(JournalHead, "learn", lambda *_: None)
    w = world()
    slow, _, before = slow_and_fast(w)
    change(w, truncated, before + 1)
    assert read_state(slow).last is not None


def test_a_head_that_says_less_than_it_could_is_taken_for_none() -> None:
    """What a table says is from outside: no number, no hash, no head."""
    head = JournalHead()
    said: list[Mapping[str, Any]] = [{}, {"head": None}, {"head": {"seq": True}}, {"fleet": {"seq": 3}}]
    for each in said:
        head.learn(each)
    assert head.to_note(dict) == {}
