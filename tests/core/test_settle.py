"""`settle` is never below ARC's lag: a file that says less is refused, one in force is read and bettered."""

from typing import Any

import jsonschema
import pytest

from controller.core.decision import drift
from controller.core.policy.schema import LAG
from controller.core.policy.validation import PolicyError, compiled, parse_policy
from controller.lab.policy_files.json_schema import policy_schema
from tests.support.policy_scene import EAST, policy_data
from tests.support.restore_policy import HOME

LONG = [("20s", 20.0), ("0020s", 20.0), ("21s", 21.0), ("100s", 100.0), ("1m", 60.0), ("2h", 7200.0)]


def said(place: tuple[str, ...], settle: str) -> dict[str, Any]:
    """The shipped policy with a restore, in which `settle` stands at this place."""
    data = policy_data() | {"restore": HOME["restore"]}
    holder = data
    for part in place:
        holder[part] = dict(holder.get(part) or {})
        holder = holder[part]
    holder["settle"] = settle
    return data


PLACES = [("evacuate",), ("restore",), ("regions", EAST, "evacuate"), ("regions", EAST, "restore")]


@pytest.mark.parametrize("place", PLACES, ids=".".join)
@pytest.mark.parametrize("settle", ["1s", "19s", "00019s"])
def test_less_than_the_lag_of_arc_is_refused_where_it_stands(place: tuple[str, ...], settle: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(said(place, settle))
    (problem,) = refused.value.problems
    assert problem.where == (*place, "settle")
    found = f"{int(settle[:-1])}s"
    assert problem.message.startswith(f"expected at least 20s, found '{found}': ")
    assert not jsonschema.Draft202012Validator(policy_schema()).is_valid(said(place, settle))


@pytest.mark.parametrize("place", PLACES, ids=".".join)
@pytest.mark.parametrize(("settle", "seconds"), LONG)
def test_the_lag_or_more_is_taken(place: tuple[str, ...], settle: str, seconds: float) -> None:
    policy = parse_policy(said(place, settle))
    assert policy.about(EAST).settle_of(place[-1]) == seconds
    assert parse_policy(compiled(policy)) == policy
    assert jsonschema.Draft202012Validator(policy_schema()).is_valid(said(place, settle))


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_what_is_in_force_already_is_read_and_the_look_waits_for_the_lag(place: tuple[str, ...]) -> None:
    policy = parse_policy(said(place, "5s"), in_force=True)
    assert parse_policy(compiled(policy), in_force=True).digest == policy.digest
    assert policy.about(EAST).settle_of(place[-1]) == LAG


def test_one_lag_is_meant_everywhere() -> None:
    assert drift.LAG == LAG == 20.0
