"""ShiftTraffic: when its time begins, what it does right before the call, what it says of the read-back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from controller.core.journal.kind import Kind
from controller.ports.outside import ReadBack
from controller.readmodel.run import sentence
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.payload import StepPayload, read_payload
from controller.steps.workflow.shift_traffic import DEADLINE, shift_traffic
from tests.support.journal_events import said
from tests.support.world import World, failing
from tests.support.world_faults import Sent


class Slow:
    """The world's switch, behind a slow road: reading takes `seconds`. left: how long `update` was given."""

    def __init__(self, w: World, seconds: float) -> None:
        self.w, self.seconds, self.left = w, seconds, 0.0

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        self.w.stage.runtime.sleep(self.seconds)
        return self.w.deps.switch.read(controls)

    def update(
        self,
        calls: Sequence[Sequence[tuple[str, bool]]],
        *,
        deadline: float,
        fence: Callable[[], None],
        override: Sequence[str] = (),
    ) -> ReadBack:
        self.left = deadline - self.w.stage.runtime.monotonic()
        return self.w.deps.switch.update(calls, deadline=deadline, fence=fence, override=override)


def about_to_shift() -> World:
    """An open incident that waits for the step; nothing happens by itself any more."""
    w = failing()
    w.asleep |= {"ShiftTraffic", "Observe"}
    assert w.until(w.has(Kind.READINESS_CONFIRMED), 120, step=0.2)
    w.asleep |= {"Tick", "Assess"}
    w.advance(0.5)  # the workflow's own step finds it asleep, not the one that a test begins by hand
    return w


def shifted(w: World, switch: Slow) -> StepPayload:
    task = w.stage.runtime.spawn(
        lambda: shift_traffic(replace(w.deps, switch=switch), read_payload(w.payload()))
    )
    while not task.done():
        w.stage.runtime.wait([task], 120.0)
    return task.result()


@pytest.mark.parametrize("seconds", [12.0, 45.0])
def test_what_reading_takes_is_not_taken_from_the_call(seconds: float) -> None:
    w = about_to_shift()
    switch = Slow(w, seconds)
    assert shifted(w, switch).next == "watch"
    assert DEADLINE - 1.0 <= switch.left <= DEADLINE
    assert w.count(Kind.SHIFT_APPLIED) == 1


def test_what_was_read_too_long_ago_is_read_again_before_anything_is_intended() -> None:
    w = about_to_shift()
    payload = shifted(w, Slow(w, 61.0))
    assert (payload.next, w.count(Kind.SHIFT_INTENDED), w.moves) == ("again", 0, [])


def test_the_driver_beats_before_the_intent_and_the_call() -> None:
    w = about_to_shift()
    w.asleep.discard("ShiftTraffic")
    before = len(w.calls)
    lease = w.hand.leases.read("storefront")
    w.invoke("ShiftTraffic", w.payload())
    after = w.hand.leases.read("storefront")
    assert lease is not None
    assert after is not None
    assert after.beats == lease.beats + 1
    writes = ("UpdateItem", "PutItem", "UpdateRoutingControlStates")
    calls = [call.operation for call in w.calls[before:] if "ShiftTraffic" in call.step]
    sent = [operation for operation in calls if operation in writes]
    assert sent == ["PutItem", "UpdateItem", "PutItem", "UpdateRoutingControlStates", "PutItem"]


def test_the_record_says_where_one_endpoint_alone_could_be_read() -> None:
    """Four endpoints hang for this controller; the cluster behind them is whole."""
    w = about_to_shift()

    def trouble(sent: Sent) -> str | None:
        return "hung" if sent.endpoint in ENDPOINTS[:4] and "Routing" in sent.operation else None

    w.asleep.discard("ShiftTraffic")
    with w.troubled(trouble):
        w.invoke("ShiftTraffic", w.payload())
    applied = next(event for event in w.events if event.kind is Kind.SHIFT_APPLIED)
    assert said(applied)["confirmed_by"] == ENDPOINTS[4]
    assert f"read back from {ENDPOINTS[4]} alone" in sentence(applied)
