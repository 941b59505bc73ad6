"""The tighter of two policies, and the document that stands for one: data in, data out."""

import json
from typing import Any

import pytest

from controller.core.canonical_json import ascii_digest, ascii_json
from controller.core.decision.limits import open_window
from controller.core.policy import validation
from controller.core.policy.document import DocumentUnreadable, document_of, policy_of_document
from controller.core.policy.governance import governing, regated, unbounded, windows
from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError, compiled, parse_policy
from tests.support.policy_scene import EAST, T0, WEST, policy_data, storefront

TWO = [{"ask": ["group:sre-leads"], "people": 2, "within": "20m"}]
DATA = policy_data()


def other(**changes: Any) -> Policy:
    merged = {k: DATA[k] | v if isinstance(v, dict) and k in DATA else v for k, v in changes.items()}
    return storefront(**merged)


BEGAN = other()


def test_the_same_policy_bounds_itself_in_nothing() -> None:
    assert governing(BEGAN, other()) is BEGAN


def test_how_a_move_goes_on_stays_as_it_began_and_so_does_the_digest() -> None:
    both = governing(BEGAN, other(evacuate={"waves": [1], "settle": "5m"}, target={"prefer": [EAST, WEST]}))
    assert (both.evacuate, both.target) == (BEGAN.evacuate, BEGAN.target)
    assert both.digest == BEGAN.digest
    assert both.about(EAST).digest == BEGAN.digest
    assert unbounded(both) is BEGAN


@pytest.mark.parametrize(("one", "two"), [("live", "shadow"), ("shadow", "live"), ("shadow", "shadow")])
def test_shadow_in_either_is_shadow(one: str, two: str) -> None:
    assert governing(other(enforcement=one), other(enforcement=two)).enforcement == "shadow"


def test_the_longer_cooldown_the_lower_limit_and_the_higher_floor_bind() -> None:
    regions = DATA["regions"] | {"eu-west-1": {"controls": [f"euw1-{s}" for s in "abcd"]}}
    one = storefront(regions=regions, limits=DATA["limits"] | {"cooldown": "2h", "minRegionsOn": 2})
    two = storefront(
        regions=regions, limits=DATA["limits"] | {"evacuationsPerDay": 1, "fleetRegionsPerDay": 1}
    )
    for both in (governing(one, two), governing(two, one)):
        limits = both.limits
        assert (limits.cooldown, limits.evacuations_per_day) == (7200.0, 1)
        assert (limits.min_regions_on, limits.fleet_regions_per_day) == (2, 1)


def test_windows_of_both_bind_each_in_its_own_time_zone() -> None:
    window = {"cron": "* * * * *", "for": "10m", "reason": "release"}
    two = other(timezone="Asia/Tokyo", limits={"blackout": [window]})
    both = governing(other(limits={"blackout": []}), two)
    assert [zone for _, zone in windows(both, own=False)] == ["Asia/Tokyo"]
    assert open_window(both, T0) is not None
    assert governing(both, two) is both


@pytest.mark.parametrize(
    ("one", "two", "people"),
    [
        ("none", "oncall", 1),
        ("oncall", "none", 1),
        ("leads", "oncall", 2),
        ("oncall", "leads", 2),
        ("none", "none", 0),
    ],
)
def test_the_gate_that_asks_more_people_binds_and_nobody_only_where_both_say_so(
    one: str, two: str, people: int
) -> None:
    first, second = (other(evacuate={"approval": name}, approvals={"leads": TWO}) for name in (one, two))
    asks = governing(first, second).chain("evacuate")
    assert max((ask.people for ask in asks), default=0) == people
    assert (asks == ()) is (one == two == "none")


def test_a_gate_of_the_same_name_asks_as_the_stricter_of_both_says() -> None:
    both = governing(BEGAN, other(approvals={"oncall": TWO}))
    assert both.chain("evacuate")[0].people == 2
    assert regated(both) != ""
    looser = governing(other(approvals={"oncall": TWO}), BEGAN)
    assert looser.chain("evacuate")[0].people == 2
    assert regated(looser) == ""


def test_a_region_s_own_gate_is_bound_too() -> None:
    own = {"regions": {**DATA["regions"], EAST: {**DATA["regions"][EAST], "evacuate": {"approval": "none"}}}}
    both = governing(storefront(**own), BEGAN)
    assert both.about(EAST).evacuate.approval == BEGAN.evacuate.approval
    both = governing(BEGAN, storefront(**own))
    assert both.about(EAST).evacuate.approval == BEGAN.evacuate.approval


def test_a_safety_rule_is_set_aside_only_where_both_policies_say_who_is_asked() -> None:
    allows = other(approvals={"override": TWO})
    assert "override" not in governing(BEGAN, allows).approvals
    assert "override" not in governing(allows, BEGAN).approvals
    assert "override" in governing(allows, other(approvals={"override": TWO}, timezone="UTC")).approvals


def test_a_document_is_the_policy_and_its_hash_is_the_digest() -> None:
    text = document_of(BEGAN)
    assert ascii_digest(json.loads(text)) == BEGAN.digest
    assert compiled(policy_of_document(text, BEGAN.digest)) == compiled(BEGAN)


def _later(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"aKeyOfTheNextVersion": 1}


@pytest.mark.parametrize(
    ("text", "named", "says"),
    [
        ("{}", BEGAN.digest, "is another text"),
        ("", BEGAN.digest, "is another text"),
        (document_of(other(timezone="UTC")), BEGAN.digest, "is another text"),
        (ascii_json([]), ascii_digest([]), "is not one that this version reads"),
        (ascii_json(_later(BEGAN.counted())), ascii_digest(_later(BEGAN.counted())), "aKeyOfTheNextVersion"),
        (ascii_json("[" * 100), ascii_digest("[" * 100), "is not one that this version reads"),
    ],
)
def test_what_is_not_that_policy_is_unreadable_and_says_why(text: str, named: str, says: str) -> None:
    with pytest.raises(DocumentUnreadable, match=says):
        policy_of_document(text, named)


def test_a_policy_is_bounded_by_what_fits_into_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "LARGEST", 100)
    with pytest.raises(PolicyError, match="fit into one item"):
        parse_policy(DATA)
