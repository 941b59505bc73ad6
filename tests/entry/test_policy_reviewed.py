"""`tidegate policy reviewed`: what is written beside a policy, and when nothing is."""

import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from controller.core.policy.review_record import NoReview, review_data, review_of
from controller.entry.cli.main import main
from controller.lab.policy_files.loader import load_policy

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The shipped one, with two of its cases."""
    shutil.copy(POLICIES / "storefront.yaml", tmp_path)
    yaml = YAML(typ="safe", pure=True)
    cases = yaml.load((POLICIES / "storefront.cases.yaml").read_text(encoding="utf-8"))
    two = [
        case
        for case in cases["cases"]
        if case["case"] in ("a Region goes dark and its bus lives", "43 seconds")
    ]
    with (tmp_path / "storefront.cases.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(cases | {"cases": two}, file)
    return tmp_path / "storefront.yaml"


def test_who_reviewed_it_and_what_its_cases_cover_are_written_beside_it(policy: Path) -> None:
    people = [
        "--by",
        "ana@storefront.example",
        "--by",
        "cem\u202e\x1b[2J",
        "--where",
        "https://git.example/1",
    ]
    assert main(["policy", "reviewed", str(policy), *people]) == 0
    raw = json.loads((policy.parent / "storefront.review.json").read_text(encoding="utf-8"))
    review = review_of(raw, load_policy(policy).policy.digest)
    assert review.reviewed[0].by == "ana@storefront.example"
    assert all(each.by.isprintable() and each.where for each in review.reviewed)
    assert review.cases is not None
    assert (review.cases.passed, review.cases.idle) == (2, 1)
    assert 30 < review.cases.percent < 90
    assert "unknown" in review.cases.never["evacuate.when.all.1"]


def test_a_policy_without_cases_covers_nothing_and_says_so(policy: Path) -> None:
    (policy.parent / "storefront.cases.yaml").unlink()
    assert main(["policy", "reviewed", str(policy), "--by", "ana"]) == 0
    raw = json.loads((policy.parent / "storefront.review.json").read_text(encoding="utf-8"))
    assert raw["cases"] is None


def test_where_a_case_fails_nothing_is_written(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = policy.read_text(encoding="utf-8").replace("observers: 2, for: 3m", "observers: 2, for: 9m")
    policy.write_text(text, encoding="utf-8")
    assert main(["policy", "reviewed", str(policy), "--by", "ana"]) == 1
    assert "of its worked cases fail" in capsys.readouterr().err
    assert not (policy.parent / "storefront.review.json").exists()


def test_bad_input_is_exit_2(policy: Path) -> None:
    (policy.parent / "storefront.cases.yaml").unlink()
    assert main(["policy", "reviewed", str(policy)]) == 2
    assert main(["policy", "reviewed", str(policy), "--by", ""]) == 2
    assert main(["policy", "reviewed", str(policy), *["--by", "x"] * 11]) == 2
    assert main(["policy", "reviewed", str(policy.parent / "none.yaml"), "--by", "ana"]) == 2
    (policy.parent / "storefront.review.json").mkdir()
    assert main(["policy", "reviewed", str(policy), "--by", "ana"]) == 2


GOOD = {"schema": "tidegate.review/v1", "digest": "ab" * 32, "reviewed": [], "cases": None}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (GOOD | {"digest": "cd" * 32}, "it is of policy cdcdcdcdcdcd"),
        (GOOD | {"schema": "tidegate.review/v2"}, "schema"),
        (GOOD | {"more": 1}, "more"),
        (GOOD | {"reviewed": [{"by": "x" * 201, "at": 1}]}, "reviewed.0.by"),
        (GOOD | {"cases": {"passed": 1, "idle": 0, "percent": 101}}, "cases.percent"),
    ],
)
def test_what_is_no_review_of_this_policy_is_none(raw: dict[str, object], told: str) -> None:
    with pytest.raises(NoReview, match=told):
        review_of(raw, "ab" * 32)
    assert review_data(raw, "ab" * 32) is None
    assert review_data(GOOD, "ab" * 32) == GOOD
    assert review_data(None, "ab" * 32) is None
