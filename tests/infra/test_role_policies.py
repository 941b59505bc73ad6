"""A role of any size: what IAM takes inline, the rest in managed policies, and nothing lost or widened."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from infra.geography import ARC_ENDPOINTS
from infra.grants import Statement
from infra.role_policies import INLINE, MANAGED, fitted, size
from tests.infra import lint
from tests.infra.conftest import synthesise
from tests.infra.synthesis import Synthesis
from tests.support.config_files import written
from tests.support.largest_policy import regions

PANEL = "arn:aws:route53-recovery-control::111122223333:controlpanel/" + "0f" * 16
CONTROLLER = "tidegate-controller-us-east-2"


def allowed(statements: Sequence[Statement]) -> set[tuple[str, str, str]]:
    return {(s.effect, action, r) for s in statements for action in s.actions for r in s.resources}


def arns(count: int) -> tuple[str, ...]:
    return tuple(f"{PANEL}/routingcontrol/{number:016x}" for number in range(count))


def test_what_fits_is_left_as_it_is() -> None:
    statements = [Statement("Read", ("a:Get",), arns(10)), Statement("Write", ("a:Put",), arns(10))]
    assert fitted(statements) == (tuple(statements), ())


@pytest.mark.parametrize("count", [80, 150, 300])
def test_what_does_not_fit_is_moved_and_nothing_is_lost_or_widened(count: int) -> None:
    statements = [
        Statement("Read", ("a:Get", "a:List"), arns(count)),
        Statement("Small", ("b:Get",), ("arn:aws:s3:::x/*",), why="objects"),
        Statement("Write", ("a:Put",), arns(count)),
        Statement("Never", ("a:Put",), ("*",), {"Bool": {"a:Override": "true"}}, "Deny"),
    ]
    inline, managed = fitted(statements)
    assert size(inline) <= INLINE
    assert managed
    assert all(size(policy) <= MANAGED for policy in managed)
    every = [each for policy in (inline, *managed) for each in policy]
    assert allowed(every) == allowed(statements)
    assert [each.conditions for each in every if each.effect == "Deny"] == [statements[3].conditions]
    assert len({each.sid for policy in managed for each in policy}) == sum(map(len, managed))


def test_what_no_role_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="IAM takes 10"):
        fitted([Statement("Write", ("a:Put",), arns(1000))])


@pytest.fixture(scope="module")
def largest(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Three Regions of fifty slices, live, with names of ARC's length, and a switch of one's own."""
    folder = tmp_path_factory.mktemp("largest")
    places = regions()
    names = [control for place in places.values() for control in place["controls"]]
    endpoints = {region: f"https://{region}.example.com/v1" for region in ARC_ENDPOINTS}
    controls = dict(zip(names, arns(len(names)), strict=True))
    arc = {"endpoints": endpoints, "panel": PANEL, "controls": controls}
    (folder / "storefront.arc.json").write_text(json.dumps(arc), encoding="utf-8")
    config = {"sample": None, "routing": None, "pipeline": None}
    policy = {"enforcement": "live", "regions": places}
    file = written(folder, config, policy)
    return synthesise(folder / "out", "--config", str(file), "--bare", "--check")


def test_the_largest_deployment_has_roles_that_iam_takes(largest: Synthesis) -> None:
    assert largest.exit_code == 0, largest.printed
    found = [told for check in lint.CHECKS for told in check(largest.templates)]
    assert found == []
    resources = largest.templates[CONTROLLER]["Resources"]
    for handler in ("Tick", "ShiftTraffic", "VerifyShift"):
        role = resources[f"{handler}Role"]["Properties"]
        more = [resources[each["Ref"]]["Properties"] for each in role["ManagedPolicyArns"]]
        documents = [p["PolicyDocument"] for p in (*role["Policies"], *more)]
        may = [
            resource
            for each in documents
            for s in each["Statement"]
            if s["Effect"] == "Allow"
            and "route53-recovery-cluster:UpdateRoutingControlStates" in _list(s["Action"])
            for resource in _list(s["Resource"])
        ]
        assert sorted(may) == sorted(arns(150)), "each of its controls once, and no others"


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
