"""S22: at every place of a record of break-glass every change is found, by the machine or by the journal.

Five lines on a machine, which the journal of a demo has too. Each change x each line x before and after the
journal has them; `status` and `doctor` say what `standing` says. The line named is the first that is not as
it was: where only the head can tell, the last one. What is changed with the key nobody finds before the
journal has the lines, and the page says so.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.core.canonical_json import canonical, digest
from controller.core.journal.event import GENESIS, Event
from controller.core.journal.notes import BrokeGlass
from controller.entry import local_record
from controller.entry.break_glass import RecordStanding, standing
from controller.entry.local_record import LocalRecord
from controller.steps.operator.local_records import journal_records
from tests.support.demo_tables import LINES, tables, written
from tests.support.journal_places import rows
from tests.support.running_rehearsal import environment

PAGE = (Path(__file__).parents[2] / "docs" / "break-glass.md").read_text(encoding="utf-8")
NAMES = FILE, HEAD, KEY = "break-glass.jsonl", "break-glass.head", "break-glass.key"
Lines = list[dict[str, Any]]
Change = Callable[[Path, int], None]


def lines_of(folder: Path) -> Lines:
    return [json.loads(line) for line in (folder / FILE).read_text(encoding="utf-8").splitlines()]


def put(folder: Path, lines: Lines) -> None:
    (folder / FILE).write_text("".join(canonical(line) + "\n" for line in lines), encoding="utf-8")


def edited(folder: Path, place: int) -> None:
    lines = lines_of(folder)
    lines[place - 1]["body"]["who"] = "nobody"
    put(folder, lines)


def edited_and_linked(folder: Path, place: int) -> None:
    """With the next line's link made anew, which needs no key."""
    lines = lines_of(folder)
    lines[place - 1]["body"]["who"] = "nobody"
    sealed = {name: value for name, value in lines[place - 1].items() if name != "mac"}
    if place < len(lines):
        lines[place]["prev"] = digest(sealed)
    put(folder, lines)


def dropped(folder: Path, place: int) -> None:
    lines = lines_of(folder)
    put(folder, lines[: place - 1] + lines[place:])


def swapped(folder: Path, place: int) -> None:
    lines = lines_of(folder)
    lines[place - 1 : place + 1] = reversed(lines[place - 1 : place + 1])
    put(folder, lines)


def inserted(folder: Path, place: int) -> None:
    """Another of its lines once more, before it."""
    lines = lines_of(folder)
    put(folder, [*lines[: place - 1], lines[place % len(lines)], *lines[place - 1 :]])


def truncated(folder: Path, place: int) -> None:
    put(folder, lines_of(folder)[: place - 1])


def rewritten(folder: Path, place: int) -> None:
    """From there to the end, with the key: hashes and MACs are right, the head is as it was."""
    key, lines = (folder / KEY).read_bytes(), lines_of(folder)
    made, prev = [], GENESIS
    for number, line in enumerate(lines, start=1):
        body = line["body"] if number < place else line["body"] | {"who": "nobody"}
        said = {name: value for name, value in line.items() if name != "mac"} | {"prev": prev, "body": body}
        prev = digest(said)
        made.append(said | {"mac": local_record._mac(key, prev)})
    put(folder, made)


def rewritten_with_its_head(folder: Path, place: int) -> None:
    rewritten(folder, place)
    _put_head(folder)


def put_back(folder: Path, place: int) -> None:
    """File and head as they were before that line was written."""
    truncated(folder, place)
    if place > 1:
        _put_head(folder)
    else:
        (folder / FILE).unlink()
        (folder / HEAD).unlink()


def erased(folder: Path, _place: int) -> None:
    (folder / FILE).unlink()


def erased_with_its_head(folder: Path, _place: int) -> None:
    erased(folder, 1)
    (folder / HEAD).unlink()


def erased_with_its_key(folder: Path, _place: int) -> None:
    for name in NAMES:
        (folder / name).unlink()


def _put_head(folder: Path) -> None:
    key, last = (folder / KEY).read_bytes(), lines_of(folder)[-1]
    sealed = digest({name: value for name, value in last.items() if name != "mac"})
    said = {"format": 2, "count": last["number"], "hash": sealed}
    text = canonical({**said, "mac": local_record._mac(key, digest(said))}) + "\n"
    (folder / HEAD).write_text(text, encoding="utf-8")


CHANGES: tuple[Change, ...] = (
    edited, edited_and_linked, dropped, swapped, inserted, truncated, rewritten, rewritten_with_its_head,
    put_back, erased, erased_with_its_head, erased_with_its_key,
)  # fmt: skip
ONCE = (erased, erased_with_its_head, erased_with_its_key)
WITH_THE_KEY = (rewritten_with_its_head, put_back)
"""What a person with the key can do before the journal has a line."""


def cases() -> Iterator[tuple[Change, int]]:
    for change in CHANGES:
        last = 1 if change in ONCE else LINES - 1 if change is swapped else LINES
        yield from ((change, place) for place in range(1, last + 1))


def line_in(sentence: str) -> int:
    """The first line that a sentence says is another, or missing."""
    for where in (r"(?:ends at|begins with) line \d+: lines? (\d+)", r", line (\d+): ", r"^line (\d+) is "):
        found = re.search(where, sentence)
        if found:
            return int(found[1])
    raise AssertionError(f"no line is named: {sentence!r}")


def stands(folder: Path, events: tuple[Event, ...]) -> RecordStanding:
    with environment({"XDG_STATE_HOME": str(folder.parent)}):
        return standing(tables("region-dark").stage.deployment, events)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tidegate"


def changed(folder: Path, change: Change, place: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tables("region-dark").record.folder, folder)
    change(folder, place)


def test_s22_every_change_of_every_line_is_found_by_the_machine_but_what_is_done_with_the_key(
    folder: Path,
) -> None:
    """The journal has no line yet."""
    count = 0
    for change, place in cases():
        changed(folder, change, place)
        found = stands(folder, ()).amiss
        count += 1
        if change is erased_with_its_head or (change, place) == (put_back, 1):
            assert found == (f"{KEY} is there, and neither a record nor its head",)
        elif change in WITH_THE_KEY or change is erased_with_its_key:
            assert found == (), (change, place)
        else:
            assert line_in(found[0]) == (LINES if change is rewritten else place), (change, place, found)
    assert count == 8 * LINES + (LINES - 1) + len(ONCE) == 47
    told = PAGE.partition("**What nobody can find while the journal has none of it:**")[2]
    assert told.startswith(" lines that were changed by somebody who has the key")
    for what in ("a file and a head of before that were put back together", "lost\nwith the whole folder"):
        assert what in told


def test_s22_once_the_journal_has_the_lines_it_tells_of_every_one_what_the_machine_cannot(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tables("region-dark")
    events = here.events["storefront"]
    assert sum(isinstance(event.body, BrokeGlass) for event in events) == LINES
    changed(folder, lambda *_: None, 1)
    assert stands(folder, events) == RecordStanding(LINES, 0, ())
    for change, place in cases():
        changed(folder, change, place)
        found = stands(folder, events).amiss
        if change in ONCE or (change, place) == (put_back, 1):
            continue
        first = [line_in(each) for each in found if "more lines" not in each]
        assert first[0] == (LINES if change is rewritten else place), (change, place, found)
        if change in WITH_THE_KEY:
            assert "of the journal" in found[0]
    changed(folder, rewritten_with_its_head, 3)
    monkeypatch.setattr("controller.steps.operator.local_records.contradictions", lambda *_: ())
    assert stands(folder, events).amiss == ()


def test_s22_a_record_that_was_erased_with_its_key_is_named_by_the_next_line_alone(folder: Path) -> None:
    """Until then the machine has nothing, and nobody can miss what never was in sight; the page says so."""
    here = tables("region-dark")
    changed(folder, erased_with_its_key, 1)
    assert stands(folder, here.events["storefront"]).amiss == ()
    record = LocalRecord(folder)
    written(record, here.stage, 1)
    hand = here.fresh(here.regions[0])
    try:
        assert journal_records(hand, record.read().entries).added == 1
        events = hand.journal.read("storefront")
        here.there["storefront"] = rows(events)
    finally:
        here.hold("storefront")
    said = events[-1].body
    assert isinstance(said, BrokeGlass)
    assert said.amiss == f"it does not go on from the record that {said.who} had, up to line {LINES}"
    assert "| file, head and key erased together | the journal: the new record of that host" in PAGE
