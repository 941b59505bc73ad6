"""Journals as released versions wrote them: this version reads each, and remembers the same."""

import json
from pathlib import Path

import pytest

from controller.core.incident.fold import fold
from controller.core.journal.event import broken_at, event_of
from tests.golden.snapshot import by_number, lacks, snapshot
from tests.support.sources import existing

JOURNALS = existing(Path(__file__).parent.glob("*/*.jsonl"), least=16)


@pytest.mark.parametrize("file", JOURNALS, ids=[f"{file.parent.name}/{file.stem}" for file in JOURNALS])
def test_a_released_journal_is_whole_reads_the_same_and_is_remembered_the_same(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    events = [event_of(line) for line in lines]
    assert broken_at(events) is None
    assert [event.text for event in events] == lines
    golden = json.loads(file.with_suffix(".memory.json").read_text(encoding="utf-8"))
    kept = by_number(golden) if events[0].format == 1 else golden
    assert lacks(snapshot(fold("storefront", events)), kept) == []


def test_there_are_golden_journals_with_an_evacuation_in_them() -> None:
    assert any('"kind":"Settled"' in file.read_text(encoding="utf-8") for file in JOURNALS)


def test_a_difference_is_seen_and_a_later_member_is_none() -> None:
    assert lacks({"a": {"b": 1}, "new": 2}, {"a": {"b": 1}}) == []
    assert lacks({"a": {"b": 2}}, {"a": {"b": 1}}) == [".a.b: 2, and was 1"]
    assert lacks({}, {"a": None}) == []
