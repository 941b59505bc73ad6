"""Simulation: kept seeds break nothing, a seed repeats to the byte, and each invariant can be broken."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from controller.core.journal.moves import RestoreOpened
from controller.entry.cli.main import main
from controller.entry.simulation import SeedOptions, plant, play, played
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.coverage_goals import (
    CODES,
    ENOUGH,
    EVERY,
    NEVER,
    aim_of,
    calm_aims,
    pairs,
    period,
    seed_of,
)
from controller.lab.simulate.directed import CIRCUMSTANCES
from controller.lab.simulate.invariants.catalogue import TABLE, Break, broken
from controller.lab.simulate.precedence_scripts import PRECEDENCE
from controller.lab.simulate.report import Totals, broken_lines, summary_lines
from controller.lab.simulate.run import Outcome
from controller.lab.simulate.world.application import LENGTHS, matrix_policy
from controller.lab.simulate.world.weather import CallRule, EventRule, Sent
from controller.lab.simulate.world.world import World, make_world
from tests.drills.decision_violations import GROUNDS, w1_shadow
from tests.drills.invariant_violations import CASES as RULES
from tests.drills.invariant_violations import EAST, HOME, WEST, intended, later, opened, sound
from tests.drills.output_violations import OUTWARD
from tests.drills.silence_violations import SILENCE, l13_early, s3_outranked, s5_back

CASES = RULES | GROUNDS | OUTWARD | SILENCE
SEEDS = Path(__file__).with_name("seeds.txt")
"""One a line: the seed, and what it showed."""


def kept() -> list[int]:
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    names = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    states = plant().parts.functions
    return [int(name) if name.isdecimal() else seed_of(name, states) for name in names]


@pytest.fixture(scope="module")
def first() -> Outcome:
    return play(kept()[0], SeedOptions())


def test_the_first_kept_seed_breaks_nothing_and_moves_traffic(first: Outcome) -> None:
    assert not first.breaks, "\n".join(broken_lines(first, "both", ()))
    assert first.counts["moved"]


def test_a_seed_repeats_to_the_byte_in_another_process(first: Outcome) -> None:
    assert list(played(kept()[:1], SeedOptions(), jobs=2)) == [first]


SOON = 300.0
"""Seconds: circumstances that take longer are left to `make simulate`."""
PLAYED = 50
"""Seeds in the tests, each with ten seconds of storm, the kept ones beside them as they are."""


def brief() -> list[int]:
    """Even seeds: the circumstances of codes, and of the others every so many."""
    aims = calm_aims(plant().parts.functions)
    coded = [n for n, aim in enumerate(aims) if aim.code and aim.code not in PRECEDENCE]
    short = [n for n in coded if EVERY[aims[n].code].within <= SOON]
    rest = [n for n, aim in enumerate(aims) if aim.circumstance is None]
    left = PLAYED - len(short)
    return sorted(2 * n for n in (*short, *rest[:: len(rest) // left][:left]))


@pytest.mark.parametrize("seed", brief())
def test_a_seed_meets_what_it_aims_at_and_breaks_nothing(seed: int) -> None:
    outcome = play(seed, SeedOptions(length="brief"))
    assert not outcome.breaks, "\n".join(broken_lines(outcome, "both", ()))
    assert outcome.met, outcome.aim
    assert not {*outcome.codes} & {*NEVER}


@pytest.mark.parametrize("code", PRECEDENCE)
def test_who_waits_behind_whom_and_who_is_told_is_as_it_must_be(code: str) -> None:
    outcome = play(seed_of(code, plant().parts.functions), SeedOptions(length="brief"))
    assert not outcome.breaks, "\n".join(broken_lines(outcome, "both", ()))
    assert outcome.met


@pytest.mark.parametrize("seed", kept()[1:])
def test_a_kept_seed_breaks_nothing(seed: int) -> None:
    outcome = play(seed, SeedOptions())
    assert not outcome.breaks, "\n".join(broken_lines(outcome, "both", ()))
    assert outcome.met or not (outcome.aim and outcome.aim.calm)
    assert not {*outcome.codes} & {*NEVER}


@pytest.mark.parametrize("start", [0, 1, 777])
def test_so_many_seeds_in_a_row_aim_at_everything(start: int) -> None:
    states = plant().parts.functions
    aims = [aim_of(seed, states) for seed in range(start, start + period(states))]
    calm = [aim for aim in aims if aim.calm]
    assert {(fault, aim.state) for aim in calm for fault in aim.faults} == {*pairs(tuple(states))}
    assert {aim.code for aim in calm if aim.code} == {*EVERY}
    assert period(states) < ENOUGH / 2


def test_a_thousand_seeds_that_lack_something_are_a_failure(first: Outcome) -> None:
    totals = Totals(("Assess",))
    totals.add(first)
    assert totals.unmet()
    assert not totals.lacking
    totals.seeds = ENOUGH
    assert totals.lacking
    assert any("must meet all of them" in line for line in summary_lines(totals))
    totals.pairs.update(totals.unmet())
    totals.codes.update(CODES)
    assert not totals.lacking


def test_every_code_occurs_in_the_simulation_or_it_is_said_why_not() -> None:
    documented = {
        line[4:]
        for line in Path("docs/codes.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("### ")
    }
    assert documented == {*CODES, *NEVER}
    assert not {*CODES} & {*NEVER}
    assert all(NEVER.values())
    assert {*CIRCUMSTANCES} <= {*CODES, "late-call", "two-clicks", "links-opened"}


@pytest.fixture
def world() -> World:
    made = make_world(1, plant(), policy=matrix_policy(LENGTHS["long"]))
    made.policy = overlaid(
        made.policy,
        {"evacuate": {"approval": "none"}, "limits": {"cooldown": "20m", "evacuationsPerDay": 1}},
    )
    made.cooldowns.append(made.policy.limits.cooldown)
    made.truth.begin("dark", EAST)
    later(made, 400.0)
    return made


@pytest.mark.parametrize("name", CASES)
def test_each_invariant_can_be_broken(world: World, name: str) -> None:
    identity, case = CASES[name]
    assert [one.id for one in broken(world, case(world))] == [identity]


def test_every_invariant_has_a_case_that_breaks_it() -> None:
    assert {name for rows in TABLE.values() for name, _ in rows} == {name for name, _ in CASES.values()}


def test_a_sound_evacuation_breaks_nothing(world: World) -> None:
    assert broken(world, sound(world)) == []


@pytest.mark.parametrize(
    "case",
    [
        partial(s3_outranked, opening=RestoreOpened),
        partial(s5_back, seconds=300.0),
        partial(l13_early, seconds=600.0),
        partial(w1_shadow, seconds=90.0),
    ],
    ids=("a return makes way", "not yet plain", "after askAgain", "just loaded"),
)
def test_what_comes_close_to_breaking_an_invariant_breaks_none(world: World, case: Any) -> None:
    assert broken(world, case(world)) == []


def test_a_person_passes_the_limits_and_the_evidence(world: World) -> None:
    opened(world, source=WEST, requested_by="ana")
    assert broken(world, intended(world, source=WEST)) == []


def test_truth_counts_overlapping_spans_once(world: World) -> None:
    end = world.truth.begin("dark", WEST)
    later(world, 10.0)
    world.truth.begin("gray", WEST)
    later(world, 10.0)
    end()
    later(world, 10.0)
    assert world.truth.seconds(("dark", "gray"), WEST, 100.0) == pytest.approx(30.0)
    assert world.truth.seconds(("dark", "gray"), WEST, 15.0) == pytest.approx(15.0)
    assert world.truth.unbroken(("dark", "gray"), WEST) == pytest.approx(30.0)
    assert world.truth.unbroken(("dark",), WEST) == 0.0


def test_the_weather_hits_what_it_names_and_no_person_dies(world: World) -> None:
    weather = world.weather
    rule = CallRule("dies", service="sns", home=HOME)
    weather.calls.append(rule)
    call = Sent(HOME, "sns", HOME, "Publish", b"")
    assert weather.fate(call) is rule
    assert weather.fate(Sent(HOME, "sns", HOME, "Publish", b"", person=True)) is None
    assert weather.fate(Sent(WEST, "sns", WEST, "Publish", b"")) is None
    weather.end(rule)
    assert weather.fate(call) is None


@pytest.mark.parametrize(("what", "times"), [("dropped", 0), ("doubled", 2), ("late", 1)])
def test_events_under_way_are_lost_doubled_or_late(world: World, what: Any, times: int) -> None:
    assert world.weather.under_way(EAST) == (0.0,)
    world.weather.events.append(EventRule(what, 1.0, EAST, 60.0))
    delays = world.weather.under_way(EAST)
    assert len(delays) == times
    assert world.weather.under_way(WEST) == (0.0,)
    assert (what == "late") == bool(delays and delays[0] > 0.0)


def test_a_broken_seed_says_where_and_how_to_see_it_again(first: Outcome) -> None:
    bad = Outcome(7, (Break("S1", 12, "Off everywhere", ("a fact",)),), *tuple(_rest(first)))
    totals = Totals(("Assess",))
    totals.add(bad)
    told = list(broken_lines(bad, "safety", ("all-red",)))
    assert told[:2] == ["a fact", "seed 7, step 12: S1 is broken: Off everywhere"]
    assert "tidegate simulate --seed 7 --faults all-red --phase safety" in told[2]
    assert list(summary_lines(totals))[-1] == "  1 seeds broke an invariant"


def _rest(outcome: Outcome) -> list[Any]:
    return [outcome.seconds, outcome.steps, outcome.digest, outcome.counts, outcome.codes, outcome.pairs,
            outcome.faults]  # fmt: skip


def test_the_command_names_its_faults_and_refuses_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--list", "--json"]) == 0
    assert "region-dark" in json.loads(capsys.readouterr().out)["faults"]
    assert main(["simulate", "--faults", "meteor"]) == 2
    assert main(["simulate", "--seeds", "2", "--trace", "x.txt"]) == 2
