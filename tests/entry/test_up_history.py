"""`simulate --trace FILE`, then `up --history FILE`: what was seen of a seed, in the console."""

import json
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from controller.core.journal.event import broken_at
from controller.core.journal.kind import Kind
from controller.entry.cli.main import main
from controller.entry.cli.up import open_history
from controller.entry.demo.archives import read_file
from controller.entry.simulation import die_traced
from controller.lab.simulate.kill_matrix import Cell

NOWHERE = Cell(10**9, "before")
"""No call has this number: an undisturbed evacuation in two waves, by an approval."""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("traces") / "run <1>.txt"
    die_traced(NOWHERE, file)
    return file


def printed(file: Path) -> list[str]:
    """The kinds of the journal's events, as the lines for people name them."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line.split()[5] for line in lines if line[19:27] == "append  "]


def test_the_trace_holds_the_journal_the_assessments_and_the_evidence(trace: Path) -> None:
    found = read_file(trace)
    kinds = [str(event.kind) for event in found.events]
    assert kinds == printed(trace)
    assert {str(Kind.APPROVAL_GIVEN), str(Kind.SETTLED)} < set(kinds)
    assert broken_at(found.events) is None
    assert found.name == "run <1>.txt (undisturbed)"
    assert len(found.assessments) > 10
    assert found.evidence
    assert False in found.controls.values()


def test_a_seed_leaves_the_same_whether_or_not_it_broke_something(tmp_path: Path) -> None:
    file = tmp_path / "seed.txt"
    assert main(["simulate", "--seed", "3", "--phase", "safety", "--trace", str(file)]) in (0, 1)
    found = read_file(file)
    assert [str(event.kind) for event in found.events] == printed(file)
    assert found.name == "seed.txt (seed 3)"


def test_no_trace_holds_a_task_token(trace: Path) -> None:
    text = trace.read_text(encoding="utf-8")
    assert str(Kind.APPROVAL_REQUESTED) in text
    assert "token" not in text.lower()


class Served(threading.Event):
    """Stops as soon as it is waited for, once `look` has been called with what was printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self._capsys = capsys
        self.pages: list[tuple[int, str]] = []
        self.printed: dict[str, Any] = {}

    def wait(self, timeout: float | None = None) -> bool:
        self.printed = json.loads(self._capsys.readouterr().out)
        for each in self.printed["consoles"]:
            with urllib.request.urlopen(each["console"] + "/history") as answer:
                self.pages.append((answer.status, answer.read().decode()))
        return True


def test_each_file_opens_in_a_console_of_its_own_on_loopback(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = Served(capsys)
    open_history([trace, trace], 0, served, as_json=True)
    urls = [each["console"] for each in served.printed["consoles"]]
    assert len(set(urls)) == 2
    assert all(url.startswith("http://127.0.0.1:") for url in urls)
    assert [status for status, _ in served.pages] == [200, 200]
    assert "A record: run &lt;1&gt;.txt" in served.pages[0][1]
    assert "/incidents/storefront-us-east-1-" in served.pages[0][1]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"     1      0.370  append   us-west-2   #1 PolicyLoaded e0 by me\n", "it is no trace"),
        (b"\x7fELF\x00\x01\xff\xfe" * 99, "it is no trace"),
        (b"", "it is no trace"),
        (b'{"is": "run"}\n', "line 1: "),
        (None, "there is no such file"),
    ],
)
def test_a_file_that_is_no_trace_is_a_sentence_and_exit_2(
    content: bytes | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.txt"
    if content is not None:
        file.write_bytes(content)
    assert main(["up", "--history", str(file)]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert "x.txt" in said
    assert said.count("\n") == 1


def test_it_is_not_mixed_with_a_rehearsal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--history", str(tmp_path), "--scenario", "region-dark"]) == 2
    assert "--history opens what is over" in capsys.readouterr().err
    assert main(["up", "--history", str(tmp_path)]) == 2
