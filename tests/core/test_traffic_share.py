"""The share of traffic, by tables: minutes that each Region counted, and what they prove."""

from typing import Any

import pytest

from controller.core.decision.traffic_share import Left, Points, Proof, leaving, prove, shift_started
from controller.core.incident.state import Incident, Phase, State
from controller.core.journal.event import Written
from controller.core.journal.moves import ShiftIntended
from controller.core.model import Truth
from controller.core.policy.schema import Traffic
from controller.core.policy.terms import PolicyError
from controller.core.policy.validation import compiled, parse_policy
from tests.support.policy_scene import EAST, OTHER, T0, WEST, all_on, policy_data, storefront

RULE: dict[str, Any] = {
    "namespace": "Storefront", "metric": "Requests", "atMost": "10%", "within": "10m", "ifUnknown": "proceed",
}  # fmt: skip
BEGUN = T0 - T0 % 60 + 600
APPLIED = BEGUN + 5
GONE, HALF = Left(EAST, 0, 4), Left(EAST, 2, 4)


def points(text: str) -> Points | None:
    """Requests a minute; the `|` is the shift: `60 60 | 30 0`. `-`: not counted; `x`: cannot be asked."""
    if text == "x":
        return None
    before, after = (part.split() for part in text.split("|"))
    first = BEGUN - 60.0 * len(before)
    minutes = [*before, *after]
    return [(first + 60.0 * i, float(n)) for i, n in enumerate(minutes) if n != "-"]


def proof(east: str, west: str, left: Left = GONE, *, waited: float = 215.0, **rule: Any) -> Proof:
    """`waited`: since the shift was applied. The minutes after the bar begin with that of the shift."""
    found = Traffic.model_validate(RULE | rule)
    counted = {EAST: points(east), WEST: points(west)}
    return prove(found, left, counted, begun=BEGUN, applied=APPLIED, now=APPLIED + waited)


@pytest.mark.parametrize(
    ("east", "west", "value", "wait"),
    [
        ("60 60 | 40 3 0", "60 60 | 80 117 120", Truth.TRUE, False),  # gone
        ("60 60 | 40 60 60", "60 60 | 80 60 60", Truth.FALSE, True),  # nobody moved yet
        ("60 60 | 40 12 12", "60 60 | 80 108 108", Truth.TRUE, False),  # just as much as may be left
        ("60 60 | 40 13 13", "60 60 | 80 107 107", Truth.FALSE, True),  # a little more
        ("60 60 | 0", "60 60 | 120", Truth.UNKNOWN, True),  # the minute of the shift itself tells nothing
        ("60 60 | 40 3 -", "60 60 | 80 117 120", Truth.TRUE, False),  # ALB counts no minute without requests
        ("60 60 | 40 - -", "60 60 | 80 60 60", Truth.UNKNOWN, True),  # nobody knows where they went
        ("60 60 | 40 0 0", "60 60 | 80 0 0", Truth.UNKNOWN, True),  # served nowhere
        ("x", "60 60 | 80 117 120", Truth.UNKNOWN, False),  # dark: there is nothing to wait for
        ("60 60 | 40 0 0", "x", Truth.UNKNOWN, True),
        ("- - | 40 3 0", "- - | 80 117 120", Truth.TRUE, False),  # what was before is not needed at the end
    ],
)
def test_the_whole_region_was_left(east: str, west: str, value: Truth, wait: bool) -> None:
    found = proof(east, west)
    assert (found.value, found.wait) == (value, wait), found.sentence
    assert EAST in found.sentence


@pytest.mark.parametrize(
    ("east", "west", "value"),
    [
        (
            "60 60 | 50 30 30",
            "60 60 | 70 90 90",
            Truth.TRUE,
        ),  # half of its half is left, and a tenth more may be
        ("60 60 | 50 42 42", "60 60 | 70 78 78", Truth.TRUE),
        ("60 60 | 50 43 43", "60 60 | 70 77 77", Truth.FALSE),
        (
            "- - | 50 43 43",
            "60 60 | 70 77 77",
            Truth.TRUE,
        ),  # unknown before: it may have served all there was
        ("- - | 90 90 90", "60 60 | 70 30 30", Truth.FALSE),
    ],
)
def test_a_wave_of_half_the_slices(east: str, west: str, value: Truth) -> None:
    assert proof(east, west, HALF).value is value


def test_time_is_over_at_within_and_a_share_that_stays_is_no_longer_waited_for() -> None:
    east, west = "60 60 | 60 60 60", "60 60 | 60 60 60"
    assert proof(east, west, waited=599).wait
    assert not proof(east, west, waited=600).wait
    assert proof(east, west, waited=600).value is Truth.FALSE


@pytest.mark.parametrize(("if_unknown", "until"), [("proceed", 240.0), ("hold", 600.0)])
def test_what_may_still_become_known_is_waited_for_as_the_policy_says(if_unknown: str, until: float) -> None:
    for waited, wait in ((until - 1, True), (until, False)):
        found = proof("60 60 |", "60 60 |", waited=waited, ifUnknown=if_unknown)
        assert (found.value, found.wait) == (Truth.UNKNOWN, wait)


def test_a_region_that_holds_waits_for_a_dark_one_too() -> None:
    assert proof("x", "60 60 | 80 117 120", ifUnknown="hold").wait


def test_a_minute_counts_only_half_a_minute_after_its_end() -> None:
    east, west = "60 60 | 60 0", "60 60 | 60 120"
    assert proof(east, west, waited=144).value is Truth.UNKNOWN
    assert proof(east, west, waited=145).value is Truth.TRUE


def incident(**changes: Any) -> Incident:
    return Incident("i", EAST, Phase.SHIFTED, T0, "ana", 1, target=WEST, **changes)


@pytest.mark.parametrize(
    ("changes", "off", "found"),
    [
        ({"put": {"use1-a": False, "use1-b": False}}, ["use1-a", "use1-b"], Left(EAST, 2, 4)),
        ({"put": {f"use1-{s}": False for s in "abcd"}}, [f"use1-{s}" for s in "abcd"], GONE),
        ({"put": {"use1-a": True}, "intent": "restore"}, [], None),  # home again, and both serve
        ({"put": {"use1-a": True, "usw2-a": False}, "intent": "restore"}, ["usw2-a"], Left(WEST, 3, 4)),
        ({"put": {f"use1-{s}": s == "a" for s in "abcd"}, "leg": "home", "intent": "drill"}, [], None),
    ],
)
def test_which_region_is_left(changes: dict[str, Any], off: list[str], found: Left | None) -> None:
    policy = storefront()
    controls = all_on(policy) | dict.fromkeys(off, False)
    regions = {region: entry.controls for region, entry in policy.regions.items()}
    assert leaving(incident(**changes), controls, regions) == found


def with_traffic(**changes: Any) -> dict[str, Any]:
    rule = {key: value for key, value in (RULE | changes).items() if value is not None}
    return policy_data() | {"traffic": rule}


def test_the_key_is_read_back_from_the_compiled_policy() -> None:
    dimensions = {EAST: {"LoadBalancer": "app/a/1"}, WEST: {"LoadBalancer": "app/b/2"}}
    policy = parse_policy(with_traffic(dimensions=dimensions))
    assert policy.traffic is not None
    assert policy.traffic.at_most == pytest.approx(0.1)
    assert parse_policy(compiled(policy)) == policy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"atMost": "100%"}, 'traffic.atMost: expected a part such as "10%"'),
        ({"atMost": 0.1}, 'traffic.atMost: expected a part such as "10%"'),
        ({"metric": "{region}"}, "traffic.metric: expected what CloudWatch knows by name"),
        ({"ifUnknown": None}, "the key 'ifUnknown' is missing"),
        ({"ifUnknown": "block"}, "traffic.ifUnknown: expected 'proceed' or 'hold'"),
        ({"share": 1}, "traffic.share: unknown key 'share'"),
        ({"dimensions": {EAST: {"A": "b"}}}, "us-west-2 has no dimensions"),
        ({"dimensions": {"eu-west-1": {"A": "b"}}}, "traffic.dimensions.eu-west-1: unknown Region"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(with_traffic(**changes))
    assert said in str(refused.value)


def of_three(east: str, west: str, third: str, left: Left = GONE) -> Proof:
    counted = {EAST: points(east), WEST: points(west), OTHER: points(third)}
    return prove(Traffic.model_validate(RULE), left, counted, begun=BEGUN, applied=APPLIED, now=APPLIED + 215)


def test_a_region_that_cannot_be_asked_could_only_make_the_share_smaller() -> None:
    assert of_three("60 60 | 40 0 0", "60 60 | 80 120 120", "x").value is Truth.TRUE
    stays = of_three("60 60 | 60 60 60", "60 60 | 60 60 60", "x")
    assert (stays.value, stays.wait) == (Truth.UNKNOWN, True)  # the rest may all be there
    assert f"{OTHER} cannot be asked" in stays.sentence
    assert of_three("60 60 | 60 60 60", "60 60 | 60 60 60", "0 0 | 0 0 0").value is Truth.FALSE


def test_that_others_serve_more_is_known_only_where_it_is_known_what_they_served() -> None:
    assert proof("60 60 | 40 3 -", "- - | 80 117 120").value is Truth.UNKNOWN


def test_no_word_is_waited_for_beyond_within() -> None:
    assert proof("60 60 |", "60 60 |", within="2m", waited=119).wait
    assert not proof("60 60 |", "60 60 |", within="2m", waited=120).wait


def test_what_was_before_is_taken_over_five_minutes() -> None:
    quiet = " ".join(["60"] * 6)
    assert proof(f"{quiet} | 50 43 43", f"{quiet} | 70 77 77", HALF).value is Truth.FALSE
    assert proof(f"6000 {quiet} | 50 43 43", f"60 {quiet} | 70 77 77", HALF).value is Truth.FALSE
    assert proof(f"6000 {quiet[3:]} | 50 43 43", f"60 {quiet[3:]} | 70 77 77", HALF).value is Truth.TRUE


def test_a_leg_set_out_with_its_latest_first_wave() -> None:
    def intent(number: int, about: str, wave: int) -> Written[ShiftIntended]:
        return Written(number, T0 + number, "ana", about, ShiftIntended(wave=wave))

    found = [intent(1, "i", 1), intent(2, "i", 2), intent(3, "i", 1), intent(4, "i", 2), intent(5, "j", 1)]
    assert shift_started(State("storefront", intents=tuple(found)), incident(changed=T0 + 9)) == T0 + 3
    assert shift_started(State("storefront", intents=tuple(found[4:])), incident(changed=T0 + 9)) == T0 + 9
