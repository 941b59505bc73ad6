"""Damage of any sort in the files of break-glass: it is said, and no command ends by it."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.core.canonical_json import ascii_digest, ascii_json
from controller.core.journal.event import GENESIS
from controller.entry import local_record
from controller.entry.local_record import LocalRecord
from tests.support.running_rehearsal import Rehearsal, policy

FILE, HEAD, KEY, LOCK = NAMES = (
    "break-glass.jsonl",
    "break-glass.head",
    "break-glass.key",
    "break-glass.lock",
)
SURROGATE, DEEP = '"\\ud800"', "[" * 900 + "]" * 900
VALUES = (SURROGATE, DEEP, "[" * 100_000 + "]" * 100_000, "1" * 5_000, "1e999", "NaN", "-Infinity", "null",
          "true", "0", "-1", "2.0", '""', '"x"', "[]", "{}", "[[]]", '{"id":[]}', '{"id":"x","at":NaN}',
          '{"id":"\\udfff"}', '["\\ud800"]', '{"\\ud800":1}', '"' + "é" * 40_000 + '"')  # fmt: skip
SAME = {("format", "2.0"), ("amiss", "[]")}
"""What is no change."""
Harm = Callable[[Path], object]


def written(folder: Path, count: int = 3) -> LocalRecord:
    record = LocalRecord(folder)
    for n in range(count):
        record.append({"stage": "intended", "n": n, "who": "ana"})
    return record


def goes_on(folder: Path, left: int) -> None:
    """The first lines count, what is wrong is said, and the next line is written, counts, and says it."""
    record = LocalRecord(folder)
    before = record.read()
    assert len(before.entries) == left
    assert before.amiss
    entry = record.append({"stage": "applied"})
    assert entry.amiss[: len(before.amiss)] == before.amiss[: len(entry.amiss)]
    after = record.read()
    assert [each.id for each in after.entries][-1] == entry.id
    assert len(after.entries) in (1, left + 1)  # alone, where the key was lost


def members(file: Path, name: str, value: str) -> None:
    """The last line of a file with another value of one member."""
    *lines, last = file.read_text(encoding="utf-8").splitlines()
    raw = {key: json.dumps(each) for key, each in json.loads(last).items()} | {name: value}
    text = "{" + ",".join(f'"{key}":{each}' for key, each in raw.items()) + "}"
    file.write_text("".join(f"{line}\n" for line in (*lines, text)), encoding="utf-8")


def changes(names: list[str]) -> list[Any]:
    every = ((name, value) for name in names for value in VALUES)
    return [pytest.param(*each, id=f"{each[0]} {each[1][:20]}") for each in every if each not in SAME]


@pytest.mark.parametrize(("name", "value"), changes(["format", "number", "prev", "body", "amiss", "mac"]))
def test_a_member_of_a_line_may_be_anything(tmp_path: Path, name: str, value: str) -> None:
    written(tmp_path)
    members(tmp_path / FILE, name, value)
    goes_on(tmp_path, 2)


@pytest.mark.parametrize(("name", "value"), changes(["format", "count", "hash", "mac"]))
def test_a_member_of_the_head_may_be_anything(tmp_path: Path, name: str, value: str) -> None:
    written(tmp_path)
    members(tmp_path / HEAD, name, value)
    goes_on(tmp_path, 3)


WHOLE = (b"", b"\n", b"\x00" * 100 + b"\n", b"\xff\xfe\x00\n", b"\xef\xbb\xbf{}\n", b"[" * 300_000 + b"\n",
         b"x" * 10_000_000, b"x" * 10_000_000 + b"\n", b'{"body":' * 50_000 + b"\n", b"null\n", b"7\n",
         b'"x"\n', b"[]\n", b"{}\n",
         b'{"body":{"id":"x"},"prev":"x","mac":"\\ud800","hash":"x"}\n')  # fmt: skip


@pytest.mark.parametrize("content", WHOLE, ids=lambda content: repr(content[:20]))
@pytest.mark.parametrize("name", NAMES[:3])
def test_a_file_may_hold_anything(tmp_path: Path, name: str, content: bytes) -> None:
    written(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content)
    if name != KEY:
        goes_on(tmp_path, 3 if name == HEAD else 0)
        return
    assert LocalRecord(tmp_path).read().entries == ()
    assert LocalRecord(tmp_path).append({"stage": "applied"}).amiss
    (tmp_path / name).write_bytes(whole)
    assert LocalRecord(tmp_path).append({"stage": "applied"}).amiss


@pytest.mark.parametrize("content", WHOLE, ids=lambda content: repr(content[:20]))
def test_what_is_behind_the_lines_that_count_may_be_anything(tmp_path: Path, content: bytes) -> None:
    written(tmp_path)
    with (tmp_path / FILE).open("ab") as file:
        file.write(content)
    if content:
        goes_on(tmp_path, 3)


def _folder(path: Path) -> None:
    path.unlink()
    (path / "full").mkdir(parents=True)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _leads_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "nowhere" / "at all")


def _circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("harm", [_folder, _pipe, _leads_nowhere, _circle])
@pytest.mark.parametrize("name", NAMES)
def test_something_else_in_a_files_place_stops_nobody(tmp_path: Path, name: str, harm: Harm) -> None:
    record = written(tmp_path)
    harm(tmp_path / name)
    left = {FILE: 0, KEY: 0}.get(name, 3)
    if name == LOCK:
        assert record.read().amiss == ()
    else:
        assert record.read().amiss
    for number in range(2):
        assert record.append({"stage": "applied"}).number == 4 + number or name == KEY
    assert len(record.read().entries) == left + 2


def test_another_command_that_was_halted_as_it_wrote_is_waited_for_and_then_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_record, "QUEUE", 0.2)
    record = written(tmp_path)
    began = time.monotonic()
    with (tmp_path / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entry = record.append({"stage": "applied"})
    assert entry.amiss == (f"{LOCK} is held by another command: it was not waited for",)
    assert time.monotonic() - began < 5
    assert record.append({"stage": "applied"}).amiss == ()


@pytest.mark.parametrize("identity", ["\ud800", 7, None, [], "x" * 500])
def test_whoever_has_the_key_cannot_make_the_first_format_stop_a_person_either(
    tmp_path: Path, identity: Any
) -> None:
    written(tmp_path, 1)
    (tmp_path / HEAD).unlink()
    body = {"id": identity, "who": {"x": [1]}, "deployment": [], "stage": 7}
    sealed = ascii_digest({"prev": GENESIS, "body": body})
    mac = local_record._mac((tmp_path / KEY).read_bytes(), sealed)
    line = ascii_json({"body": body, "prev": GENESIS, "hash": sealed, "mac": mac}) + "\n"
    (tmp_path / FILE).write_text(line, encoding="utf-8")
    assert LocalRecord(tmp_path).append({"stage": "applied"}).number in (1, 2)
    assert all(each.id.encode() for each in LocalRecord(tmp_path).read().entries)


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rehearsal, Path]]:
    home = tmp_path_factory.mktemp("home")
    running = Rehearsal(home, "--ephemeral", "--policy", policy(home, controllers="[us-east-2]"))
    yield running, home / "tidegate"
    running.stop()


HARMS: tuple[Harm, ...] = (
    lambda folder: members(folder / FILE, "mac", SURROGATE),
    lambda folder: members(folder / FILE, "body", DEEP),
    lambda folder: (folder / FILE).write_bytes(b"x" * 10_000_000),
    lambda folder: (folder / HEAD).write_bytes(b"\xff"),
    lambda folder: _folder(folder / FILE),
    lambda folder: _pipe(folder / FILE),
    lambda folder: _folder(folder / LOCK),
    lambda folder: _folder(folder / KEY),
)


@pytest.mark.parametrize("harm", HARMS)
def test_no_command_ends_by_damage(
    rehearsal: tuple[Rehearsal, Path], harm: Harm, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, folder = rehearsal
    for path in folder.glob("break-glass*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    written(folder, 2)
    harm(folder)
    for words in (("status",), ("doctor",), ("break-glass", "--journal")):
        code, told = running.run(*words)
        assert (code in (0, 1), "error" in told) == (True, False), told
    status = running.run("status")[1]["break_glass"]["amiss"]
    assert bool(status) is not (folder / LOCK).is_dir()
    code, told = running.run("break-glass", "us-east-1", "--reason", "dark", "--yes")
    assert (code, told["sentence"]) in (
        (0, "us-east-1 was left for us-west-2"),
        (1, "us-east-1 is left already; others carry every slice"),
    )
