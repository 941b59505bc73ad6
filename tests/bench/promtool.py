"""Firing minutes of 210 series over a week beside `promtool test rules` (Debian's package prometheus).

The rule is M of N without missing data: at least three of the last five minutes above the threshold.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from controller.lab.signals.m_of_n import states

SERIES, MINUTES, M, N = 210, 7 * 1440, 3, 5


def bench(say: Callable[[str], None]) -> bool:
    """Print one table, and say whether the bound held; the peer's version is what is installed."""
    rng = np.random.default_rng(2)
    codes = (rng.random((SERIES, MINUTES)) < 0.1).astype(np.int8)
    ours = float("inf")
    for _ in range(7):
        began = time.process_time()
        firing = (states(codes, M, N, "missing") == 1).sum(axis=1)
        ours = min(ours, time.process_time() - began)
    with tempfile.TemporaryDirectory() as folder:
        took, same = _peer(Path(folder), codes, firing)
    version = subprocess.run(
        ["promtool", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[2]
    say(f"{SERIES} series x 7 days at one minute, {int(firing.sum())} firing minutes:")
    say(f"  tidegate              {ours:>9.4f} s")
    good = took / ours >= 100 and same
    verdict = "ok" if good else "NO"
    told = "the same firing minutes" if same else "other firing minutes"
    say(f"  promtool {version:<12} {took:>9.3f} s   x {took / ours:>6.0f} (bound 100) {verdict}; {told}\n")
    return good


def _peer(
    folder: Path, codes: "np.ndarray[tuple[int, int], np.dtype[np.int8]]", firing: object
) -> tuple[float, bool]:
    """Seconds that promtool took, and whether it counts as many firing minutes a series."""
    expression = f"sum_over_time(red[{N - 1}m:1m]) >= {M}"
    rules = {
        "groups": [
            {
                "name": "g",
                "interval": "1m",
                "rules": [{"record": "firing", "expr": f"({expression}) * 0 + 1"}],
            }
        ]
    }
    (folder / "rules.yml").write_text(json.dumps(rules))
    series = [
        {"series": f'red{{n="{row}"}}', "values": " ".join(map(str, codes[row]))} for row in range(len(codes))
    ]
    counts = np.asarray(firing)
    samples = [
        {"labels": f'{{n="{row}"}}', "value": int(counts[row])} for row in range(len(codes)) if counts[row]
    ]
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": f"sum_over_time(firing[{MINUTES}m])",
                        "eval_time": f"{MINUTES - 1}m",
                        "exp_samples": samples,
                    }
                ],
            }
        ],
    }
    (folder / "test.yml").write_text(json.dumps(test))
    began = time.perf_counter()
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=folder, capture_output=True, check=False
    )
    return time.perf_counter() - began, done.returncode == 0
