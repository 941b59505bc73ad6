"""The page of the format names each kind with its members, and its commands do what it says of them.

`python -m tests.core.test_journal_page` writes the table anew.
"""

import inspect
import re
import subprocess
from dataclasses import MISSING, fields
from pathlib import Path

from controller.core.journal import moves, notes
from controller.core.journal.body import kind_of
from controller.core.journal.event import MEMBERS, Draft, Event, seal
from controller.core.journal.moves import Settled, StoodDown
from controller.core.journal.notes import Escalated
from tests.support.journal_events import rewritten

PAGE = Path(__file__).parents[2] / "docs" / "journal.md"
HEAD = "| kind | it says | members of `data`, with what they are by default |\n|---|---|---|\n"


def bodies() -> list[type]:
    rooms = {room.__name__: room for room in (moves, notes)}
    every = (each for room in rooms.values() for _, each in inspect.getmembers(room, inspect.isclass))
    return sorted((each for each in every if each.__module__ in rooms), key=lambda each: each.__name__)


def table() -> str:
    lines = []
    for each in bodies():
        says = (each.__doc__ or "").partition("\n")[0]
        told = [_member(field) for field in fields(each)]
        lines.append(f"| `{each.__name__}` | {says} | {', '.join(told)} |\n")
    return HEAD + "".join(lines)


def _member(field: object) -> str:
    name = field.name.rstrip("_")  # type: ignore[attr-defined]
    default = field.default  # type: ignore[attr-defined]
    plain = default is MISSING or default in ("", None, ()) or field.default_factory is not MISSING  # type: ignore[attr-defined]
    required = default is MISSING and field.default_factory is MISSING  # type: ignore[attr-defined]
    shown = str(default).lower() if isinstance(default, bool) else f"{default:g}" if not plain else ""
    return f"**`{name}`**" if required else f"`{name}`" + (f" {shown}" if shown else "")


def test_the_table_names_each_kind_and_each_member() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
    assert len(bodies()) >= 38


def test_the_page_names_each_member_of_an_event() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+`) \|", text.partition("## What each")[0], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == MEMBERS


def chain() -> list[Event]:
    events: list[Event] = []
    for body in (Escalated(reason="ü"), StoodDown(code="x"), Settled(target="us-west-2")):
        events.append(seal("app", Draft("id", body, 1.5, "t"), events[-1] if events else None))
    return events


def checked(lines: list[str], folder: Path) -> str:
    script = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    (folder / "journal.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_command_of_the_page_checks_a_chain_with_no_json_at_all(tmp_path: Path) -> None:
    events = chain()
    lines = [event.text for event in events]
    assert checked(lines, tmp_path) == events[-1].hash + "\n"
    assert checked([rewritten(events[0], by="mallory"), *lines[1:]], tmp_path).startswith("broken before: ")
    assert checked(lines[1:], tmp_path).startswith("broken before: ")
    assert {kind_of(event.body) for event in events}


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(text.partition(HEAD)[0] + table(), encoding="utf-8")
