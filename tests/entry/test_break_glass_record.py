"""The record that break-glass keeps: without the key, nothing in it can be changed unseen."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.entry.break_glass import LocalRecord


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def three(folder: Path) -> tuple[LocalRecord, list[str]]:
    record = LocalRecord(folder)
    return record, [record.append({"stage": "intended", "n": n}).id for n in range(3)]


def test_lines_are_chained_kept_in_order_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    record, ids = three(tmp_path)
    entries, damaged = record.read()
    assert ([entry.id for entry in entries], damaged) == (ids, ())
    assert [entry.body["n"] for entry in entries] == [0, 1, 2]
    assert mode(tmp_path / "break-glass.key") == mode(tmp_path / "break-glass.jsonl") == 0o600
    assert LocalRecord(tmp_path / "nothing here").read() == ((), ())


def test_a_key_that_others_can_read_is_closed_again(tmp_path: Path) -> None:
    record, _ = three(tmp_path)
    (tmp_path / "break-glass.key").chmod(0o644)
    record.append({})
    assert mode(tmp_path / "break-glass.key") == 0o600


def _edit(lines: list[str]) -> list[str]:
    return [lines[0], lines[1].replace('"n":1', '"n":7'), lines[2]]


def _drop(lines: list[str]) -> list[str]:
    return [lines[0], lines[2]]


def _swap(lines: list[str]) -> list[str]:
    return [lines[0], lines[2], lines[1]]


def _resealed_without_the_key(lines: list[str]) -> list[str]:
    """Whoever edits a line can hash it anew; only the key makes its MAC."""
    from controller.core.canonical_json import ascii_digest, ascii_json

    raw = json.loads(lines[1])
    raw["body"]["n"] = 7
    raw["hash"] = ascii_digest({"prev": raw["prev"], "body": raw["body"]})
    return [lines[0], ascii_json(raw) + "\n"]


def _torn(lines: list[str]) -> list[str]:
    return [lines[0], lines[1][:40]]


@pytest.mark.parametrize("change", [_edit, _drop, _swap, _resealed_without_the_key, _torn])
def test_what_was_changed_is_found_and_what_stands_before_it_still_counts(
    tmp_path: Path, change: Callable[[list[str]], list[str]]
) -> None:
    record, ids = three(tmp_path)
    file = tmp_path / "break-glass.jsonl"
    file.write_text("".join(change(file.read_text().splitlines(keepends=True))))
    entries, damaged = record.read()
    assert ([entry.id for entry in entries], damaged) == (ids[:1], ("break-glass.jsonl",))


def test_damage_does_not_stop_a_person_and_is_kept(tmp_path: Path) -> None:
    record, ids = three(tmp_path)
    file = tmp_path / "break-glass.jsonl"
    torn = file.read_text()[:-10]
    file.write_text(torn)
    new = record.append({"n": 9}).id
    entries, damaged = record.read()
    assert ([entry.id for entry in entries], damaged) == ([*ids[:2], new], ("break-glass.1.jsonl",))
    assert (tmp_path / "break-glass.1.jsonl").read_text() == torn
