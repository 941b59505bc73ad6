"""A release goes back by one: the one before reads what it writes, and each runs the other's executions."""

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from controller.core.journal.event import WrittenAhead, refuse_ahead
from controller.core.journal.kind import AHEAD, Kind
from tests.golden.vocabulary import breaks, released, vocabulary
from tests.support.sources import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_this_version_takes_over_from_the_last_release_and_gives_back_to_it() -> None:
    """Until a release is out, `python -m tests.golden` may write its words anew."""
    kept = released()
    before = [words for version, words in kept.items() if version != VERSION]
    assert list(breaks((before or list(kept.values()))[-1], vocabulary())) == []


def test_the_words_that_are_kept_say_something() -> None:
    words = released()[VERSION]
    assert len(words["reads"]) >= 40
    assert {"Observe", "Tick", "Assess", "ShiftTraffic"} <= set(words["functions"])
    assert words["workflow"]["Assess"] == {"calls": "Assess", "next": "AssessedTo"}
    assert "hand_over" in words["workflow"]["AssessedTo"]["routes"]


def _kind(words: dict[str, Any]) -> None:
    words["reads"].append("Teleported")
    words["writes"].append("Teleported")


def _kind_dropped(words: dict[str, Any]) -> None:
    words["reads"].remove("Muted")
    words["writes"].remove("Muted")


def _payload(words: dict[str, Any]) -> None:
    words["payloads"].append("tidegate.incident/v2")


def _format(words: dict[str, Any]) -> None:
    words["formats"].append(3)


def _step(words: dict[str, Any]) -> None:
    words["workflow"]["Settle"] = {"calls": "Settle", "next": "Watch"}
    words["functions"].append("Settle")


def _step_gone(words: dict[str, Any]) -> None:
    words["functions"].remove("ConfirmReadiness")
    del words["workflow"]["ConfirmReadiness"]


def _answer(words: dict[str, Any]) -> None:
    words["workflow"]["ShiftedTo"]["routes"].append("pause")


def _answer_gone(words: dict[str, Any]) -> None:
    words["workflow"]["VerifiedTo"]["routes"].remove("again")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_kind, ["the way back: events of kind Teleported cannot be read"]),
        (_kind_dropped, ["an update: events of kind Muted cannot be read"]),
        (_payload, ["the way back: payload tidegate.incident/v2 cannot be read"]),
        (_format, ["the way back: format 3 of the journal cannot be read"]),
        (_step, ["the way back: an execution that waits in Settle calls Settle, which is gone"]),
        (
            _step_gone,
            ["an update: an execution that waits in ConfirmReadiness calls ConfirmReadiness, which is gone"],
        ),
        (_answer, ["an update: an execution does not know the way of 'pause' after ShiftTraffic"]),
        (_answer_gone, ["the way back: an execution does not know the way of 'again' after VerifyShift"]),
    ],
)
def test_what_keeps_a_release_from_going_back_is_named(
    change: Callable[[dict[str, Any]], None], told: list[str]
) -> None:
    newer = copy.deepcopy(vocabulary())
    change(newer)
    assert list(breaks(vocabulary(), newer)) == told


def test_a_kind_that_was_read_one_release_ahead_keeps_nobody() -> None:
    older, newer = copy.deepcopy(vocabulary()), copy.deepcopy(vocabulary())
    older["reads"].append("Teleported")
    _kind(newer)
    assert list(breaks(older, newer)) == []


def test_a_kind_that_is_read_ahead_is_not_written() -> None:
    with pytest.raises(WrittenAhead, match="Muted is read by this version, and written by the next one only"):
        refuse_ahead(Kind.MUTED, {Kind.MUTED})
    refuse_ahead(Kind.MUTED, {Kind.ARMED})
    assert set(vocabulary()["reads"]) - set(vocabulary()["writes"]) == set(AHEAD)
