"""The mutation table is complete, cuts what it says; a few rows are played; all: `python -m tests.mutate`."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from controller.core.decision import drills, guards
from controller.core.model import Check, Truth
from tests.mutate import sites
from tests.mutate.scenes import SCENES
from tests.mutate.sites import conditions, rows
from tests.mutate.surgery import without
from tests.mutate.table import Row, lines, played
from tests.support.sources import sources

WORDS = ('ConditionExpression"', "ConditionExpression=", "IfMatch=", "IfNoneMatch=")


def test_every_guard_and_every_conditional_write_has_a_world() -> None:
    assert len(rows()) >= 46
    assert set(rows()) == set(SCENES)


def test_the_page_has_every_row_and_their_number() -> None:
    page = (sites.ROOT.parent / "docs" / "mutations.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `((?:leave|home|drill|write) [^`]+)` \|", page, re.MULTILINE)
    assert sorted(shown) == sorted(rows())
    assert f"\n{len(shown)} of {len(shown)} are caught" in page


def test_every_guard_that_a_decision_asks_is_a_row() -> None:
    named = {site.function for each in rows().values() for site in each if site.path.stem == "guards"}
    assert {guard.__name__ for guard in guards.TO_OPEN} <= named
    assert {"shared_cause", "readiness", "floor", "approval", "choose_target"} <= named


def test_no_condition_is_written_where_nobody_looks() -> None:
    """Whatever the shape: as many as the text has outside of the rehearsal."""
    for path in sources(least=350):
        if "rehearsal" not in path.parts:
            text = path.read_text(encoding="utf-8")
            written = sum(text.count(word) for word in WORDS)
            questions = sum(text.count(f"Key{word}") for word in WORDS)
            assert len(list(conditions(path))) == written - questions, path


def test_a_new_guard_or_write_without_a_world_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = tmp_path / "core"
    core.mkdir()
    (core / "extra.py").write_text(
        'def moon(f) -> Check:\n    return Check("moon", "disarmed", Truth.of(f.full), "full")\n'
        'def fine(f) -> Check:\n    return Check("moon", "disarmed", Truth.TRUE, "fine")\n',
        encoding="utf-8",
    )
    found = list(sites.guards(core / "extra.py"))
    assert [(codes, site.function) for codes, site in found] == [(frozenset({"disarmed"}), "moon")]
    (core / "put.py").write_text(
        'def put(c):\n    how = {"ConditionExpression": "attribute_exists(a)"}\n    how["IfMatch"] = "x"\n',
        encoding="utf-8",
    )
    assert [said for said, _ in conditions(core / "put.py")] == ["IfMatch", "attribute_exists(a)"]


def test_what_was_taken_out_is_put_back_whatever_happens() -> None:
    kept = {each: each.__code__ for each in (guards.armed, drills.obstacle_to_drill)}
    cut = []

    def fail() -> None:
        with without(rows()["leave disarmed"] + rows()["drill disarmed"]):
            cut.append(guards.armed.__code__ is not kept[guards.armed])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert cut == [True]
    assert all(function.__code__ is code for function, code in kept.items())


def test_a_check_that_is_taken_out_says_yes_and_no_other_does() -> None:
    class Memory:
        stopped = "disarmed by ana"

    class Found:
        state = Memory()

    before: Check = guards.armed(Found())  # type: ignore[arg-type]
    with without(rows()["leave disarmed"]):
        after: Check = guards.armed(Found())  # type: ignore[arg-type]
    assert (before.value, after.value, after.code) == (Truth.FALSE, Truth.TRUE, "disarmed")


CHEAP = [
    "leave unknown",
    "write journal attribute_not_exists(#seq)",
    "write leases attribute_not_exists(#epoch)",
]


@pytest.mark.parametrize("name", CHEAP)
def test_a_row_is_caught(name: str) -> None:
    row = played(name)
    assert not row.fault
    assert row.by in ("S10", "S18")


def test_the_table_tells_of_survivors() -> None:
    good = Row("leave x", 1, "S1", "it broke", 1.0)
    bad = replace(good, name="leave y", by="", said="", fault="survives: nothing notices that it is gone")
    told = lines([good, bad])
    assert told[-1].startswith("1 of 2 caught")
    assert "survives" in told[2]


def test_sites_are_read_off_the_running_code() -> None:
    for each in rows().values():
        for site in each:
            assert isinstance(sites.tree_of(site.path), ast.Module)
            assert site.line <= len(site.path.read_text(encoding="utf-8").splitlines())
