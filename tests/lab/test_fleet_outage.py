"""A Region goes dark for a fleet: lines keep quotas, the adapter meets ARC, the page says so."""

import re
from pathlib import Path

import pytest

from controller.entry.fleet import switch
from controller.lab.fleet import queues
from controller.lab.fleet.curve import picture
from controller.lab.fleet.outage import HOLD, SIZES, Fleet, Outcome, outage
from controller.lab.fleet.queues import Bucket, Lanes
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def at_once() -> Outcome:
    return outage(Fleet("twenty", 20, 20, per_cluster=20, at_once=True, named=True), switch)


@pytest.fixture
def runtime() -> VirtualRuntime:
    return VirtualRuntime(Kernel(VirtualClock(0.0)))


def test_a_bucket_lets_its_burst_through_and_then_its_rate(runtime: VirtualRuntime) -> None:
    bucket, taken = Bucket(runtime, queues.Quota("x", 2.0, 4.0, "")), []
    for _ in range(8):
        bucket.take()
        taken.append(runtime.monotonic())
    assert taken == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.5, 2.0])
    assert bucket.waited == pytest.approx(0.5)


def test_lanes_grow_while_work_waits_and_no_further_than_they_may(runtime: VirtualRuntime) -> None:
    lanes = Lanes(runtime, width=2, more=1.0, most=3)
    assert [lanes.reserve(10.0) for _ in range(5)] == pytest.approx([0.0, 0.0, 1.0, 10.0, 10.0])
    assert lanes.waited == pytest.approx(10.0)


def test_a_lane_that_is_free_is_taken_before_another_opens(runtime: VirtualRuntime) -> None:
    lanes = Lanes(runtime, width=1, more=0.1, most=9)
    assert [lanes.reserve(1.0) for _ in range(3)] == pytest.approx([0.0, 1.0, 2.0])


def test_everybody_moves_and_no_endpoint_takes_more_than_three_a_second(at_once: Outcome) -> None:
    """Four endpoints are left: twelve a second, so twenty take at least a second longer than twelve."""
    assert len(at_once.moved) == 20
    assert at_once.throttled > 0
    assert at_once.sent == 20 + at_once.throttled
    assert max(at_once.moved) - min(at_once.moved) > 1.0
    assert max(at_once.moved) - max(at_once.decided) < 8.0


def test_nobody_decides_before_customers_failed_for_long_enough(at_once: Outcome) -> None:
    assert min(at_once.decided) > HOLD


def test_the_same_seed_is_the_same_outage_and_another_has_another_order(at_once: Outcome) -> None:
    again, other = outage(at_once.fleet, switch), outage(at_once.fleet, switch, seed=2)
    assert (again.moved, again.order) == (at_once.moved, at_once.order)
    assert other.order != at_once.order


def test_rules_that_let_everything_through_fill_the_queues() -> None:
    loose = outage(Fleet("ten cells", 2, 1000, controls=2, leaves=1, per_cluster=2, at_once=True), switch)
    named = outage(
        Fleet("by name", 2, 1000, controls=2, leaves=1, per_cluster=2, at_once=True, named=True), switch
    )
    assert loose.waits["queue"] > 0.5
    assert named.waits["queue"] <= loose.waits["queue"]


def test_the_page_and_its_picture_say_what_the_first_fleet_does() -> None:
    outcome = outage(SIZES[0], switch)
    page, drawn = ((DOCS / name).read_text(encoding="utf-8") for name in ("fleet.md", "fleet.svg"))
    median = outcome.moved[len(outcome.moved) // 2]
    row = f"| {outcome.moved[0]:.1f} s | {median:.1f} s | {outcome.moved[-1]:.1f} s | {outcome.sent} |"
    assert f"| {SIZES[0].name} {row}" in page
    assert all(f"| {fleet.name} |" in page and fleet.name in drawn for fleet in SIZES)
    mine = re.findall(r'<text class="name"[^>]*>([^<]*)', picture([outcome]))
    assert mine == [re.findall(r'<text class="name"[^>]*>([^<]*)', drawn)[0]]


def test_the_quotas_are_those_that_the_page_cites() -> None:
    page = (DOCS / "fleet.md").read_text(encoding="utf-8")
    for quota in (queues.INVOCATIONS, queues.STARTS, queues.TRANSITIONS):
        assert quota.page in page
        assert f"{quota.per_second:,.0f}" in page
    assert queues.ARC_PAGE in page
