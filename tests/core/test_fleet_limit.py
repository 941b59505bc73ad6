"""The fleet's limit (S9): distinct Regions that all applications left by themselves in a day."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision.decide import decide
from controller.core.decision.limits import DAY, left_today, regions_counted
from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.core.model import Decision
from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError
from tests.support.journal_events import drafted
from tests.support.policy_scene import EAST, OTHER, T0, WEST, policy_data, situation, state, storefront

LIMITS = policy_data()["limits"]
BY_ANA = (Kind.INCIDENT_OPENED, {"source": EAST, "requested_by": "ana"})


def limited(limit: int | None) -> Policy:
    limits = LIMITS if limit is None else LIMITS | {"fleetRegionsPerDay": limit}
    return storefront(evacuate=policy_data()["evacuate"] | {"approval": "none"}, limits=limits)


def judged(left: dict[str, float], limit: int | None = 1, *drafts: tuple[Kind, dict[str, Any]]) -> Decision:
    policy = limited(limit)
    return decide(situation(policy, state=replace(state(policy, *drafts), fleet_left=left)), EAST)


@pytest.mark.parametrize(
    ("left", "limit", "code"),
    [
        pytest.param({}, 1, "evacuate", id="the first"),
        pytest.param({WEST: T0 - 60}, None, "evacuate", id="no limit"),
        pytest.param({WEST: T0 - 60}, 1, "velocity", id="another Region was left"),
        pytest.param({WEST: T0 - 60, EAST: T0 - 9}, 1, "evacuate", id="the same Region is never rationed"),
        pytest.param({WEST: T0 - 60}, 2, "evacuate", id="room for one more"),
        pytest.param({WEST: T0 - 60, OTHER: T0 - 60}, 2, "velocity", id="no room for one more"),
        pytest.param({WEST: T0 + 5 - DAY}, 1, "evacuate", id="a day ago to the second"),
        pytest.param({WEST: T0 + 6 - DAY}, 1, "velocity", id="a second less than a day ago"),
        pytest.param({EAST: T0 - DAY, WEST: T0 - 60}, 1, "velocity", id="the same Region, but not today"),
    ],
)
def test_s9_the_limit_counts_distinct_regions_of_the_whole_fleet(
    left: dict[str, float], limit: int | None, code: str
) -> None:
    assert judged(left, limit).code == code


def test_the_refusal_names_the_regions_and_the_limit() -> None:
    told = judged({WEST: T0 - 60}).reason
    assert (
        told == f"the fleet left {WEST} in 24 h; {EAST} would be one more than the 1 that the policy allows"
    )


def test_a_person_passes_the_fleet_s_limit() -> None:
    assert judged({WEST: T0 - 60}, 1, BY_ANA).code == "evacuate"


def test_an_open_incident_waits_where_the_limit_was_reached_meanwhile() -> None:
    opened = (Kind.INCIDENT_OPENED, {"source": EAST})
    decision = judged({WEST: T0 - 60}, 1, opened)
    assert (decision.code, decision.action) == ("velocity", "hold")


def test_the_application_s_own_limit_is_told_first() -> None:
    policy = storefront(limits=LIMITS | {"fleetRegionsPerDay": 1, "evacuationsPerDay": 1})
    moved = [(Kind.INCIDENT_OPENED, {"source": EAST}), (Kind.CONFIRMED, {"target": WEST}),
             (Kind.SHIFT_INTENDED, {}), (Kind.SHIFT_APPLIED, {}), (Kind.SETTLED, {})]  # fmt: skip
    known = replace(state(policy, *moved), fleet_left={WEST: T0})
    told = next(c for c in decide(situation(policy, state=known), EAST).checks if c.guard == "velocity")
    assert told.sentence == "1 of 1 evacuations in 24 h"


def counted(region: str, at: float, after: Event | None = None) -> Event:
    draft = drafted(
        f"{region}{at}", Kind.REGION_COUNTED, at, "t", data={"application": "a", "region": region}
    )
    return seal("*fleet*", draft, after)


def test_the_fleet_s_journal_is_read_to_regions_whatever_else_is_in_it() -> None:
    first = counted(EAST, T0)
    off = seal("*fleet*", drafted("x", Kind.DISARMED, T0 + 1, "ana", data={"reason": "stop"}), first)
    late = counted(EAST, T0 - 30, off)  # written later, by a clock that is behind
    assert regions_counted([first, off, late, counted(WEST, T0 + 9, late)]) == {EAST: T0, WEST: T0 + 9}
    assert left_today({EAST: T0, WEST: T0 + 9}, T0 + DAY) == (WEST,)


@pytest.mark.parametrize("limit", [0, 21, None, "2"])
def test_a_limit_that_is_no_small_number_is_refused(limit: object) -> None:
    with pytest.raises(PolicyError, match=r"limits\.fleetRegionsPerDay"):
        storefront(limits=LIMITS | {"fleetRegionsPerDay": limit})
