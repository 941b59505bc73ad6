"""What a person moved by break-glass is remembered the same, whenever the journal hears of it."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from controller.core.incident.state import ENDED, GLASS, IllegalMove, Phase
from controller.core.journal.kind import Kind
from tests.core.control_truth import HOME, REGIONS, Play, Record, leaving, of

Script = Callable[[Play], None]


def remembered(play: Play) -> tuple[dict[str, Any], tuple[str, float]]:
    """What the next commands go by, and whose cooldown counts since when."""
    state = play.state
    assert state.stand == play.truth
    left = {region: state.away(region) for region in REGIONS}
    away = {region: each.id for region, each in left.items() if each}
    last = state.last_moved()
    found: dict[str, Any] = {
        "away": away,
        "home": state.home if away else None,
        "phases": {i.id: i.phase for i in state.incidents.values() if i.intent == GLASS},
    }
    return found, (last.id, last.changed) if last else ("", 0.0)


def there(play: Play) -> None:
    play.glass("east", "west")
    play.pass_time(300)


def there_and_on(play: Play) -> None:
    play.glass("east", "west")
    play.pass_time(300)
    play.glass("west", "south")
    play.pass_time(300)


def there_and_back(play: Play) -> None:
    play.glass("east", "south")
    play.pass_time(300)
    play.glass("south", "east")
    play.pass_time(300)


def there_and_back_by_hand(play: Play) -> None:
    play.glass("east", "west")
    play.pass_time(300)
    play.by_hand(*of("east"), on=True)
    play.pass_time(300)


def there_and_then_left_by_itself(play: Play) -> None:
    play.glass("east", "west")
    play.pass_time(300)
    play.evacuate("west", "south")
    play.pass_time(300)


def after_an_evacuation(play: Play) -> None:
    play.evacuate("east", "west")
    play.pass_time(300)
    play.glass("west", "south")
    play.pass_time(300)


def while_an_evacuation_settles(play: Play) -> None:
    play.evacuate("east", "west", settles=600.0)
    play.pass_time(300)
    play.glass("west", "south")
    play.pass_time(900)


def in_the_middle_of_a_drill(play: Play) -> None:
    play.drill("east", "west", stays=700.0)
    play.pass_time(300)
    play.glass("west", "south")
    play.pass_time(900)


def back_to_what_was_evacuated(play: Play) -> None:
    play.evacuate("east", "south")
    play.pass_time(300)
    play.glass("south", "east")
    play.pass_time(300)


def an_earlier_absence(play: Play) -> None:
    there_and_back_by_hand(play)
    play.evacuate("east", "south")
    play.pass_time(300)


def a_third_region_by_hand(play: Play) -> None:
    play.glass("east", "west")
    play.pass_time(300)
    play.by_hand("south-0", on=True)
    play.pass_time(300)
    play.glass("west", "south")
    play.pass_time(300)


SCRIPTS = [
    there, there_and_on, there_and_back, there_and_back_by_hand, there_and_then_left_by_itself,
    in_the_middle_of_a_drill, after_an_evacuation, while_an_evacuation_settles, back_to_what_was_evacuated,
    an_earlier_absence, a_third_region_by_hand,
]  # fmt: skip


def played(script: Script, late: Sequence[float] = (), skew: float = 0.0) -> Play:
    play = Play(late, skew)
    play.pass_time(80)
    script(play)
    play.pass_time(7200)
    return play


def same(found: Play, wanted: Play, within: float = 70.0) -> bool:
    """The same is remembered, but for a cooldown that begins when a controller saw the move."""
    (a, ends_a), (b, ends_b) = remembered(found), remembered(wanted)
    return a == b and ends_a[0] == ends_b[0] and abs(ends_a[1] - ends_b[1]) <= within


LATE = [(45.0,), (90.0,), (400.0,), (5000.0,), (5000.0, 200.0), (200.0, 5000.0)]


@pytest.mark.parametrize("late", LATE, ids=str)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_whenever_the_record_arrives_the_same_is_remembered(script: Script, late: Sequence[float]) -> None:
    at_once = played(script)
    assert at_once.drifts == (1 if "hand" in script.__name__ or "earlier" in script.__name__ else 0)
    assert remembered(at_once)[0]["home"] in (None, HOME)
    assert same(played(script, late), at_once)


@pytest.mark.parametrize("skew", [-290.0, 290.0])
@pytest.mark.parametrize("late", [0.0, 90.0, 5000.0])
@pytest.mark.parametrize("script", [there, there_and_on, there_and_back, while_an_evacuation_settles])
def test_a_machine_whose_clock_is_five_minutes_wrong_says_the_same(
    script: Script, late: float, skew: float
) -> None:
    assert same(played(script, (late,), skew), played(script), within=400.0)


def at_random(seed: int) -> Script:
    rng = random.Random(seed)
    steps: list[tuple[str, list[str], str, float]] = [
        (
            rng.choice(("glass", "glass", "leave", "hand")),
            rng.sample(REGIONS, 2),
            rng.choice(("applied", "applied", "refused", "unconfirmed")),
            rng.choice((120.0, 300.0, 900.0)),
        )
        for _ in range(rng.randint(2, 4))
    ]

    def script(play: Play) -> None:
        for kind, (source, target), stage, wait in steps:
            if not leaving(play.truth, source, target):
                continue
            if kind == "glass":
                play.glass(source, target, stage)
            elif kind == "leave":
                play.evacuate(source, target)
            else:
                play.by_hand(f"{source}-0", on=not play.truth[f"{source}-0"])
            play.pass_time(wait)

    return script


@pytest.mark.parametrize("seed", range(60))
def test_so_it_is_for_any_moves_in_any_order(seed: int) -> None:
    rng = random.Random(seed)
    late = [rng.choice((0.0, 45.0, 90.0, 400.0, 2000.0, 6000.0)) for _ in range(4)]
    assert same(played(at_random(seed), late), played(at_random(seed)))


def test_it_is_known_to_be_away_and_comes_home_as_before() -> None:
    play = played(there, (400.0,))
    left = play.state.away("east")
    assert left is not None
    assert (left.intent, left.phase, left.requested_by, left.target) == (
        GLASS,
        Phase.SETTLED,
        "ana@host",
        "west",
    )
    play.restore("east")
    assert play.truth == HOME
    assert play.state.away("east") is None
    play.pass_time(300)
    assert play.drifts == 1


ENDS = [
    ("intended", False, Phase.UNCONFIRMED), ("applied", True, Phase.SETTLED),
    ("refused", False, Phase.STOOD_DOWN), ("refused", True, Phase.SETTLED),
    ("unconfirmed", False, Phase.UNCONFIRMED), ("unconfirmed", True, Phase.UNCONFIRMED),
    ("of a later version", False, Phase.UNCONFIRMED),
]  # fmt: skip


def record(stage: str, *, moved: bool = True, name: str = "shop-east-7") -> Record:
    before = {n: HOME[n] for n in (*of("east"), *of("west"))}
    goal = {"east-0": False, "east-1": False}
    after = before | goal if moved or stage == "intended" else before
    return 1080.0, {"region": "east", "to": "west", "stage": stage, "before": before, "after": after}, name


@pytest.mark.parametrize(("stage", "moved", "phase"), ENDS)
def test_what_became_of_it_is_its_phase_and_it_is_never_open(stage: str, moved: bool, phase: Phase) -> None:
    play = Play()
    play.now = 1090.0
    play.bring_in(record(stage, moved=moved))
    found = play.state.incidents["shop-east-7"]
    assert (found.phase, found.outcome, found.intent) == (phase, stage, GLASS)
    assert phase in ENDED
    assert play.state.open is None
    assert (play.state.away("east") is not None) is (moved and stage != "intended")
    assert (play.state.last_moved() is not None) is (phase is not Phase.STOOD_DOWN)


def test_what_nobody_confirmed_is_away_once_a_controller_sees_it_stand_so() -> None:
    play = Play()
    play.now = 1090.0
    play.bring_in(record("intended"))
    play.bring_in(record("unconfirmed", moved=False))
    assert play.state.away("east") is None
    play.truth |= {"east-0": False, "east-1": False}
    play.pass_time(60)
    assert play.drifts == 1
    left = play.state.away("east")
    assert left is not None
    assert left.id == "shop-east-7"


def test_what_was_refused_stands_before_no_earlier_word_of_a_person() -> None:
    play = Play()
    play.now = 1090.0
    play.bring_in(record("applied", name="shop-east-7"))
    play.bring_in(record("refused", moved=False, name="shop-east-8"))
    last = play.state.last_of("east", "restore")
    assert last is not None
    assert (last.id, last.stopped_by) == ("shop-east-7", "ana@host")
    assert play.state.last_of("east", "evacuate") is None


def test_what_has_ended_takes_no_further_record_and_another_s_incident_takes_none() -> None:
    play = Play()
    play.now = 1090.0
    play.bring_in(record("applied"))
    with pytest.raises(IllegalMove, match="may not follow while shop-east-7 is settled"):
        play.bring_in(record("refused"))
    play.evacuate("west", "south")
    with pytest.raises(IllegalMove, match="may not follow"):
        play.bring_in(record("applied", name="shop-west-auto-1090"))


def test_a_record_of_an_older_version_names_no_incident_and_changes_nothing() -> None:
    play = Play()
    before = play.state
    at, said, _ = record("applied")
    play.write(Kind.BROKE_GLASS, {"record": "r", "record_hash": "h", "at": at, **said}, None, "ana@host")
    assert (play.state.stand, play.state.incidents, play.state.home) == (before.stand, {}, before.home)


def test_it_opens_beside_what_is_open_and_that_goes_on() -> None:
    play = Play()
    play.write(Kind.INCIDENT_OPENED, {"source": "west"}, "shop-west-2")
    play.bring_in(record("applied"))
    assert play.state.open is not None
    assert play.state.open.id == "shop-west-2"
    play.write(Kind.CONFIRMED, {"target": "south"}, "shop-west-2")
