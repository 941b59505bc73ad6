"""The quick timeline against the plain one: columns, runs, held time."""

import random
from itertools import pairwise

import pytest

from controller.aws.dynamodb.evidence import Reader, observations, text_of
from controller.core.evidence import timeline
from controller.core.evidence.timeline import History, Run, RunHistory, held
from controller.core.model import RELAYED, Observation, Verdict
from tests.support.policy_scene import T0, history

SAID = (Verdict.HEALTHY, Verdict.BREACHING, Verdict.BREACHING, Verdict.UNKNOWN)


def drawn(rng: random.Random, *, odd: bool) -> tuple[Observation, ...]:
    """A random past, ordered by event time; odd: with gaps, late news, muted alarms."""
    found, at = [], T0 - 3600
    for number in range(rng.randint(1, 30)):
        at += rng.choice([1.0, 60.0, 60.0, 170.0, 400.0] if odd else [1.0, 60.0, 90.0])
        late = rng.choice([0.0, 1.0, 1000.0] if odd else [0.0, 1.0, 30.0])
        via, reason = (
            rng.choice(["event", "poll", RELAYED]),
            rng.choice(["", "red", "muted: now"] if odd else [""]),
        )
        found.append(Observation(at, at + late, rng.choice(SAID), via, f"{number}", reason))
    return tuple(found)


@pytest.mark.parametrize("odd", [False, True])
def test_runs_by_columns_are_the_runs_one_by_one(odd: bool) -> None:
    rng, quick = random.Random(3), 0
    for _ in range(600):
        columns = History.of(drawn(rng, odd=odd))
        past = RunHistory(columns, 180.0)
        arrived = [*map(timeline._heard, columns.at, columns.received)]
        plain = timeline._broken(columns, arrived, 180.0)
        assert past.runs == plain
        assert past.heard == max(arrived)
        assert past.last is plain[-1].verdict
        for now in (past.heard + 60.0, past.heard + 181.0):
            assert past.now(now) is past.until(now)[-1].verdict
        quick += timeline._unbroken(columns, arrived) == plain
    assert quick > (30 if odd else 500)
    assert not odd or quick < 500  # else nothing odd was drawn


def test_held_time_where_nothing_turned_back_is_the_held_time_of_any_runs() -> None:
    rng, met = random.Random(4), {True: 0, False: 0}
    for _ in range(800):
        now = T0 + rng.choice([0.0, 200.0])
        units = [
            [
                RunHistory(History.of(drawn(rng, odd=False)), 180.0).until(now)
                for _ in range(rng.randint(1, 2))
            ]
            for _ in range(3)
        ]
        units += [
            [(Run(Verdict.BREACHING, T0 - rng.random() * 600, T0 - rng.random() * 600, T0),)]
        ] * rng.randint(0, 3)
        for verdict in (Verdict.BREACHING, Verdict.SILENT):
            chosen = [[run for past in unit for run in past if run.verdict is verdict] for unit in units]
            for needed in (1, 2, 3):
                told = held(units, verdict, needed, now)
                assert told == pytest.approx(timeline._held(chosen, verdict, needed, now))
                met[told is not None] += 1
    assert min(met.values()) > 300, met


def test_a_text_gives_back_what_was_written_and_a_history_is_its_observations() -> None:
    rng = random.Random(5)
    for _ in range(100):
        seen = drawn(rng, odd=True)
        read = observations(text_of(seen))
        assert read == seen
        assert (len(read), read[-1], read[:2]) == (len(seen), seen[-1], seen[:2])
        assert [*pairwise(read)] == [*pairwise(seen)]
        assert RunHistory(History.of(read), 180.0).runs == RunHistory(History.of(seen), 180.0).runs


def test_a_reader_reads_a_text_once_and_another_anew() -> None:
    reader, text = Reader(), text_of(history("HHB"))
    first = reader.read("a", text)
    assert reader.read("a", str(bytes(text, "utf-8"), "utf-8")) is first
    assert reader.read("a", text_of(history("HHH"))) == history("HHH")
    assert reader.read("b", text) == history("HHB")
