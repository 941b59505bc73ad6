"""The lane of traffic: as high as the share, and what was not counted looks like nothing else."""

import pytest

from controller.readmodel.run import Share
from tests.audit.timeline_picture import SVG, classed, drawn, words

SHARES = (
    Share(0, 60, {"us-east-1": 0.5, "us-west-2": 0.5}),
    Share(60, 120, {"us-east-1": 0.25, "us-west-2": 0.75}),
    Share(120, 180, {"us-east-1": None, "us-west-2": 1.0}),
)


def test_each_region_has_a_row_that_says_where_it_began_and_ended() -> None:
    told = words(drawn(shares=SHARES))
    assert {"share of us-east-1", "50% → counts nothing", "share of us-west-2", "50% → 100%"} <= set(told)


def test_a_bar_is_as_high_as_the_share_and_nothing_counted_is_a_dotted_line() -> None:
    root = drawn(shares=SHARES, traffic={})
    bars = [each for each in classed(root, "served") if each.tag == f"{SVG}rect"]
    assert [float(bar.get("height") or 0) for bar in bars] == pytest.approx([11, 5.5, 11, 16.5, 22])
    (gone,) = classed(root, "nothing")
    assert gone.tag == f"{SVG}line"
    assert [title.text for title in gone] == ["us-east-1 counts nothing, 2:00 to 3:00"]


def test_without_shares_there_is_no_lane() -> None:
    assert not [each for each in words(drawn()) if each.startswith("share of")]
