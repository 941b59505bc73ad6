"""S16: a bad policy file is refused, and the last good one stays; each bound, and then without it."""

from pathlib import Path
from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.core.policy import validation
from controller.core.policy.validation import PolicyError, parse_policy
from controller.lab.policy_files import loader, yaml
from controller.lab.policy_files.loader import PolicyRefused, load_policy
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, policy_data
from tests.support.world import deploy, failing, redeployed

Patch = pytest.MonkeyPatch
GATED = policy_data()["evacuate"]
NO_GATE = {key: value for key, value in GATED.items() if key != "approval"}


def replaced(evacuate: dict[str, Any]) -> tuple[bool, bool]:
    """The policy in force asks people; another is deployed. Whether it took, and whether traffic moved."""
    w = failing(evacuate=GATED)
    w.advance(1)
    try:
        deploy(w, redeployed(w, evacuate=evacuate))
        took = True
    except PolicyError:
        took = False
    w.advance(120)
    assert took or w.count(Kind.APPROVAL_REQUESTED) == 1  # the last good one works on
    return took, bool(w.moves)


def test_s16_what_is_left_out_is_refused_and_never_taken_for_leave(monkeypatch: Patch) -> None:
    """`approval: none` must be written out."""
    assert replaced(NO_GATE) == (False, False)

    def allows(data: Any) -> Any:
        return parse_policy({**data, "evacuate": {"approval": "none", **data["evacuate"]}})

    monkeypatch.setattr("tests.support.world.parse_policy", allows)
    assert replaced(NO_GATE) == (True, True)


def refused(tmp_path: Path, text: str) -> str | None:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        load_policy(file)
    except PolicyRefused as problem:
        return str(problem.problems[0].message)
    return None


SHIPPED = (Path(__file__).parents[2] / "policies" / "storefront.yaml").read_text(encoding="utf-8")
PADDED = SHIPPED + "# " + "x" * 300_000


def test_s16_a_file_is_bounded_in_size_and_depth(tmp_path: Path, monkeypatch: Patch) -> None:
    deep = SHIPPED + "x: " + "[" * 40 + "]" * 40 + "\n"
    assert "KiB" in str(refused(tmp_path, PADDED))
    assert "deep" in str(refused(tmp_path, deep))
    monkeypatch.setattr(loader, "MAX_BYTES", 10**9)
    monkeypatch.setattr(yaml, "MAX_DEPTH", 10**9)
    assert refused(tmp_path, PADDED) is None
    assert "deep" not in str(refused(tmp_path, deep))
    assert validation.parse_policy is parse_policy


def without_east() -> dict[str, Any]:
    data = policy_data()
    regions = {region: entry for region, entry in data["regions"].items() if region != EAST}
    regions["us-east-2"] = {"controls": ["use2-a", "use2-b", "use2-c", "use2-d"]}
    return {"regions": regions, "target": data["target"] | {"prefer": ["us-west-2", "us-east-2"]}}


def test_s16_a_policy_without_the_region_of_an_incident_that_moved_nothing_ends_it_and_tells_people() -> None:
    """Found: nothing could be decided about that Region any more, so that each tick failed."""
    w = failing(evacuate=GATED)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    before = w.state.policy
    deploy(w, redeployed(w, **without_east()))
    w.advance(1000)
    assert w.state.policy != before
    assert "error" not in w.log.getvalue().lower()
    ended = [said(e) for e in w.events if e.kind is Kind.STOOD_DOWN]
    assert [data["code"] for data in ended] == ["policy-removed"]
    assert "no longer has us-east-1" in ended[0]["reason"]
    assert "storefront-us-east-1-2: stood down" in w.pages
    assert w.moves == []
