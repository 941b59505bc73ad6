"""Past days through the whole controller: the named outages come out as was written down beforehand."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.core.policy.validation import parse_policy
from controller.entry.cli.main import main
from controller.entry.replay import composition
from controller.lab.backtest.evaluate import Judge
from controller.lab.backtest.evidence import past_of
from controller.lab.backtest.moves import walk
from controller.lab.replay.alarm_states import levels_of
from controller.lab.replay.events import Arrival, BadFile, Recording, read_recording
from controller.lab.replay.play import replay, sort, undrilled
from tests.lab.event_files import T0, ill, written
from tests.lab.outages.events import Event, alarm, canary, moment, utc
from tests.lab.outages.verdicts import HERE, cases, misses
from tests.support.policy_scene import policy_data

RUN = "from controller.entry.cli.main import main; raise SystemExit(main())"
MINUTELY = str(HERE / "minutely.yaml")


@pytest.mark.parametrize("name", list(cases()))
def test_a_named_outage_comes_out_as_expected_and_the_backtest_agrees(name: str, tmp_path: Path) -> None:
    case = cases()[name]
    path = written(tmp_path, case.events(whole=False))
    told = replay(case.policy, read_recording(path), composition(), alone=True)
    assert misses(case, told, whole=False) == []
    moves = walk(Judge(case.policy, past_of(case.policy, read_recording(path))))
    left = [moment(each["at"]) for each in told["shifts"] if each["state"] == "Off"]
    assert [abs(move.left - at) < 90.0 for move, at in zip(moves, left[::2], strict=True)] == [True] * len(
        moves
    )
    assert told["events"]["read"] == told["events"]["used"] + len(told["events"]["ignored"])


def test_the_same_file_gives_the_same_bytes_in_another_process(tmp_path: Path, capsys: Any) -> None:
    """With every controller, and another order of sets: this process has a hash seed of its own."""
    path = written(tmp_path, [*ill(8.5), "no json"])
    words = ["policy", "replay", str(path), "--policy", MINUTELY, "--json"]
    other = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        env={**os.environ, "PYTHONHASHSEED": "7" if os.environ.get("PYTHONHASHSEED") != "7" else "8"},
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert main(words) == 0
    assert capsys.readouterr().out == other.stdout
    told = json.loads(other.stdout)
    assert told["schema"] == "tidegate.replay/v1"
    assert [(s["control"], s["state"]) for s in told["shifts"]] == [("use1-a", "Off"), ("use1-b", "Off")]
    assert set(told) == {
        *("schema", "application", "digest", "events", "decisions", "shifts", "approvals", "final"),
    }  # fmt: skip


@pytest.mark.parametrize("approve", ["deny", "never"])
def test_nothing_moves_where_people_do_not_agree(tmp_path: Path, approve: Any) -> None:
    case = cases()["2018-10-21-43-seconds"]
    told = replay(
        case.policy, read_recording(written(tmp_path, ill(9.0))), composition(), approve=approve, alone=True
    )
    assert told["shifts"] == []
    outcomes = [each["outcome"] for each in told["approvals"]]
    assert outcomes[:2] == (["requested", "denied"] if approve == "deny" else ["requested"])


def test_broken_lines_are_named_and_the_rest_is_used(tmp_path: Path, capsys: Any) -> None:
    good = canary(T0, about="us-east-1", runs_in="us-east-2", well=True)
    bad = [
        "{",
        "[]",
        "{}",
        json.dumps(good | {"time": "today"}),
        "\x00\xff",
        json.dumps(good | {"a": [1] * 200_000}),
    ]
    recording = read_recording(written(tmp_path, [good, *bad, "", good | {"id": "2"}]))
    assert [each.line for each in recording.refused] == [2, 3, 4, 5, 6, 7]
    assert [each.line for each in recording.arrivals] == [1, 9]
    assert recording.read == 8
    assert main(["policy", "replay", str(tmp_path / "events.jsonl"), "--strict", "--json"]) == 2
    out = capsys.readouterr()
    assert json.loads(out.out)["problems"][0]["line"] == 2
    assert "events.jsonl:2: The body is not JSON" in out.err


@pytest.mark.parametrize("content", [None, b"", b"\n\n"])
def test_a_file_without_events_is_bad_input(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "events.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadFile):
        read_recording(path)
    assert main(["policy", "replay", str(path)]) == 2


def test_lines_arrive_in_their_order_and_never_before_the_line_before(tmp_path: Path) -> None:
    early = canary(T0, about="us-east-1", runs_in="us-east-2", well=True)
    late = canary(T0 - 600, about="us-east-1", runs_in="us-west-2", well=True)
    recording = read_recording(written(tmp_path, [early | {"_received": utc(T0 + 9)}, late]))
    assert [each.received - T0 for each in recording.arrivals] == [9.0, 9.0]
    assert all("_received" not in each.event for each in recording.arrivals)


def test_each_ignored_event_has_its_reason() -> None:
    policy = cases()["2018-10-21-43-seconds"].policy
    good = canary(T0, about="us-east-1", runs_in="us-east-2", well=True)
    strange = [
        good | {"account": "111111111111"},
        good | {"region": "ap-south-1"},
        good | {"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification"},
        good | {"source": "tidegate.probe", "detail-type": "Intake Probe"},
    ]
    arrivals = tuple(Arrival(n, T0, event) for n, event in enumerate([good, *strange], start=1))
    found = sort(policy, Recording(5, arrivals, ()), None)
    assert len(found.sightings) == 1
    assert [each.line for each in found.ignored] == [2, 3, 4, 5]
    told = [each.reason for each in found.ignored]
    assert "account" in told[0]
    assert "no rule forwards" in told[1]
    assert "Unknown event type" in told[2]
    assert "own work" in told[3]


def test_whatever_an_event_holds_the_replay_goes_on(tmp_path: Path) -> None:
    good = alarm(T0, region="us-east-1", part="5xx", value="ALARM", before="OK")
    keys = ("detail", "resources", "id", "source", "detail-type", "version")
    values: list[Any] = [None, [], {}, "", "x", 5, [{}], {"state": 5}, {"state": {}, "alarmName": ["x"]}]
    odd: list[Event] = [good | {key: value} for key in keys for value in values]
    odd += [
        good | {"detail": good["detail"] | {"previousState": "?", "state": s}} for s in ("", {"value": 5})
    ]
    policy = cases()["2018-10-21-43-seconds"].policy
    told = replay(policy, read_recording(written(tmp_path, odd)), composition(), alone=True)
    assert told["events"]["read"] == len(odd)
    assert told["shifts"] == []


def test_drills_do_not_begin_by_themselves_in_a_replay_and_windows_stay() -> None:
    policy = parse_policy(policy_data())
    assert policy.drills is not None
    assert policy.drills.cron is not None
    played = undrilled(policy)
    assert played.drills is not None
    assert played.drills.cron is None
    assert played.limits == policy.limits
    assert policy.limits.blackout


def test_polls_say_what_had_arrived_and_nothing_while_events_are_held_back() -> None:
    red = alarm(T0, region="us-east-1", part="5xx", value="ALARM", before="OK")
    late = alarm(T0 + 60, region="us-east-1", part="5xx", value="OK", before="ALARM")
    levels = levels_of([Arrival(1, T0 + 1, red), Arrival(2, T0 + 900, late)])
    name = "storefront-us-east-1-5xx"
    states = [levels.describe("us-east-1", name, T0 + at)["StateValue"] for at in (0, 1, 899, 900)]
    assert states == ["OK", "ALARM", "ALARM", "OK"]
    silent = [levels.silent("us-east-1", T0 + at) for at in (59, 60, 899, 900)]
    assert silent == [False, True, True, False]
    assert levels.describe("us-west-2", name, T0)["StateValue"] == "INSUFFICIENT_DATA"
