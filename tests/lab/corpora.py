"""`python -m tests.lab.corpora`: backtests on real series that none of us made, beside the naive policies.

NAB: metrics of real systems with windows in which something was wrong. Each is the one metric of a Region;
two alarms watch it: `spike` (one datapoint above the mean by four standard deviations) and `level` (three of
five above it by three). Uptime: real checks of web sites; each site is a Region of its project's application,
and its downs of half an hour and more are the labels.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
from rich.console import Console

from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.entry.cli.policy.backtest import table
from controller.lab.backtest.evidence import Past, past_of
from controller.lab.backtest.run import backtest
from controller.lab.backtest.score import Score, Window
from controller.lab.backtest.sweep import sweep
from controller.lab.replay.events import Arrival, Recording
from controller.lab.signals.alarm_events import alarm_events
from controller.lab.signals.metric_series import Series, read_series
from controller.rehearsal.services.cloudwatch.alarm_model import Alarm, State
from controller.rehearsal.services.cloudwatch.alarm_settings import metric_config
from tests.lab.outages.events import ACCOUNT, Event, alarm, moment
from tests.support.corpus import corpus, corpus_files

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1", "sa-east-1",
           "ap-southeast-2", "ca-central-1", "eu-north-1", "us-east-2", "us-west-1", "eu-west-2")  # fmt: skip
PATIENCE = ("5m", "15m", "30m", "60m")
LONG = 1800.0
"""Seconds that a site must be down to count as impaired."""
Found = tuple[Policy, Recording, Sequence[Window]]


def policy_of(regions: Sequence[str], parts: Sequence[str], when: Mapping[str, Any]) -> Policy:
    return parse_policy(
        {
            "tidegate": 1,
            "application": "storefront",
            "enforcement": "live",
            "regions": {region: {"controls": [f"{region}-a"]} for region in regions},
            "controllers": [regions[-1]],
            "signals": {
                "service": [{"alarm": f"storefront-{{region}}-{part}", "silentAfter": "5m"} for part in parts]
            },
            "evacuate": {
                "when": when,
                "unless": [{"in": "target", "family": "service", "is": "breaching"}],
                "approval": "oncall",
            },
            "target": {
                "prefer": list(regions),
                "ready": [{"family": "service", "is": "healthy", "for": "5m", "ifUnknown": "block"}],
            },
            "restore": {
                "when": {"in": "source", "family": "service", "is": "healthy", "for": "30m"},
                "approval": "none",
            },
            "limits": {"minRegionsOn": 1, "cooldown": "1h", "evacuationsPerDay": 2},
            "approvals": {"oncall": [{"ask": ["group:sre"], "people": 1, "within": "15m"}]},
        }
    )


def recorded(events: Sequence[Event]) -> Recording:
    ordered = sorted(events, key=lambda event: (moment(event["time"]), event["id"]))
    arrivals = tuple(Arrival(n, moment(event["time"]), event) for n, event in enumerate(ordered, start=1))
    return Recording(len(arrivals), arrivals, ())


def nab() -> Iterator[Found]:
    """One backtest a series."""
    root = corpus("nab")
    windows = json.loads((root / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    leaf = {"in": "source", "family": "service", "is": "breaching", "signals": 1, "for": "15m"}
    policy = policy_of(REGIONS[:2], ("spike", "level"), leaf)
    for path in corpus_files("nab", "real*/*.csv", least=10):
        series = read_series(path)
        labels = [
            Window(REGIONS[0], _stamp(begin), _stamp(end))
            for begin, end in windows[f"{path.parent.name}/{path.name}"]
        ]
        yield policy, recorded([*_watched(series), *_quiet(series)]), labels


def _watched(series: Series) -> Iterator[Event]:
    middle, spread = float(np.mean(series.values)), float(np.std(series.values))
    for part, m, n, sigmas in (("spike", 1, 1, 4.0), ("level", 3, 5, 3.0)):
        properties = {
            "AlarmName": f"storefront-{REGIONS[0]}-{part}", "Namespace": "NAB", "MetricName": "value",
            "Statistic": "Maximum", "Period": 300, "EvaluationPeriods": n, "DatapointsToAlarm": m,
            "Threshold": middle + sigmas * spread, "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "ignore",
        }  # fmt: skip
        begun = float(series.times[0])
        arn = f"arn:aws:cloudwatch:{REGIONS[0]}:{ACCOUNT}:alarm:{properties['AlarmName']}"
        made = Alarm(str(properties["AlarmName"]), arn, metric_config(properties), begun, begun,
                     State("INSUFFICIENT_DATA", "", begun))  # fmt: skip
        yield from alarm_events(series, made, region=REGIONS[0], account=ACCOUNT)


def _quiet(series: Series) -> Iterator[Event]:
    """The other Region: well from the first moment to the last."""
    for part in ("spike", "level"):
        for at in (series.times[0], series.times[-1]):
            yield alarm(float(at), region=REGIONS[1], part=part, value="OK", before="OK")


def uptime() -> Iterator[Found]:
    """One backtest a project, its sites as Regions."""
    for path in corpus_files("uptime_traces", "*.csv", least=5):
        checks: dict[str, list[tuple[float, bool]]] = {}
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                checks.setdefault(row["site"], []).append((moment(row["time_utc"]), row["state"] == "up"))
        sites = [site for site, found in checks.items() if len(found) > 1][: len(REGIONS)]
        if len(sites) < 2:
            continue
        regions = REGIONS[: len(sites)]
        leaf = {"in": "source", "family": "service", "is": "breaching", "for": "15m"}
        policy = policy_of(regions, ("site",), leaf)
        events, labels = [], []
        for region, site in zip(regions, sites, strict=True):
            found = sorted(checks[site])
            events += list(_turns(region, found))
            labels += [Window(region, a, b) for a, b in _downs(found) if b - a >= LONG]
        yield policy, recorded(events), labels


def _turns(region: str, found: Sequence[tuple[float, bool]]) -> Iterator[Event]:
    """An alarm's event at the first check, wherever the site's state changes, and at the last check."""
    before = "OK"
    for number, (at, up) in enumerate(found):
        state = "OK" if up else "ALARM"
        if state != before or number in (0, len(found) - 1):
            yield alarm(at, region=region, part="site", value=state, before=before)
        before = state


def _downs(found: Sequence[tuple[float, bool]]) -> Iterator[tuple[float, float]]:
    """From the first failed check to the next that passed."""
    begun: float | None = None
    for (at, up), (after, next_up) in pairwise(found):
        if not up and begun is None:
            begun = at
        if begun is not None and next_up:
            yield begun, after
            begun = None


def scored(sets: Iterator[Found]) -> list[Score]:
    """All of a set together: counts and years are summed, the delay is the mean of the medians by answers."""
    whole: dict[str, list[Score]] = {}
    for policy, recording, labels in sets:
        past = past_of(policy, recording)
        naive = backtest(policy, past, labels).scores[1:]
        ours = [found for patience in PATIENCE for found in _held(policy, past, labels, patience)]
        for each in (*ours, *naive):
            whole.setdefault(each.policy, []).append(each)
    return [_summed(found) for found in whole.values()]


def _held(policy: Policy, past: Past, labels: Sequence[Window], patience: str) -> list[Score]:
    points = sweep(policy, past, labels, {"for": [patience]})
    return [replace(point.score, policy=f"one alarm for {patience}") for point in points if point.score]


def _summed(found: Sequence[Score]) -> Score:
    def total(name: str) -> Any:
        return sum(getattr(each, name) for each in found)

    answered = [(each.delay, each.labels - each.missed) for each in found if each.delay is not None]
    count = sum(n for _, n in answered)
    delay = sum(delay * n for delay, n in answered) / count if count else None
    names = ("years", "evacuations", "approvals", "false", "missed", "labels", "flaps", "away")
    return replace(found[0], delay=delay, **{name: total(name) for name in names})


def _stamp(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


if __name__ == "__main__":
    console = Console(file=sys.stdout, width=120, highlight=False)
    for title, sets in (("NAB", nab()), ("Uptime traces", uptime())):
        scores = scored(sets)
        console.print(f"{title}: {scores[0].years:.2f} Region-years by data set; counts are for a year")
        console.print(table(scores))
        console.print()
