"""The record that break-glass keeps: what was done to it is found, and never stops a person."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.core.canonical_json import ascii_digest, ascii_json, canonical, digest
from controller.core.journal.event import GENESIS
from controller.entry import local_record
from controller.entry.local_record import LocalRecord

FILE, HEAD, KEY = "break-glass.jsonl", "break-glass.head", "break-glass.key"
ASIDE = "break-glass.1.jsonl"
Lines = list[str]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def written(folder: Path, count: int = 5) -> tuple[LocalRecord, Lines]:
    record = LocalRecord(folder)
    ids = [record.append({"stage": "intended", "n": n, "who": "ana"}).id for n in range(1, count + 1)]
    assert record.read().amiss == ()
    return record, ids


def lines_of(folder: Path, name: str = FILE) -> Lines:
    return (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)


def rewrite(folder: Path, lines: Lines) -> None:
    (folder / FILE).write_text("".join(lines), encoding="utf-8")


def test_lines_are_chained_numbered_kept_in_order_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    record, ids = written(tmp_path)
    found = record.read()
    assert [entry.id for entry in found.entries] == ids
    assert [(entry.number, entry.body["n"]) for entry in found.entries] == [(n, n) for n in range(1, 6)]
    assert {mode(tmp_path / name) for name in (KEY, FILE, HEAD)} == {0o600}
    assert len({entry.machine for entry in found.entries}) == 1
    assert LocalRecord(tmp_path / "nothing here").read().entries == ()
    assert LocalRecord(tmp_path / "nothing here").read().amiss == ()


def test_the_first_line_on_a_machine_finds_nothing_amiss(tmp_path: Path) -> None:
    assert LocalRecord(tmp_path / "new").append({"n": 1}).amiss == ()


def test_a_line_is_rfc_8785_and_its_hash_needs_no_more_than_its_text(tmp_path: Path) -> None:
    record, _ = written(tmp_path, 2)
    first, second = (json.loads(line) for line in lines_of(tmp_path))
    assert lines_of(tmp_path) == [canonical(raw) + "\n" for raw in (first, second)]
    assert (first["format"], first["number"], first["prev"]) == (2, 1, GENESIS)
    del first["mac"]
    assert second["prev"] == digest(first) == record.read().entries[0].hash


def test_the_line_and_then_the_head_are_on_the_disk_before_traffic_may_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        real(handle)

    record, _ = written(tmp_path, 1)
    monkeypatch.setattr(os, "fsync", fsync)
    record.append({"n": 2})
    here = tmp_path.name
    assert synced == [FILE, here, f"{HEAD}.new", here, here]
    assert json.loads((tmp_path / HEAD).read_text(encoding="utf-8"))["count"] == 2


def test_a_key_that_others_can_read_is_closed_again(tmp_path: Path) -> None:
    record, _ = written(tmp_path, 1)
    (tmp_path / KEY).chmod(0o644)
    record.append({})
    assert mode(tmp_path / KEY) == 0o600


@pytest.mark.parametrize("left", range(5))
def test_a_record_cut_to_any_number_of_its_lines_is_found_and_says_which_are_missing(
    tmp_path: Path, left: int
) -> None:
    record, ids = written(tmp_path)
    rewrite(tmp_path, lines_of(tmp_path)[:left])
    found = record.read()
    gone = "line 5 is" if left == 4 else f"lines {left + 1} to 5 are"
    assert found.amiss == (f"the record ends at line {left}: {gone} missing",)
    assert [entry.id for entry in found.entries] == ids[:left]


def test_s22_without_the_head_a_record_that_was_cut_reads_as_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = written(tmp_path)
    rewrite(tmp_path, lines_of(tmp_path)[:3])
    assert record.read().amiss
    monkeypatch.setattr(LocalRecord, "_head", lambda _self, _key: (None, None))
    assert record.read().amiss == ()


def test_a_record_that_was_erased_is_found(tmp_path: Path) -> None:
    record, _ = written(tmp_path)
    (tmp_path / FILE).unlink()
    assert record.read().amiss == ("the record ends at line 0: lines 1 to 5 are missing",)
    (tmp_path / HEAD).unlink()
    assert record.read().amiss == (f"{KEY} is there, and neither a record nor its head",)


def _edited(lines: Lines) -> Lines:
    return [lines[0], lines[1].replace('"n":2', '"n":7'), *lines[2:]]


def _dropped(lines: Lines) -> Lines:
    return [lines[0], *lines[2:]]


def _swapped(lines: Lines) -> Lines:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def _doubled(lines: Lines) -> Lines:
    return [lines[0], lines[0], *lines[1:]]


def _put_in(lines: Lines) -> Lines:
    return [lines[0], lines[3], *lines[1:]]


def _rehashed_without_the_key(lines: Lines) -> Lines:
    """Whoever edits a line can hash it anew; only the key makes its MAC."""
    raw = json.loads(lines[1])
    raw["body"]["n"] = 7
    return [lines[0], canonical(raw) + "\n", *lines[2:]]


def _torn(lines: Lines) -> Lines:
    return [lines[0], lines[1][:40]]


def _of_a_later_format(lines: Lines) -> Lines:
    return [lines[0], lines[1].replace('"format":2', '"format":3'), *lines[2:]]


def _nonsense(lines: Lines) -> Lines:
    return [lines[0], "[" * 200_000 + "\n", *lines[1:]]


def _older(lines: Lines) -> Lines:
    """A line of the older format, whose hash anybody can make."""
    body = {"id": "x", "n": 7}
    sealed = ascii_digest({"prev": GENESIS, "body": body})
    return [
        lines[0],
        ascii_json({"body": body, "prev": GENESIS, "hash": sealed, "mac": sealed}) + "\n",
        *lines[1:],
    ]


CHANGES = [_edited, _dropped, _swapped, _doubled, _put_in, _rehashed_without_the_key, _torn,
           _of_a_later_format, _nonsense, _older]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_found_with_its_place_and_what_stands_before_it_still_counts(
    tmp_path: Path, change: Callable[[Lines], Lines]
) -> None:
    record, ids = written(tmp_path)
    rewrite(tmp_path, change(lines_of(tmp_path)))
    found = record.read()
    assert [entry.id for entry in found.entries] == ids[:1]
    assert found.amiss[0].startswith(f"{FILE}, line 2: ")
    assert found.amiss[1] == "the record ends at line 1: lines 2 to 5 do not count"


def test_lines_that_are_cut_off_the_beginning_are_missed(tmp_path: Path) -> None:
    record, ids = written(tmp_path)
    rewrite(tmp_path, lines_of(tmp_path)[2:])
    found = record.read()
    assert found.amiss == (f"{FILE} begins with line 3: lines 1 to 2 are missing",)
    assert [entry.id for entry in found.entries] == ids[2:]


def forged(folder: Path, lines: Lines, *, head: bool = True) -> None:
    """All rewritten with the key, from the first line on: every hash and every MAC is right."""
    key, prev, made = (folder / KEY).read_bytes(), GENESIS, []
    for number, line in enumerate(lines, start=1):
        raw = json.loads(line) | {"number": number, "prev": prev}
        raw["body"] = raw["body"] | {"who": "nobody"}
        del raw["mac"]
        prev = digest(raw)
        made.append(canonical(raw | {"mac": local_record._mac(key, prev)}) + "\n")
    rewrite(folder, made)
    if head:
        said = {"format": 2, "count": len(made), "hash": prev}
        text = canonical(said | {"mac": local_record._mac(key, digest(said))})
        (folder / HEAD).write_text(text, encoding="utf-8")


def test_whoever_has_the_key_rewrites_it_and_the_head_alone_tells_until_that_is_rewritten_too(
    tmp_path: Path,
) -> None:
    record, _ = written(tmp_path)
    forged(tmp_path, lines_of(tmp_path), head=False)
    assert record.read().amiss == (f"line 5 is another than the one that {HEAD} names",)
    forged(tmp_path, lines_of(tmp_path))
    assert record.read().amiss == ()
    assert [entry.body["who"] for entry in record.read().entries] == ["nobody"] * 5


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda head: head.unlink(), "is missing"),
        (lambda head: head.write_text("{}", encoding="utf-8"), "is damaged"),
        (lambda head: head.write_bytes(b"\xff\x00"), "is damaged"),
        (lambda head: head.write_text(head.read_text().replace('"count":5', '"count":3')), "is damaged"),
        (lambda head: (head.unlink(), head.mkdir()), "is missing"),
    ],
)
def test_a_head_that_is_lost_or_damaged_is_said_and_stops_nobody(
    tmp_path: Path, harm: Callable[[Path], Any], said: str
) -> None:
    record, ids = written(tmp_path)
    harm(tmp_path / HEAD)
    sentence = f"{HEAD} {said}: whether lines were cut off the end, nobody here can say"
    assert record.read().amiss == (sentence,)
    entry = record.append({"n": 6})
    assert (entry.number, entry.amiss[0]) == (6, sentence)
    found = record.read()
    assert [each.id for each in found.entries] == [*ids, entry.id]
    assert sentence in found.entries[-1].amiss, "the next line says so for ever"


def test_a_head_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    record, _ = written(tmp_path, 2)
    (tmp_path / f"{HEAD}.new").mkdir()
    entry = record.append({"n": 3})
    assert entry.amiss[0].startswith(f"{HEAD} could not be written: ")
    assert record.read().amiss == (), (
        "one line more than the head knows: the disk was full, or the power went"
    )
    record.append({"n": 4})
    assert record.read().amiss == (f"{HEAD} ends at line 2, the record at 4",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        *((change, "do not count") for change in CHANGES),
        (lambda lines: lines[:3], "missing"),
        (lambda lines: [], "missing"),
    ],
)
def test_damage_does_not_stop_a_person_is_kept_and_numbers_go_on(
    tmp_path: Path, change: Callable[[Lines], Lines], told: str
) -> None:
    record, _ = written(tmp_path)
    harmed = "".join(change(lines_of(tmp_path)))
    (tmp_path / FILE).write_text(harmed, encoding="utf-8")
    before = record.read()
    entry = record.append({"n": 6})
    assert (entry.number, entry.amiss) == (6, before.amiss)
    assert (tmp_path / ASIDE).read_text(encoding="utf-8") == harmed
    found = record.read()
    assert [each.id for each in found.entries] == [*(each.id for each in before.entries), entry.id]
    assert any("line" in each and told in each for each in found.amiss), "for ever, too"
    assert record.append({"n": 7}).number == 7


def test_a_file_that_is_set_aside_and_then_erased_is_missed(tmp_path: Path) -> None:
    record, _ = written(tmp_path)
    rewrite(tmp_path, lines_of(tmp_path)[:3])
    record.append({"n": 6})
    (tmp_path / ASIDE).unlink()
    assert record.read().amiss == (f"{FILE} begins with line 6: lines 1 to 5 are missing",)


@pytest.mark.parametrize("harm", [lambda key: key.unlink(), lambda key: key.write_bytes(b"")])
def test_without_its_key_a_record_proves_nothing_and_a_new_one_begins(
    tmp_path: Path, harm: Callable[[Path], Any]
) -> None:
    record, _ = written(tmp_path)
    machine = record.read().entries[0].machine
    harm(tmp_path / KEY)
    assert record.read().amiss[0] == f"{KEY} is missing: nobody can tell who wrote these lines"
    assert record.read().entries == ()
    entry = record.append({"n": 6})
    assert entry.machine != machine
    assert entry.amiss
    assert [each.id for each in record.read().entries] == [entry.id]


@pytest.mark.parametrize("name", [FILE, HEAD, KEY])
def test_what_the_disk_does_not_give_back_stops_nobody(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = written(tmp_path)
    real = Path.open

    def opened(path: Path, *how: str) -> Any:
        if path.name == name and path.stat().st_ino == harmed:
            raise OSError(5, "Input/output error")
        return real(path, *how)

    harmed = (tmp_path / name).stat().st_ino
    monkeypatch.setattr(Path, "open", opened)
    assert record.read().amiss
    assert record.append({"n": 6}).amiss


def older(folder: Path, count: int) -> Lines:
    """A record of lines without a `format`."""
    key, prev, ids = bytes(range(32)), GENESIS, []
    lines = []
    for n in range(1, count + 1):
        body = {"n": n, "id": f"old{n}", "who": "ana"}
        sealed = ascii_digest({"prev": prev, "body": body})
        mac = local_record._mac(key, sealed)
        lines.append(ascii_json({"body": body, "prev": prev, "hash": sealed, "mac": mac}) + "\n")
        prev = sealed
        ids.append(f"old{n}")
    folder.mkdir(exist_ok=True)
    (folder / KEY).write_bytes(key)
    rewrite(folder, lines)
    return ids


def test_lines_without_a_format_are_read_and_the_next_ones_go_on_from_them(tmp_path: Path) -> None:
    ids, record = older(tmp_path, 3), LocalRecord(tmp_path)
    assert [entry.id for entry in record.read().entries] == ids
    assert record.read().amiss == ()
    entry = record.append({"n": 4})
    assert (entry.number, entry.amiss) == (4, ())
    found = record.read()
    assert [each.id for each in found.entries] == [*ids, entry.id]
    assert [each.number for each in found.entries] == [1, 2, 3, 4]
    assert found.amiss == ()
    rewrite(tmp_path, lines_of(tmp_path)[:2])
    assert record.read().amiss == ("the record ends at line 2: lines 3 to 4 are missing",)


def test_damage_of_an_older_record_is_found_as_before(tmp_path: Path) -> None:
    ids, record = older(tmp_path, 3), LocalRecord(tmp_path)
    rewrite(tmp_path, [line.replace('"n":2', '"n":7') for line in lines_of(tmp_path)])
    found = record.read()
    assert [entry.id for entry in found.entries] == ids[:1]
    assert found.amiss[0].startswith(f"{FILE}, line 2: ")
