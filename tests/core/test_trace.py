"""A trace is read into plain data or refused with a sentence; nothing in it is believed."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from controller.core.journal import format1
from controller.core.journal.event import hash_of, seal
from controller.core.journal.kind import Kind
from controller.core.model import Observation, Verdict
from controller.core.policy.validation import compiled
from controller.readmodel.trace import NotATrace, Traced, read_trace, trace_lines
from tests.support.journal_events import rewritten
from tests.support.policy_scene import (
    ACCOUNT,
    CONFIRMED,
    EAST,
    OPENED,
    OTHER,
    T0,
    all_on,
    journal,
    loaded,
    storefront,
)

POLICY = storefront()
RECORD = {"decisions": [{"region": EAST, "code": "healthy", "reason": "well", "checks": []}], "more": [1]}
RUN = Traced(
    "seed 7", POLICY, ACCOUNT, OTHER, T0 + 60, all_on(POLICY),
    events=tuple(journal(loaded(POLICY), OPENED, CONFIRMED)),
    assessments=((T0, RECORD),),
    evidence={"alarm:x": (Observation(T0, T0 + 1, Verdict.BREACHING, "event", "1", "why"),)},
    requests={EAST: ((T0, 60.0),)},
)  # fmt: skip
LINES = list(trace_lines(RUN, compiled(POLICY)))


def test_what_is_written_is_read_again_whatever_people_read_around_it() -> None:
    text = ["     1      0.000  append   us-west-2   #1 {not a record}", *LINES, "", "  {", "\ufeff"]
    assert read_trace(line + "\n" for line in text) == RUN


def changed(number: int, change: Callable[[Any], object]) -> list[str]:
    raw = json.loads(LINES[number])
    change(raw)
    return [*LINES[:number], json.dumps(raw), *LINES[number + 1 :]]


def deep(key: str, levels: int) -> str:
    return f'{{"{key}":' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "`tidegate simulate --seed N --trace FILE` writes one"),
        (["nothing of ours", "\x00\x1b[2J"], "it is no trace"),
        (LINES[1:], "it is no trace"),
        ([LINES[0], LINES[0]], "line 2: a second run begins"),
        ([LINES[0], "{"], "line 2: Expecting"),
        ([LINES[0], '{"is":"evidence","signal":"x","seen":[],"at":NaN}'], "line 2: NaN is no number"),
        ([LINES[0], '{"is":"virus"}'], "line 2: "),
        ([LINES[0], deep("a", 100_000)], "line 2: "),
        ([LINES[0], "{" + "x" * 1_000_001], "line 2 is longer"),
        (changed(0, lambda r: r.update(schema="tidegate.trace/v9")), "line 1: run.schema"),
        (changed(0, lambda r: r.update(until=-1)), "line 1: run.until"),
        (changed(0, lambda r: r.update(account="../../etc")), "line 1: run.account"),
        (changed(0, lambda r: r.update(more="?")), "line 1: run.more"),
        (changed(0, lambda r: r["policy"].update(enforcement="sometimes")), "its policy does not load"),
        (changed(2, lambda r: r["event"]["data"].update(source="x")), "event 2 of its journal"),
        ([LINES[0], *LINES[2:]], "event 1 of its journal is not as it was written"),
        (changed(2, lambda r: r["event"].update(kind="Exploded")), "line 3: "),
        (changed(2, lambda r: r["event"].update(seq="two")), "line 3: "),
        (changed(2, lambda r: r.update(event=[1])), "line 3: "),
        (changed(4, lambda r: r["record"]["decisions"][0].pop("code")), "line 5: "),
        (changed(4, lambda r: r["record"]["decisions"][0].update(tree={"path": 1})), "line 5: "),
        (changed(5, lambda r: r["seen"][0].update(verdict="<b>")), "line 6: "),
        (changed(6, lambda r: r.update(minutes=[["now", 1]])), "line 7: "),
    ],
)  # fmt: skip
def test_what_is_no_trace_is_refused_in_a_sentence(lines: list[str], told: str) -> None:
    with pytest.raises(NotATrace) as refused:
        read_trace(lines)
    assert told in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "odd",
    [
        (Kind.SHIFT_APPLIED, {"states": {}}),
        (Kind.INCIDENT_OPENED, {"source": EAST}),
    ],
)
def test_a_journal_that_no_controller_wrote_is_refused_though_its_chain_holds(
    odd: tuple[Kind, dict[str, Any]],
) -> None:
    events = tuple(journal(loaded(POLICY), OPENED, odd))
    with pytest.raises(NotATrace, match="its journal cannot be what this version wrote"):
        read_trace(trace_lines(replace(RUN, events=events), compiled(POLICY)))


def test_a_moment_that_no_calendar_has_is_refused() -> None:
    last = RUN.events[-1]
    late = seal(POLICY.application, replace(last.draft, at=1e300), RUN.events[-2])
    with pytest.raises(NotATrace, match="expected a number"):
        read_trace(trace_lines(replace(RUN, events=(*RUN.events[:-1], late)), compiled(POLICY)))


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        (Kind.SHIFT_APPLIED, {"states": 1}, "ShiftApplied: `states`: expected an object"),
        (Kind.INCIDENT_OPENED, {}, "IncidentOpened lacks `source`"),
        (Kind.MUTED, {"what": "x", "until": 1, "for": "ever"}, "Muted: `for`: expected a number"),
        (Kind.BLINDED, {"from": "now", "to": []}, "Blinded: `from`: expected a number"),
    ],
)
def test_an_event_that_says_what_none_of_its_kind_says_is_refused_by_its_line(
    kind: Kind, data: dict[str, Any], told: str
) -> None:
    text = rewritten(RUN.events[2], kind=kind, data=data)
    with pytest.raises(NotATrace, match=f"line 4: {told}"):
        read_trace([*LINES[:3], happened(text)])


def test_a_trace_of_the_journal_s_first_format_is_read() -> None:
    after, lines = "0" * 64, []
    for event in RUN.events:
        raw = json.loads(event.text)
        draft = {key: raw[key] for key in ("at", "by", "data", "epoch", "id", "incident", "kind")}
        older = {"application": raw["application"], "seq": raw["seq"], "prev": after, "draft": draft}
        after = format1.hash_of(older)
        lines.append(json.dumps({"is": "event", "event": older | {"hash": after}}))
    found = read_trace([LINES[0], *lines]).events
    assert [event.draft for event in found] == [event.draft for event in RUN.events]
    lines[1] = lines[1].replace(EAST, OTHER)
    with pytest.raises(NotATrace, match="line 3: event 2 is not what its own hash says"):
        read_trace([LINES[0], *lines])


def happened(text: str) -> str:
    return json.dumps({"is": "event", "event": json.loads(text), "hash": hash_of(text)})
