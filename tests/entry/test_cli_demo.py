"""`tidegate demo`: the document, the report, the refusals, and Ctrl-C. One run over real sockets."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from controller.core.policy.validation import parse_policy
from controller.entry.cli.main import main
from controller.entry.demo import screen as screens
from controller.entry.demo.files import LogFile, ReportFile
from controller.entry.demo.log import LogPrinter, clock
from controller.entry.demo.screen import Screen
from controller.lab.environment.estate import driven_otherwise
from controller.lab.environment.observer import RunObserver
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import Run, rehearse
from tests.support.drill_run import ALONE, set_up
from tests.support.policy_scene import policy_data

ROOT = Path(__file__).parents[2]
POLICY = str(ROOT / "policies" / "storefront.yaml")
TIDEGATE = Path(sys.executable).parent / "tidegate"
SPEED = "60"


def start(home: Path, *words: str) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    # A shell starts what runs in the background deaf to Ctrl-C, and so would be whatever the tests start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [str(TIDEGATE), "demo", "--policy", POLICY, *words],
            cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_region_goes_dark_and_the_document_tells_it(tmp_path: Path) -> None:
    process = start(tmp_path, "--json", "--speed", SPEED)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    document: dict[str, Any] = json.loads(out)
    assert list(document)[:9] == [
        "schema", "scenario", "ok", "speed", "milestones", "requests", "shifts", "decisions", "report",
    ]  # fmt: skip
    assert (document["schema"], document["scenario"], document["ok"]) == (
        "tidegate.demo/v1", "region-dark", True,
    )  # fmt: skip
    m = document["milestones"]
    assert 0 < m["first_signal_s"] < m["decided_s"] < m["first_shift_s"] < m["last_failed_request_s"]
    assert m["decided_s"] > 180
    assert document["requests"]["failed"] > 100
    assert document["requests"]["served"] > 100
    assert [(s["control"], s["state"]) for s in document["shifts"]] == [
        (f"use1-{letter}", "Off") for letter in "abcd"
    ]
    codes = [decision["code"] for decision in document["decisions"]]
    assert "not-confirmed" in codes
    assert codes.index("not-confirmed") < codes.index("approval") < codes.index("evacuate")
    report = tmp_path / document["report"]
    assert report == tmp_path / "reports" / "region-dark.html"
    assert "Traffic was moved from us-east-1 to us-west-2." in report.read_text(encoding="utf-8")
    assert names(report.parent) == ["region-dark.html"]
    assert "us-east-1 goes dark" in err
    assert (tmp_path / "state" / "tidegate" / "demo.log").stat().st_size > 0
    assert not (tmp_path / "state" / "tidegate" / "rehearsal.json").exists()


def test_ctrl_c_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, "--plain", "--speed", SPEED)
    assert process.stdout is not None
    assert "live" in process.stdout.readline()
    assert "warming up" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "tidegate: interrupted\n")
    assert names(tmp_path / "reports") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scenario", "region-drak"], "no scenario 'region-drak'; there are: region-dark, blip-43s, gray"),
        (["--region", "eu-central-1"], "the policy guards no Region 'eu-central-1'; it guards: us-east-1,"),
        (["--speed", "0"], "--speed 0 is out of range"),
        (["--speed", "1e9"], "--speed 1e+09 is out of range"),
        (["--speed", "nan"], "--speed nan is out of range"),
        (["--approve", "maybe"], "maybe"),
        (["--policy", "nowhere.yaml"], "nowhere.yaml"),
        (["--scenario", "\x1b[31m\nx"], "no scenario"),
    ],
)
def test_bad_input_is_one_clear_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = ["--report", str(tmp_path / "r.html")]
    assert main(["demo", "--policy", POLICY, *report, *words]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "\x1b" not in err
    assert not list(tmp_path.iterdir())


def test_an_alarm_of_an_unknown_ending_is_driven_by_failed_requests_and_it_is_said() -> None:
    data = policy_data()
    text = json.dumps(data).replace("{region}-5xx", "{region}-tide")
    told = driven_otherwise(parse_policy(json.loads(text)))
    assert told is not None
    assert told.startswith("The rehearsal drives storefront-{region}-tide by the share of failed requests")
    assert driven_otherwise(parse_policy(data)) is None


@pytest.mark.parametrize("place", ["", "a-file/report.html"])
def test_a_report_that_cannot_be_written_is_said_before_anything_runs(
    place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "a-file").touch()
    assert main(["demo", "--policy", POLICY, "--json", "--report", str(tmp_path / place)]) == 2
    assert names(tmp_path) == ["a-file"], "something ran"
    out, err = capsys.readouterr()
    assert json.loads(out)["schema"] == "tidegate.error/v1"
    assert err.startswith("tidegate: cannot write the report ")
    assert err.count("\n") == 1


def test_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(SCENARIOS)
    assert main(["demo", "--list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], len(document["scenarios"])) == ("tidegate.scenarios/v1", len(SCENARIOS))


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.html"
    with pytest.raises(KeyError), ReportFile(path):
        raise KeyError
    assert names(path.parent) == []
    path.write_text("the last one")
    with ReportFile(path) as file:
        assert path.read_text() == "the last one"
        file.write("é")
    assert (path.read_text(encoding="utf-8"), names(path.parent)) == ("é", ["r.html"])


def test_a_full_disk_leaves_the_last_report_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    path.write_text("the last one")
    with (
        pytest.raises(OSError, match="File too large") as caught,
        ReportFile(path) as file,
        largest_file(10_000),
    ):
        file.write("x" * 100_000)
    assert caught.value.filename == str(path)
    assert (path.read_text(), names(tmp_path)) == ("the last one", ["r.html"])


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "log", Path("/dev/full"), tmp_path / "log"):
        with LogFile(path) as log:
            assert log.write("line\n") == 5
        assert log.write("late\n") == 5
    assert (tmp_path / "log").read_text() == "line\n"


def test_the_screen_and_the_tape_show_a_run_as_it_goes() -> None:
    stage, deps = set_up(**ALONE)
    watch = RunObserver(stage, deps, every=20.0)
    console = Console(file=io.StringIO(), width=80, height=40, force_terminal=True, color_system=None)
    lines: list[str] = []
    screen, tape = Screen(console, stage, watch), LogPrinter(lines.append, stage, watch)
    frames: list[str] = []

    def beat(run: Run) -> None:
        tape.beat(run)
        screen.beat(run)
        if run.broke and not (len(lines) + 1) % 5:
            paper = Console(file=io.StringIO(), width=80, height=40, color_system=None)
            with paper.capture() as captured:
                paper.print(screen.frame(run))
            frames.append(captured.get())

    with tape, screen:
        rehearse(stage, deps, SCENARIOS["region-dark"], region="us-east-1", approve="auto", beat=beat)
    said = "\n".join(lines)
    for part in ("step      us-east-1 goes dark", "decision  approval:", "journal   ShiftIntended",
                 "control   Off: use1-a, use1-b, use1-c, use1-d", "page "):  # fmt: skip
        assert said.count(part) >= 1, part
    assert said.count("ShiftIntended") == 1
    last = frames[-1]
    assert "✗ breaching" in last
    assert "use1-a Off" in last
    assert "us-east-1 → us-west-2 4/4" in last
    assert "given by rehearsal-approver" in last
    assert all(len(line) <= 80 for line in last.splitlines())


def test_gauges() -> None:
    assert screens.bar(0, 0, 1).plain == "·" * screens.BAR
    assert screens.bar(99, 1, 100).plain == "█" * 23 + "×"
    assert screens.bar(1, 0, 1).plain == "█" * screens.BAR
    assert screens.sparkline([], width=5) == ""
    assert screens.sparkline([0, 1, 8], width=3) == " ▁█"
    assert len(screens.sparkline([1] * 1000, width=40)) <= 40
    assert screens.approval((), 0) == "nobody is asked"
    assert (clock(384.2), clock(-5), clock(3700), clock(0)) == ("6:24", "-0:05", "1:01:40", "0:00")
