"""M out of N with missing data against AWS's table."""

import json

import pytest

from controller.rehearsal.services.cloudwatch.m_of_n import StateValue, Treatment, evaluate
from tests.support.corpus import ROOT, corpus

POINTS = {"0": False, "X": True, "-": None}
TABLE = "cloudwatch_missing_data_truth_table.json"
ROWS = range(len(json.loads((ROOT / TABLE).read_text())["rows"]) if (ROOT / TABLE).exists() else 1)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("treatment", ["missing", "ignore", "breaching", "notBreaching"])
@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_same_state_as_aws(row: int, treatment: Treatment, current: StateValue) -> None:
    rows = json.loads(corpus(TABLE).read_text())["rows"]
    assert len(rows) == len(ROWS) >= 10
    case = rows[row]
    wanted = case[treatment] if case[treatment] != "RETAIN" else current
    points = [POINTS[mark] for mark in case["data"]]
    assert evaluate(points, case["M"], case["N"], treatment, current) == wanted


@pytest.mark.parametrize(
    ("data", "m", "n", "treatment", "wanted"),
    [
        ("----X", 3, 3, "missing", "current"),
        ("---X-", 3, 3, "missing", "current"),
        ("---X0", 3, 3, "missing", "OK"),
        ("--X-0", 3, 3, "missing", "OK"),
        ("XXX00", 3, 3, "breaching", "OK"),
        ("--X--", 1, 1, "ignore", "ALARM"),
        ("-X-X-", 2, 3, "ignore", "ALARM"),
        ("--0", 1, 1, "missing", "OK"),
        ("X--", 1, 1, "missing", "ALARM"),
        ("---", 1, 1, "missing", "INSUFFICIENT_DATA"),
        ("---", 1, 1, "breaching", "ALARM"),
    ],
)
def test_beyond_the_table(data: str, m: int, n: int, treatment: Treatment, wanted: str) -> None:
    for current in ("OK", "ALARM", "INSUFFICIENT_DATA"):
        state = evaluate([POINTS[mark] for mark in data], m, n, treatment, current)
        assert state == (current if wanted == "current" else wanted)
