"""Backtests: the quick evaluator says what the core and the whole controller say; scores, sweeps, shadow."""

import json
import random
import resource
import time
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.core.evidence.evaluation import judge, view
from controller.core.model import Observation, Truth, Verdict
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals, parse_policy
from controller.entry.cli.main import main
from controller.lab.backtest.evaluate import Judge
from controller.lab.backtest.evidence import (
    BLIND,
    BREACHING,
    HEALTHY,
    SILENT,
    Past,
    lines_of,
    past_of,
    past_of_changes,
)
from controller.lab.backtest.moves import Move, naive, walk
from controller.lab.backtest.score import BadLabels, Window, read_labels, score
from controller.lab.backtest.shadow import BadExport, Export, compare, read_export
from controller.lab.backtest.step_functions import Steps
from controller.lab.backtest.sweep import BadSweep, parse_sweep, sweep
from controller.lab.replay.events import read_recording
from controller.lab.replay.report import utc
from tests.lab.event_files import T0, ill, written
from tests.lab.outages.events import moment
from tests.lab.outages.verdicts import HERE, Case, cases
from tests.support.alarm_year import many
from tests.support.policy_scene import ACCOUNT, policy_data

DAY = 86400.0


def moves_of(case: Case, folder: Path, *, whole: bool) -> tuple[Move, ...]:
    recording = read_recording(written(folder, case.events(whole=whole)))
    return walk(Judge(case.policy, past_of(case.policy, recording)))


@pytest.mark.parametrize("name", list(cases()))
def test_the_whole_of_each_named_outage_comes_out_as_expected(name: str, tmp_path: Path) -> None:
    case = cases()[name]
    moves = moves_of(case, tmp_path, whole=True)
    left, returned = case.data["left"], case.data["returned"]
    assert [m.region for m in moves] == ([left["region"]] if left else [])
    for move in moves:
        assert moment(str(left["after"])) <= move.left <= moment(str(left["before"]))
        assert move.target == left["to"]
        assert (move.home < inf) is bool(returned)
        if returned:
            assert moment(str(returned["after"])) <= move.home <= moment(str(returned["before"]))


def storefront(a_day: int = 9, **changes: Any) -> Policy:
    return parse_policy(policy_data() | {"limits": {"minRegionsOn": 1, "cooldown": "1h",
                                                    "evacuationsPerDay": a_day}} | changes)  # fmt: skip


def wandering(rng: random.Random, minutes: int, *, gaps: float) -> list[Observation]:
    """A signal that changes its mind now and then, and at times says nothing for a while."""
    verdict, quiet, found = Verdict.HEALTHY, 0, []
    for minute in range(minutes):
        if rng.random() < 0.15:
            verdict = rng.choice((Verdict.HEALTHY, Verdict.BREACHING, Verdict.BREACHING, Verdict.UNKNOWN))
        quiet = rng.randint(3, 9) if rng.random() < gaps else max(0, quiet - 1)
        if not quiet:
            found.append(Observation(T0 + 60.0 * minute, T0 + 60.0 * minute, verdict, "event", str(minute)))
    return found


def test_conditions_have_the_values_of_the_core_at_every_moment() -> None:
    rng, policy, seen = random.Random(7), storefront(), {Truth.TRUE: 0, Truth.FALSE: 0, Truth.UNKNOWN: 0}
    for _ in range(25):
        histories = {
            s.id: wandering(rng, 60, gaps=0.04 if s.kind == "canary" else 0.0)
            for s in expected_signals(policy, ACCOUNT)
        }
        begin, end = T0 - 60.0, T0 + 3600.0
        lines = lines_of([(s, histories[s.id]) for s in expected_signals(policy, ACCOUNT)], begin, end)
        truth = Judge(policy, Past(begin, end, lines)).when("us-east-1")
        for minute in range(2, 60, 3):
            now = T0 + 60.0 * minute + 1.0
            known = {k: [o for o in each if o.received <= now] for k, each in histories.items()}
            tree = judge(policy.evacuate.when, view(policy, ACCOUNT, known, now), source="us-east-1",
                         target=None, path="when")  # fmt: skip
            names = (Truth.FALSE, Truth.UNKNOWN, Truth.TRUE)
            assert names[int(truth.at(now))] is tree.value, (minute, tree)
            seen[tree.value] += 1
    assert min(seen.values()) >= 10, seen


def test_silence_has_the_values_of_the_core_also_while_nobody_is_heard() -> None:
    quiet = {"in": "source", "family": "customer", "is": "silent", "observers": 2, "for": "2m"}
    policy = storefront(evacuate=policy_data()["evacuate"] | {"when": quiet})
    rng, seen = random.Random(11), {Truth.TRUE: 0, Truth.FALSE: 0, Truth.UNKNOWN: 0}
    begin, end = T0 - 60.0, T0 + 3600.0
    for _ in range(25):
        deaf = T0 + 60.0 * rng.randint(5, 45)
        histories = {
            s.id: [
                seen
                for seen in wandering(rng, 60, gaps=0.03)
                if not (deaf <= seen.at < deaf + 480.0)
                and (s.subject != "us-east-1" or seen.at < T0 + 1800.0)
            ]
            for s in expected_signals(policy, ACCOUNT)
        }
        lines = lines_of([(s, histories[s.id]) for s in expected_signals(policy, ACCOUNT)], begin, end)
        truth = Judge(policy, Past(begin, end, lines)).when("us-east-1")
        for minute in range(2, 60):
            now = T0 + 60.0 * minute + 1.0
            known = {k: [o for o in each if o.received <= now] for k, each in histories.items()}
            looked = view(policy, ACCOUNT, known, now)
            tree = judge(policy.evacuate.when, looked, source="us-east-1", target=None, path="when")
            names = (Truth.FALSE, Truth.UNKNOWN, Truth.TRUE)
            assert names[int(truth.at(now))] is tree.value, (minute, tree)
            seen[tree.value] += 1
    assert min(seen.values()) >= 100, seen


def test_an_alarm_is_silent_while_another_region_answers_polls_and_else_nobody_can_look() -> None:
    policy = storefront()
    signals = [s for s in expected_signals(policy, ACCOUNT) if s.kind == "alarm"]
    once = [Observation(T0, T0, Verdict.HEALTHY, "poll", "0")]
    held = {"us-east-1": [(T0 + 600.0, T0 + 3600.0)], "us-west-2": [(T0 + 1800.0, T0 + 2400.0)]}
    east, *_, west = lines_of([(s, once) for s in signals], T0 - 60.0, T0 + 7200.0, held)
    assert (east.signal.observer, west.signal.observer) == ("us-east-1", "us-west-2")
    moments = T0 + np.array([700.0, 790.0, 1970.0, 1990.0, 2570.0, 2590.0, 3610.0])
    codes = [HEALTHY, SILENT, SILENT, BLIND, BLIND, SILENT, HEALTHY]
    assert east.said.at(moments).tolist() == codes
    assert west.said.at(T0 + np.array([1790.0, 1990.0, 2410.0])).tolist() == [HEALTHY, BLIND, HEALTHY]


def changing(policy: Policy, red: Mapping[str, Sequence[tuple[float, float]]], end: float) -> Past:
    """us-east-1's and us-west-2's signals: red in the stretches given by Region, in minutes, else healthy."""
    changes = {}
    for signal in expected_signals(policy, ACCOUNT):
        edges = [(0.0, HEALTHY)]
        for begin, over in red.get(signal.subject, ()):
            edges += [(60.0 * begin, BREACHING), (60.0 * over, HEALTHY)]
        times, codes = zip(*edges, strict=True)
        changes[signal.id] = (T0 + np.array(times), np.array(codes))
    return past_of_changes(policy, changes, T0, T0 + end)


def test_limits_hold_one_move_after_the_other() -> None:
    policy = storefront(a_day=2)
    past = changing(policy, {"us-east-1": [(60, 70), (105, 115), (300, 310), (600, 610)]}, DAY)
    moves = walk(Judge(policy, past))
    # Home by hand half an hour after it is well. The second is within the cooldown, the fourth too many.
    assert [round((m.left - T0) / 60) for m in moves] == [63, 303]
    assert [m.home - T0 for m in moves] == [60.0 * 100, 60.0 * 340]
    assert [m.asked for m in moves] == [1, 1]


def test_nothing_moves_where_everything_is_red_or_people_are_slower_than_the_outage() -> None:
    policy = storefront()
    both = changing(policy, {"us-east-1": [(60, 90)], "us-west-2": [(60, 90)]}, DAY)
    assert walk(Judge(policy, both)) == ()
    one = Judge(policy, changing(policy, {"us-east-1": [(60, 70)]}, DAY))
    assert len(walk(one, answered=300.0)) == 1
    assert walk(one, answered=900.0) == ()


def test_a_shared_cause_alone_keeps_traffic_where_it_is() -> None:
    target = {"prefer": ["us-west-2", "us-east-1"], "ready": [{"quotas": ["lambda"], "ifUnknown": "block"}]}
    policy = storefront(target=target)
    red = {"us-east-1": [(60, 90)], "us-west-2": [(60, 90)]}
    assert walk(Judge(policy, changing(policy, red, DAY))) == ()
    assert len(walk(Judge(policy, changing(policy, {"us-east-1": [(60, 90)]}, DAY)))) == 1


def test_nothing_moves_in_a_window_until_it_closes() -> None:
    window = {"cron": "0 10 * * MON", "for": "2h", "reason": "release"}  # T0 is a Monday, 10:00 UTC
    limits = {"minRegionsOn": 1, "cooldown": "1h", "evacuationsPerDay": 2, "blackout": [window]}
    policy = storefront(limits=limits, timezone="UTC")
    assert walk(Judge(policy, changing(policy, {"us-east-1": [(60, 70)]}, DAY))) == ()
    moves = walk(Judge(policy, changing(policy, {"us-east-1": [(60, 180)]}, DAY)))
    assert [m.left - T0 for m in moves] == [7200.0]


def test_what_arrives_hours_late_changes_nothing_that_was_known_before() -> None:
    policy = storefront()
    for signal in expected_signals(policy, ACCOUNT)[:1]:
        known = [
            Observation(T0 + 60.0 * n, T0 + 60.0 * n, Verdict.HEALTHY, "event", str(n)) for n in range(9)
        ]
        late = Observation(T0 + 150.0, T0 + 7200.0, Verdict.BREACHING, "event", "late")
        history = sorted([*known, late], key=lambda each: each.at)
        (line,) = lines_of([(signal, history)], T0 - 60.0, T0 + 9000.0)
        assert line.said.at(T0 + 170.0) == HEALTHY


def test_naive_policies_and_scores() -> None:
    policy = storefront()
    red = {"us-east-1": [(60.0, 61.0), (120.0, 121.0), (300.0, 340.0)]}
    judged = Judge(policy, changing(policy, red, DAY))
    found = naive(judged)
    assert [len(found[name]) for name in ("any alarm", "all alarms", "3 of 5")] == [3, 3, 1]
    label = Window("us-east-1", T0 + 60.0 * 300, T0 + 60.0 * 340)
    late = Window("us-east-1", T0 + 60.0 * 800, T0 + 60.0 * 810)
    any_ = score("any alarm", found["any alarm"], [label, late], begin=T0, end=T0 + DAY)
    assert (any_.evacuations, any_.false, any_.missed, any_.labels, any_.delay) == (3, 2, 1, 2, 0.0)
    assert any_.flaps == 2
    ours = score("this policy", walk(judged), [label, late], begin=T0, end=T0 + DAY)
    assert (ours.evacuations, ours.false, ours.missed, ours.delay, ours.flaps) == (1, 0, 1, 180.0, 0)
    assert ours.a_year(1) == pytest.approx(365.25)


def test_a_sweep_trades_false_evacuations_for_delay() -> None:
    policy = storefront()
    past = changing(policy, {"us-east-1": [(60, 62), (300, 304), (600, 640)]}, DAY)
    labels = [Window("us-east-1", T0 + 36_000.0, T0 + 38_400.0)]
    points = sweep(policy, past, labels, parse_sweep("for=1m..5m,observers=2..3"))
    assert len(points) == 10
    assert all(p.refused for p in points if p.observers == 3)
    scores = [p.score for p in points if p.score]
    assert [s.false for s in scores] == sorted((s.false for s in scores), reverse=True)
    assert [s.delay for s in scores] == [60.0, 120.0, 180.0, 240.0, 300.0]
    assert scores[0].false > scores[-1].false == 0


@pytest.mark.parametrize(
    "text", ["for", "for=9m..1m", "size=1..2", "for=1m,for=2m", "observers=0..2", "for=1s..1h"]
)
def test_a_sweep_that_is_not_understood(text: str) -> None:
    with pytest.raises(BadSweep):
        parse_sweep(text)


def test_a_shadow_controller_is_ready_once_it_agrees_for_long_enough() -> None:
    minutes = tuple(T0 + 60.0 * minute for minute in range(15 * 1440))
    decisions = (
        (T0, "us-east-1", "healthy"),
        (T0 + 7200.0, "us-east-1", "shadow"),
        (T0 + 9000.0, "us-east-1", "healthy"),
    )
    moves = [Move("us-east-1", "us-west-2", T0 + 7170.0, T0 + 9000.0, 1)]
    labels = [Window("us-east-1", T0 + 7000.0, T0 + 9000.0)]
    right = score("", moves, labels, begin=T0, end=minutes[-1])
    assert compare(Export(decisions, minutes), moves, right).ready
    assert not compare(Export(decisions, minutes), moves, None).ready
    other = compare(Export(decisions, minutes), [], right)
    assert other.shadow_alone == (("us-east-1", T0 + 7200.0),)
    assert not other.ready
    blind = compare(Export(decisions, minutes[:9000] + minutes[12_000:]), moves, right)
    assert [reason for reason in blind.reasons if "watched" in reason]
    assert (
        compare(Export(decisions, minutes[:1440]), moves, right).reasons[0].startswith("it ran for 1.0 days")
    )


def test_an_export_of_assessments_or_of_a_journal_is_read(tmp_path: Path) -> None:
    decision = {"region": "us-east-1", "code": "shadow"}
    path = tmp_path / "export.jsonl"
    path.write_text(
        json.dumps({"at": utc(T0), "by": "tick", "decisions": [decision]})
        + "\n"
        + json.dumps({"draft": {"at": T0 + 60, "data": {"decision": decision}}})
        + "\n"
    )
    found = read_export(path)
    assert found.moments == (T0, T0 + 60)
    assert {code for _, _, code in found.decisions} == {"shadow"}
    path.write_text("{}\n")
    with pytest.raises(BadExport, match="line 1"):
        read_export(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1"),
        ("region,start\n", "line 1"),
        ("region,start,end\nus-east-1,today,\n", "line 2: 'today'"),
        ("region,start,end\nus-east-1,2024-05-06,2024-05-05\n", "line 2: the end"),
    ],
)
def test_labels_that_are_none_are_refused_by_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(BadLabels, match=told):
        read_labels(path)


def test_the_command_prints_its_table_and_draws_its_picture(tmp_path: Path, capsys: Any) -> None:
    path, labels = written(tmp_path, [*ill(60.0, 30.0), "no json"]), tmp_path / "labels.csv"
    labels.write_text(f"region,start,end,name\nus-east-1,{utc(T0 + 180)},{utc(T0 + 1980)},the one\n")
    policy = ["--policy", str(HERE / "minutely.yaml"), "--labels", str(labels)]
    words = ["policy", "backtest", str(path), *policy, "--sweep", "for=1m..4m,observers=1..2"]
    assert main([*words, "--picture", str(tmp_path / "trade"), "--json"]) == 0
    out = capsys.readouterr()
    told = json.loads(out.out)
    assert told["schema"] == "tidegate.backtest/v1"
    assert [p["policy"] for p in told["policies"]] == ["this policy", "any alarm", "all alarms", "3 of 5"]
    assert (told["policies"][0]["false"], told["policies"][0]["missed"]) == (0, 0)
    assert [m["region"] for m in told["moves"]] == ["us-east-1"]
    assert len(told["sweep"]) == 8
    assert "lines cannot be read" in out.err
    assert (tmp_path / "trade.png").read_bytes().startswith(b"\x89PNG")
    assert "false evacuations a year" in (tmp_path / "trade.svg").read_text()
    assert main([*words, "--strict"]) == 2
    assert main([*words[:3], "--sweep", "x"]) == 2
    assert main([*words[:3], "--labels", str(tmp_path / "none.csv")]) == 2
    assert "none.csv is not there" in capsys.readouterr().err
    for name in ("backtest", "replay"):
        assert main(["policy", name, str(path), "--policy", str(HERE / "gulf.yaml")]) == 2
        assert "no event from a Region that this policy watches" in capsys.readouterr().err


def test_the_command_says_whether_a_shadow_controller_is_ready(tmp_path: Path, capsys: Any) -> None:
    path, export = written(tmp_path, ill(9.0)), tmp_path / "shadow.jsonl"
    told = [{"at": T0, "decisions": []}]
    told.append({"at": T0 + 430.0, "decisions": [{"region": "us-east-1", "code": "shadow"}]})
    export.write_text("".join(json.dumps(each) + "\n" for each in told))
    words = [
        "policy",
        "backtest",
        str(path),
        "--policy",
        str(HERE / "minutely.yaml"),
        "--shadow",
        str(export),
    ]
    assert main([*words, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["shadow"]
    assert found["ready"] is False
    assert [each["region"] for each in found["agreed"]] == ["us-east-1"]
    assert [reason.split(";")[0] for reason in found["reasons"]] == [
        "it ran for 0.0 days",
        "it watched 69.8% of that time",
        "no labels were given: nobody says whether it was right",
    ]
    assert main(words) == 1
    assert "not ready to be promoted yet" in capsys.readouterr().out


def test_a_year_of_198_signals_from_transitions_is_cheap() -> None:
    """Under 2 s and 300 MB by `make bench`; here a quarter of the signals, with room for a busy machine."""
    policy, past = many(regions=3, alarms=16, changes=60)
    assert len(past.lines) == 48
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    moves = walk(Judge(policy, past))
    assert time.process_time() - began < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    assert moves


def test_steps_answer_when_something_holds_next() -> None:
    steps = Steps(np.array([0.0, 10.0, 20.0]), np.array([0, 2, 1]))
    assert [steps.next(2, at) for at in (0.0, 12.0, 20.0)] == [10.0, 12.0, inf]
    assert steps.next(1, 0.0) == 20.0
    assert steps.spans(2).tolist() == [[10.0, 20.0]]
