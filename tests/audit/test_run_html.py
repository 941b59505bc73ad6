"""The report: what it says, that it needs nothing else, and that no text in it becomes markup."""

import re
from dataclasses import replace
from typing import Any

import pytest
from markupsafe import Markup

from controller.audit.report import render
from controller.audit.report.markup import join, tag
from controller.audit.report.run_html import page
from controller.core.journal.event import event_of
from controller.core.journal.kind import KINDS, Kind
from controller.readmodel.page_text import escaped, prose
from controller.readmodel.run import Judgement, Milestones, Said, Shift, sentence
from tests.audit.example_run import BROKE, JOURNAL, QUESTION, RECORD, TREE, events, every_kind, story
from tests.audit.html_document import HOSTILE, Read
from tests.support.journal_events import rewritten


def test_it_says_what_happened_and_why() -> None:
    said = Read(page(story())).said
    assert "Traffic was moved from us-east-1 to us-west-2." in said
    assert "695 requests failed, the last of them 7 min 14 s after the break; 1208 were served." in said
    assert "Why it moved: 2 of 2 observers say so." in said
    assert "37 s 1 first signal 6 min 21 s 2 decision" in said
    assert "Soon after the break (1 min 20 s)" in said
    assert "breaching since 0:38, heard 12 s before" in said
    assert "The chain of hashes over all 8 events holds" in said
    assert "○ Off (changed)" in said
    assert "Leave us-east-1 for us-west-2?" in said


@pytest.mark.parametrize(
    ("changes", "head"),
    [
        ({"ok": False}, "Traffic was moved from us-east-1 to us-west-2, but not as it must be."),
        ({"shifts": (), "journal": (), "must": "stay"}, "No traffic was moved, and none should have been."),
        ({"shifts": (), "journal": (), "ok": False}, "No traffic was moved, though it should have been."),
        (
            {"shifts": (), "journal": events((9, Kind.APPROVAL_DENIED, {"approval": "q1"}))},
            "No traffic was moved: people did not agree to leave us-east-1.",
        ),
    ],
)
def test_the_headline_says_whether_it_moved_and_whether_it_should(changes: dict[str, Any], head: str) -> None:
    assert f"<h1>{head}</h1>" in page(story(**changes))


def test_a_run_that_did_not_move_says_why_not() -> None:
    said = Read(page(story(shifts=(), journal=(), must="stay", milestones=Milestones()))).said
    assert "Why it did not move (1 min 20 s after the break): us-east-1: not-confirmed" in said
    assert "never 2 decision" in said


def test_a_denial_is_why_it_did_not_move() -> None:
    denied = events((9, Kind.APPROVAL_DENIED, {"approval": "q1", "reason": "not now"}))
    said = Read(page(story(shifts=(), journal=denied))).said
    assert "Why it did not move: denied by tidegate@us-east-2: not now, 9 s after the break." in said


def test_a_journal_that_was_edited_is_named() -> None:
    text = rewritten(JOURNAL[3], data=QUESTION | {"ask": ["group:nobody"]})
    forged = replace(event_of(text), hash=JOURNAL[3].hash)
    told = story(journal=(*JOURNAL[:3], forged, *JOURNAL[4:]))
    assert "event 4 is not as it was written" in Read(page(told)).said


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"journal": ()}, "✗ The journal holds no event."),
        ({"amiss": "us-east-2 saw event 9"}, "✗ The journal is not whole: us-east-2 saw event 9."),
    ],
)
def test_a_journal_without_events_or_against_its_witnesses_is_never_ticked(
    changes: dict[str, Any], told: str
) -> None:
    said = Read(page(story(**changes))).said
    assert told in said
    assert "The chain of hashes over all" not in said


def test_what_an_operators_command_answered_stands_in_a_row() -> None:
    answered = Said(360, "the operator is refused: us-east-2 saw another event 1")
    said = Read(page(story(steps=(Said(0, "us-east-1 goes dark"), answered)))).said
    assert "6:00 the operator is refused: us-east-2 saw another event 1" in said


def test_it_looks_whether_a_slice_was_ever_off_everywhere() -> None:
    off, on = Shift(5, "usw2-a", on=False), Shift(5, "use1-a", on=True)
    swapped = story(shifts=(off, on), before={"use1-a": False, "usw2-a": True})
    assert "each slice of traffic was On in some Region" in Read(page(swapped)).said
    late = replace(swapped, shifts=(off, replace(on, at=6.0)))
    assert "At 0:05 a slice of traffic was On in no Region." in Read(page(late)).said


def test_it_needs_no_script_and_nothing_from_outside() -> None:
    read = Read(page(story()))
    assert read.open == []
    assert not {name for name, _ in read.tags} & {"script", "link", "img", "iframe", "object", "base", "a"}
    assert not {key for _, attributes in read.tags for key in attributes} & {"src", "href", "onload"}
    outside = re.findall(r"(?:https?:)?//[^\s\"'<)]+|@import|url\([^)]*\)", page(story()))
    assert set(outside) <= {"http://www.w3.org/2000/svg", "url(#hatch)"}


@pytest.mark.parametrize("bad", HOSTILE)
def test_text_from_outside_stays_text(bad: str) -> None:
    node = TREE | {"sentence": bad, "path": bad, "signals": [dict(TREE["signals"][0], name=bad, since=bad)]}
    checks = [{"guard": bad, "code": bad, "value": bad, "sentence": bad}]
    record = RECORD | {"reason": bad, "code": bad, "tree": node, "checks": checks, "kept_by": [node]}
    told = story(
        scenario=bad, says=bad, region=bad, application=bad, findings=((False, bad),),
        decisions=(Said(1, bad, bad),), steps=(Said(2, bad),), pages=(Said(3, bad, bad),),
        judgements=(Judgement(bad, 4, record),), regions={bad: (bad,)}, before={bad: True},
        after={bad: False}, journal=every_kind(bad), traffic={bad: ()},
        lanes=tuple(replace(lane, name=bad, subject=bad, observer=bad) for lane in story().lanes),
    )  # fmt: skip
    document = page(told)
    read = Read(document)
    assert read.open == []
    assert {name for name, _ in read.tags} <= {name for name, _ in Read(page(story())).tags}
    assert not [key for _, attributes in read.tags for key in attributes if key.startswith("on")]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", document)


def test_what_looks_like_a_template_is_text() -> None:
    assert "{{ 7 * 7 }}" in Read(page(story(says="{{ 7 * 7 }}"))).said


def test_without_escaping_a_hostile_text_is_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = render._environment.__wrapped__()
    bare.autoescape, bare.finalize = False, None
    monkeypatch.setattr(render, "_environment", lambda: bare)
    assert "<script>alert" in page(story(says=HOSTILE[0]))


def test_every_kind_of_event_has_words_for_it() -> None:
    one_of_each = every_kind("x")
    assert {event.kind for event in one_of_each} == KINDS
    for event in one_of_each:
        assert sentence(event)


def test_markup_is_the_only_way_to_markup() -> None:
    assert tag("p", "<b>", Markup("<i></i>"), None, class_='a"b') == '<p class="a&#34;b">&lt;b&gt;<i></i></p>'
    assert tag("rect", x=1.25, width=2.0, ry=None) == '<rect x="1.2" width="2"/>'
    assert join(["a ", Markup("<b>b</b>"), " c"]) == "a <b>b</b> c"
    assert prose("Kept by `when.<0>` alone") == "Kept by <code>when.&lt;0&gt;</code> alone"
    assert escaped("a\n'b'") == "a &#39;b&#39;"
    assert escaped("a\nb", lines=True) == "a\nb"
    assert len(escaped("x" * 100_000)) < 5_000


def test_a_long_run_stays_readable_in_size() -> None:
    assert len(page(story(broke=BROKE, lasted=3600.0))) < 60_000
