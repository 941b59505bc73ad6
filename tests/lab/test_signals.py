"""Metrics to alarm events: CloudWatch's rules over whole series, equal to the rules one by one."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.entry.cli.main import main
from controller.lab.signals.alarm_events import alarm_events, alarm_states
from controller.lab.signals.alarm_history import read_history
from controller.lab.signals.m_of_n import AS_IT_WAS, MISSING, NAMES, states, verdicts
from controller.lab.signals.metric_series import BadSeries, Series, coded, gridded, read_series
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import Call
from controller.rehearsal.services.cloudwatch.alarm_model import Alarm, State
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.services.cloudwatch.m_of_n import EXTRA_PERIODS, StateValue, Treatment, evaluate
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from tests.support.corpus import corpus

TREATMENTS: tuple[Treatment, ...] = ("missing", "ignore", "breaching", "notBreaching")
CODES = {"0": 0, "X": 1, "-": 2}
T0 = 1_700_000_040.0


@pytest.mark.parametrize("treat", TREATMENTS)
def test_the_table_of_aws(treat: Treatment) -> None:
    rows = json.loads(corpus("cloudwatch_missing_data_truth_table.json").read_text(encoding="utf-8"))["rows"]
    assert len(rows) >= 10
    for row in rows:
        # The range is N + 2 periods, the table's is five: for N = 3 they are the same.
        data = "-" * (row["N"] + EXTRA_PERIODS - len(row["data"])) + row["data"]
        codes = np.array([CODES[mark] for mark in data[-(row["N"] + EXTRA_PERIODS) :]], dtype=np.int8)
        found = verdicts(codes, row["M"], row["N"], treat)[-1]
        wanted = AS_IT_WAS if row[treat] == "RETAIN" else NAMES.index(row[treat])
        assert found == wanted, (row, treat)


def one_by_one(codes: Any, m: int, n: int, treat: Treatment) -> list[StateValue]:
    state: StateValue = "INSUFFICIENT_DATA"
    found: list[StateValue] = []
    points = [None] * (n + EXTRA_PERIODS) + [None if code == MISSING else bool(code) for code in codes]
    for end in range(n + EXTRA_PERIODS + 1, len(points) + 1):
        state = evaluate(points[end - n - EXTRA_PERIODS : end], m, n, treat, state)
        found.append(state)
    return found


@pytest.mark.parametrize("treat", TREATMENTS)
def test_random_series_give_the_same_states_as_the_rules_one_by_one(treat: Treatment) -> None:
    rng = random.Random(5)
    for _ in range(90):
        n = rng.randint(1, 12)  # ranges that are tabled, and wider ones
        m = rng.randint(1, n)
        weights = rng.choice(([1, 1, 1], [6, 2, 1], [1, 4, 0], [1, 3, 6], [0, 1, 1]))
        rows = [rng.choices((0, 1, 2), weights, k=rng.choice((1, 3, 40))) for _ in range(1)] * 2
        codes = np.array(rows, dtype=np.int8)
        found = states(codes, m, n, treat)
        assert [NAMES[each] for each in found[0]] == one_by_one(rows[0], m, n, treat), (rows[0], m, n)
        assert (found[0] == found[1]).all()


def made(period: int, treat: str | None, m: int = 2, statistic: str = "Average") -> dict[str, Any]:
    return {
        "AlarmName": "storefront-us-east-1-5xx", "Namespace": "Storefront", "MetricName": "5xxRate",
        "Statistic": statistic, "Period": period, "EvaluationPeriods": 3, "DatapointsToAlarm": m,
        "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
        **({"TreatMissingData": treat} if treat else {}),
    }  # fmt: skip


@pytest.mark.parametrize("period", [60, 300])
@pytest.mark.parametrize("treat", ["missing", "breaching", None])
def test_the_same_events_as_the_rehearsed_cloudwatch(period: int, treat: str | None) -> None:
    rng = random.Random(period)
    samples = []
    for burst in range(12):
        high = rng.random() < 0.5
        samples += [
            (T0 + 60.0 * (burst * 15 + k) + rng.choice((1.0, 30.0)), 9.0 if high else 1.0)
            for k in range(15)
            if rng.random() < (0.4 if burst % 3 else 1.0)
        ]
    wanted = rehearsed(samples, made(period, treat))
    both = np.array(samples)
    alarm = from_properties(made(period, treat))
    ours = [
        (event["time"], event["detail"]["state"]["value"])
        for event in alarm_events(Series(both[:, 0], both[:, 1]), alarm, region="us-east-1", account="1" * 12)
    ]
    assert ours == [each for each in wanted if each[0] <= ours[-1][0]]
    assert len(ours) > 3


def from_properties(properties: dict[str, Any]) -> Alarm:
    from controller.rehearsal.services.cloudwatch.alarm_settings import metric_config

    name = properties["AlarmName"]
    arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"
    return Alarm(name, arn, metric_config(properties), 0.0, 0.0, State("INSUFFICIENT_DATA", "", 0.0))


def _do(operation: Callable[[Call], object], call: Call) -> None:
    operation(call)


def rehearsed(samples: list[tuple[float, float]], properties: dict[str, Any]) -> list[tuple[str, str]]:
    """(time, state) of each change, by the rehearsal's CloudWatch on its own clock."""
    kernel = Kernel(VirtualClock(T0 + 6.0))  # no period has ended before the first sample
    sent: list[dict[str, Any]] = []
    alarms = Alarms(kernel, "us-east-1", sent.append, Faults())
    put = alarms.operations
    put["PutMetricAlarm"](Call("monitoring", "PutMetricAlarm", "us-east-1", dict(properties)))
    for at, value in samples:
        datum = {"MetricName": "5xxRate", "Value": value, "Timestamp": at, "StorageResolution": 1}
        data = {"Namespace": "Storefront", "MetricData": [datum]}
        call = Call("monitoring", "PutMetricData", "us-east-1", data)
        kernel.at(at, partial(_do, put["PutMetricData"], call))
    kernel.run(until=samples[-1][0] + 120.0)
    told = [event for event in sent if event["detail-type"] == "CloudWatch Alarm State Change"]
    return [(event["time"], event["detail"]["state"]["value"]) for event in told]


@pytest.mark.parametrize(
    ("statistic", "wanted"),
    [("Average", 4.0), ("Sum", 8.0), ("Minimum", 1.0), ("Maximum", 7.0), ("SampleCount", 2.0)],
)
def test_statistics_over_the_period_that_ends_at_each_minute(statistic: str, wanted: float) -> None:
    series = Series(np.array([0.0, 61.0, 300.0]), np.array([1.0, 7.0, 5.0]))
    grid = gridded(series, 120, statistic)
    assert grid.values[1] == wanted
    assert np.isnan(grid.values[3])
    assert coded(grid, made(120, None))[3] == MISSING
    assert alarm_states(coded(grid, made(120, None)), from_properties(made(120, None)), 60).shape == (6,)


def test_files_of_both_kinds_say_the_same(tmp_path: Path) -> None:
    table, answer = tmp_path / "a.csv", tmp_path / "a.json"
    table.write_text(
        "timestamp,value\n2024-05-06 10:00:00,1.5\n2024-05-06T10:01:00Z,\n2024-05-06T10:02:00Z,2\n"
    )
    times = ["2024-05-06T10:02:00+00:00", "2024-05-06T10:00:00+00:00"]
    answer.write_text(
        json.dumps({"MetricDataResults": [{"Id": "m1", "Timestamps": times, "Values": [2, 1.5]}]})
    )
    first, second = read_series(table), read_series(answer)
    assert first.times.tolist() == second.times.tolist()
    assert first.values.tolist() == second.values.tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("timestamp,value\nnow,1\n", "line 2: 'now' is not a time"),
        ("2024-05-06T10:00:00Z,high\n", "line 1: 'high' is not a number"),
        ("2024-05-06T10:00:00Z,nan\n", "line 1: 'nan' is not a finite number"),
        ("1\n", "line 1: expected timestamp,value"),
        ("", "holds no sample"),
        ("{", "is not JSON"),
        ("{}", "has no MetricDataResults"),
    ],
)
def test_what_is_no_metric_data_is_refused_by_line(tmp_path: Path, text: str, told: str, capsys: Any) -> None:
    path, alarm = tmp_path / "a.csv", tmp_path / "alarm.yaml"
    path.write_text(text)
    alarm.write_text(json.dumps(made(60, None)))
    with pytest.raises(BadSeries, match=told.replace(".", "[.]")):
        read_series(path)
    assert main(["policy", "signals", str(path), "--alarm", str(alarm), "--region", "us-east-1"]) == 2
    assert told in capsys.readouterr().err


def test_the_command_prints_events_that_a_replay_reads(tmp_path: Path, capsys: Any) -> None:
    path, alarm = tmp_path / "a.csv", tmp_path / "alarm.yaml"
    path.write_text("".join(f"{T0 + 60 * k},{9 if 5 <= k < 9 else 1}\n" for k in range(20)))
    alarm.write_text("Type: AWS::CloudWatch::Alarm\nProperties:\n" + "".join(
        f"  {key}: {json.dumps(value)}\n" for key, value in made(60, None).items()))  # fmt: skip
    assert main(["policy", "signals", str(path), "--alarm", str(alarm), "--region", "us-east-1"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["detail"]["state"]["value"] for each in events] == ["OK", "ALARM", "OK"]
    assert events[1]["detail"]["state"]["reason"].startswith("Threshold Crossed: 2 out of the last 3")
    assert events[0]["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Threshold": None}, "Threshold is required"),
        ({"Threshold": "high"}, "Threshold must be a number"),
        ({"Period": 7}, "Period must be"),
        ({"DatapointsToAlarm": 9}, "DatapointsToAlarm must be"),
        ({"AlarmName": 5}, "AlarmName is needed"),
        ({"EvaluationPeriods": [1]}, "wrong type"),
    ],
)
def test_a_definition_that_cloudwatch_would_refuse(
    tmp_path: Path, change: dict[str, Any], told: str, capsys: Any
) -> None:
    path, alarm = tmp_path / "a.csv", tmp_path / "alarm.json"
    path.write_text(f"{T0},1\n")
    alarm.write_text(json.dumps({k: v for k, v in (made(60, None) | change).items() if v is not None}))
    assert main(["policy", "signals", str(path), "--alarm", str(alarm), "--region", "us-east-1"]) == 2
    assert told in capsys.readouterr().err


def told_history(*, spaced: bool, odd: bool = False) -> bytes:
    """DescribeAlarmHistory's answer: three changes, new settings, and a text that looks like a change."""
    trap = json.dumps({"newState": {"stateReason": '"HistoryItemType": "StateUpdate"'}})
    items = [
        {
            "AlarmName": f"shop-{number % 2}", "AlarmType": "MetricAlarm",
            "Timestamp": f"2024-05-06T10:0{9 - number}:00.250000+00:00", "HistoryItemType": "StateUpdate",
            "HistorySummary": f"Alarm updated from {'OK' if number % 2 else 'ALARM'} to INSUFFICIENT_DATA",
            "HistoryData": trap,
        }
        for number in range(3)
    ]  # fmt: skip
    items.append({**items[0], "HistoryItemType": "ConfigurationUpdate", "HistorySummary": "Alarm updated"})
    if odd:
        items[0] = dict(reversed(items[0].items()))
    return json.dumps({"AlarmHistoryItems": items}, indent=2 if spaced else None).encode()


@pytest.mark.parametrize("spaced", [True, False])
def test_an_alarms_history_is_read_the_quick_way_and_the_plain_way_alike(spaced: bool) -> None:
    quick, slow = (
        read_history(told_history(spaced=spaced)),
        read_history(told_history(spaced=spaced, odd=True)),
    )
    assert quick == slow
    assert [(c.name, c.before, c.after) for c in quick] == [
        ("shop-0", "ALARM", "INSUFFICIENT_DATA"),
        ("shop-1", "OK", "INSUFFICIENT_DATA"),
        ("shop-0", "ALARM", "INSUFFICIENT_DATA"),
    ]
    assert quick[0].at == 1714990020.25


def test_the_command_takes_a_history(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "history.json"
    path.write_bytes(told_history(spaced=True))
    assert main(["policy", "signals", str(path), "--region", "us-east-1"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["detail"]["previousState"]["value"] for each in events] == ["ALARM", "OK", "ALARM"]
    path.write_bytes(b'{"AlarmHistoryItems": [{"HistoryItemType": "StateUpdate"}]}')
    assert main(["policy", "signals", str(path), "--region", "us-east-1"]) == 2
    path.write_text("1,2\n")
    assert main(["policy", "signals", str(path), "--region", "us-east-1"]) == 2
    assert "needs --alarm" in capsys.readouterr().err


def test_what_needs_numpy_says_so_and_nothing_else_loads_it() -> None:
    tried = """
import sys
from controller.entry.cli.main import main
main(["--help"])
assert not {"numpy", "matplotlib", "pandas"} & set(sys.modules), "loaded"
sys.modules["numpy"] = None
raise SystemExit(main(["policy", "signals", "x.csv", "--region", "us-east-1"]))
"""
    done = subprocess.run([sys.executable, "-c", tried], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == "tidegate: numpy is not installed: pip install 'tidegate[lab]'"
