"""People's IAM policies of any deployment: in sizes that IAM takes, with nothing lost or widened."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.__main__ import BAD_INPUT, main
from infra.geography import ARC_ENDPOINTS
from infra.grants import Statement
from infra.operators import policies, write_operators
from infra.project import Project, load
from infra.role_policies import POLICIES as MOST
from infra.role_policies import Unfit
from tests.support.config_files import SHIPPED, written

LARGEST = 6_144
"""Characters of a managed policy without its spaces (IAM User Guide, "IAM and AWS STS quotas")."""


def files(project: Project, folder: Path) -> dict[str, dict[str, Any]]:
    """Name of a file -> the policy in it."""
    write_operators(project, folder / "operators")
    return {f.stem: json.loads(f.read_text(encoding="utf-8")) for f in (folder / "operators").iterdir()}


def allowed(document: dict[str, Any]) -> set[str]:
    return {a for s in document["Statement"] if s["Effect"] == "Allow" for a in s["Action"]}


def takes(made: dict[str, dict[str, Any]]) -> None:
    """Whether IAM takes each of them."""
    for document in made.values():
        assert document["Version"] == "2012-10-17"
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert len(sids) == len(set(sids))
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)
        assert len(re.sub(r"\s", "", json.dumps(document))) <= LARGEST


PREFIXED = "tidegatesixteen0"
"""As long as a prefix may be."""


def large(folder: Path, slices: int, places: tuple[str, ...], **config: Any) -> Project:
    """A live deployment of so many slices in each Region, with ARNs as long as ARC's."""
    panel = "arn:aws:route53-recovery-control::111122223333:controlpanel/" + "0f" * 16
    regions = {p: {"controls": [f"{p}-{n:02d}" for n in range(slices)]} for p in places}
    every = [control for entry in regions.values() for control in entry["controls"]]
    arc = {
        "endpoints": {region: f"https://{region}.example.com/v1" for region in ARC_ENDPOINTS},
        "panel": panel,
        "controls": {name: f"{panel}/routingcontrol/{n:016x}" for n, name in enumerate(every)},
    }
    (folder / "storefront.arc.json").write_text(json.dumps(arc), encoding="utf-8")
    plain = {"sample": None, "routing": None, "pipeline": None}
    file = written(folder, plain | config, {"enforcement": "live", "regions": regions})
    return load(file, deployed=1.0)


TWO, THREE_REGIONS = ("us-east-1", "us-west-2"), ("us-east-1", "us-west-2", "us-east-2")


@pytest.mark.parametrize(
    ("slices", "places", "config"),
    [(4, TWO, {}), (6, TWO, {}), (19, TWO, {}), (19, THREE_REGIONS, {"prefix": PREFIXED})],
)
def test_of_any_size_iam_takes_them_and_nothing_is_lost_or_widened(
    slices: int, places: tuple[str, ...], config: dict[str, Any], tmp_path: Path
) -> None:
    project = large(tmp_path, slices, places, **config)
    made = files(project, tmp_path)
    takes(made)
    for duty, statements in policies(project).items():
        names = [name for name in made if re.fullmatch(rf"{duty}(-[0-9]+)?", name)]
        assert set(names) == {duty, *(f"{duty}-{n}" for n in range(2, len(names) + 1))}
        assert len(names) < MOST
        found = [each for name in names for each in made[name]["Statement"]]
        assert pairs(found) == pairs([s.written() for s in statements])


def pairs(statements: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    return {
        (s["Effect"], json.dumps(s.get("Condition"), sort_keys=True), action, resource)
        for s in statements
        for action in s["Action"]
        for resource in s["Resource"]
    }


def test_whichever_part_of_the_glass_is_attached_sets_no_safety_rule_aside(tmp_path: Path) -> None:
    """Each file is a policy of its own: the second alone must not let more than both."""
    made = files(large(tmp_path, 19, THREE_REGIONS), tmp_path)
    parts = [document for name, document in made.items() if name.startswith("break-glass")]
    moving = [d for d in parts if "route53-recovery-cluster:UpdateRoutingControlStates" in allowed(d)]
    assert len(moving) > 1
    for document in moving:
        assert [s["Resource"] for s in document["Statement"] if s["Effect"] == "Deny"] == [["*"]]


def test_what_no_policy_holds_is_refused_in_a_sentence(
    live: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was written another time is left as it is."""
    before = files(live, tmp_path)
    many = tuple(f"arn:aws:s3:::{n:060d}/*" for n in range(1000))
    for statement in (
        Statement("S31", ("s3:GetObject",), many),
        Statement("S31", ("a:" + "b" * 7000,), many),
    ):
        monkeypatch.setattr("infra.operators.policies", lambda _, found=statement: {"look": [found]})
        with pytest.raises(Unfit, match=r"^look: .*IAM takes"):
            write_operators(live, tmp_path / "operators")
    kept = {f.stem for f in (tmp_path / "operators").iterdir()}
    assert kept == set(before)


def test_two_duties_that_one_role_cannot_hold_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets = tuple(f"arn:aws:s3:::{n:060d}/*" for n in range(450))
    half = [Statement("S31", ("s3:GetObject",), buckets)]
    monkeypatch.setattr("infra.operators.policies", lambda _: {"look": half, "break-glass": half})
    write_operators(load(SHIPPED, deployed=1.0), tmp_path / "operators")
    assert MOST // 2 < len(list((tmp_path / "operators").glob("look*.json"))) < MOST
    monkeypatch.setattr("infra.operators.policies", lambda _: {"look": half, "act": half})
    with pytest.raises(Unfit, match=r"^who has look, act, audit needs \d+ policies, and IAM takes 10"):
        write_operators(load(SHIPPED, deployed=1.0), tmp_path / "operators")


def test_the_command_says_so_before_any_synthesis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    much = Statement("S31", ("a:" + "b" * 7000,), ("arn:aws:s3:::x", "arn:aws:s3:::y"))
    monkeypatch.setattr("infra.operators.policies", lambda _: {"audit": [much, much]})
    assert main(["--config", str(SHIPPED), "--out", str(tmp_path / "out"), "--bare"]) == BAD_INPUT
    assert "infra: audit: S31Part0 takes" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
