"""The picture is well-formed XML, keeps to its frame, and says nothing by colour alone."""

import math
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from controller.audit.report.markup import GUTTER, MARGIN, WIDTH, Scale
from controller.audit.report.timeline_svg import LETTER, picture
from controller.core.journal.kind import Kind
from controller.readmodel.run import Bucket, Milestones, Said, Shift
from tests.audit.example_run import QUESTION, events, story
from tests.audit.timeline_picture import SVG, classed, drawn, words


def test_each_thing_has_its_lane() -> None:
    labels = words(drawn())
    assert {
        "milestones", "what happened", "customers in us-east-1", "0 served, 896 failed",
        "signals about us-east-1", "checkout seen from us-east-2", "5xx alarm", "decision about us-east-1",
        "people asked", "approved at 6:24", "routing controls us-west-2", "pages sent",
        "0:00 us-east-1 goes dark", "healthy",
    } <= set(labels)  # fmt: skip


def test_verdicts_differ_in_shape_and_not_only_in_colour() -> None:
    root = drawn()
    heights = {
        name: float(classed(root, f"v-{name}")[0].get("height") or 0)
        for name in ("healthy", "breaching", "silent", "unknown")
    }
    assert len(set(heights.values())) == 4
    titles = [each.text for each in root.iter(f"{SVG}title")]
    assert "breaching, 0:38 to 8:20" in titles


def test_a_control_is_filled_while_on_and_hollow_after() -> None:
    root = drawn()
    on, off = classed(root, "c-on"), classed(root, "c-off")
    assert (len(on), len(off)) == (2, 1)
    turned = Scale(-60, 560).x(385.5)
    assert float(off[0].get("x") or 0) == pytest.approx(turned, abs=0.1)


def test_served_and_failed_stand_on_each_other() -> None:
    traffic = {"us-east-1": (Bucket(0.0, 10, 10),)}
    (served,), (failed,) = (classed(drawn(traffic=traffic), name) for name in ("served", "failed"))
    ys = [[float(y) for y in re.findall(r" ([\d.]+)", each.get("d") or "")] for each in (served, failed)]
    assert min(ys[0]) == max(ys[1])


def test_nothing_leaves_the_frame() -> None:
    far = 10_000.0
    root = drawn(
        milestones=Milestones(-400.0, far, 1.0, 2.0),
        steps=(Said(far, "late"), Said(-500, "early"), Said(550, "a long sentence at the very right edge")),
        shifts=(Shift(far, "use1-a", on=False),),
    )
    for each in root.iter():
        for key in ("x", "x1", "x2", "cx"):
            value = each.get(key)
            assert value is None or -1 <= float(value) <= WIDTH


@pytest.mark.parametrize(
    "changes",
    [
        {"lasted": 0.0, "traffic": {}, "lanes": (), "decisions": (), "pages": (), "steps": (), "journal": ()},
        {"milestones": Milestones()},
        {"traffic": {"us-east-1": ()}},
        {"lasted": 90_000.0},
        {"journal": events((5, Kind.APPROVAL_REQUESTED, QUESTION))},
        {"steps": (Said(1, "<script>&\u202e\x1b[1m"),)},
    ],
)
def test_it_is_well_formed_whatever_there_is_to_draw(changes: dict[str, Any]) -> None:
    root = drawn(**changes)
    assert root.tag == f"{SVG}svg"
    box = [float(number) for number in (root.get("viewBox") or "").split()]
    assert box[2] == WIDTH
    assert math.isfinite(box[3])


def test_the_picture_alone_has_its_style_in_it() -> None:
    root = ET.fromstring(picture(story()))
    (style,) = root.iter(f"{SVG}style")
    assert "prefers-color-scheme: dark" in (style.text or "")
    assert set(re.findall(r"url\([^)]*\)", style.text or "")) == {"url(#hatch)"}


def test_the_scale_has_few_ticks_and_is_linear() -> None:
    for last in (60, 560, 1200, 2700, 20_000):
        scale = Scale(-60, last)
        assert 2 <= len(list(scale.ticks())) <= 17
        assert 0 in list(scale.ticks())
        assert (scale.x(-60), scale.x(last)) == (GUTTER, WIDTH - MARGIN)


def test_a_bucket_that_was_cut_short_is_counted_and_not_drawn() -> None:
    root = drawn(lasted=65.0, traffic={"us-east-1": (Bucket(60.0, 7, 0),)})
    assert classed(root, "served")[0].get("d") == "M0 0"
    assert "7 served, 0 failed" in words(root)


def test_steps_that_repeat_are_one_row_and_long_ones_are_wrapped_beside_their_flag() -> None:
    long = "the operator is refused: us-east-2 saw another event 1 of storefront than this one; " * 2
    again = tuple(Said(60.0 + 8 * n, "the evidence was judged again") for n in range(50))
    root = drawn(steps=(Said(0, "us-east-1 goes dark"), *again, Said(250, long), Said(555, long)))
    said = [each for each in root.iter(f"{SVG}text") if float(each.get("x") or 0) > GUTTER]
    folded = [each.text for each in said if "judged again" in (each.text or "")]
    assert folded == ["1:00 the evidence was judged again (×50, until 7:32)"]
    refused = [each for each in said if "us-east-2 saw" in (each.text or "")]
    assert len(refused) >= 2
    for each in said:
        x, letters = float(each.get("x") or 0), len(each.text or "") * LETTER
        if len(each.text or "") > 20:
            begin, end = (x - letters, x) if each.get("text-anchor") == "end" else (x, x + letters)
            assert GUTTER - 1 <= begin < end <= WIDTH, each.text
