"""Worked cases: what a file may say, what is told where it comes out otherwise; the shipped policy's."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.core.policy.conditions import All, Any_, Condition, Leaf
from controller.core.policy.schema import Policy
from controller.entry.cli.main import main
from controller.lab.cases.junit import difference_lines
from controller.lab.cases.play import as_live, play
from controller.lab.cases.reader import CaseFile, read_cases
from controller.lab.cases.run import Report, judged, run
from controller.lab.policy_files.positions import PolicyRefused

POLICIES = Path(__file__).parents[2] / "policies"
CASES = POLICIES / "storefront.cases.yaml"
DARK = "{at: 0m, about: us-east-1, say: breaching}"


@pytest.fixture(scope="module")
def shipped() -> Report:
    return run(CASES, covered=True)


def written(tmp_path: Path, *cases: str, head: str = "tidegateCases: 1\npolicy: storefront.yaml\n") -> Path:
    text = (POLICIES / "storefront.yaml").read_text(encoding="utf-8")
    (tmp_path / "storefront.yaml").write_text(text, encoding="utf-8")
    file = tmp_path / "storefront.cases.yaml"
    file.write_text(head + "cases:\n" + "\n".join(f"  - {case}" for case in cases), encoding="utf-8")
    return file


# The shipped policy


def test_the_shipped_cases_pass_and_leave_no_condition_untried(shipped: Report) -> None:
    assert [difference_lines(d) for result in shipped.results for d in result.differences] == []
    assert shipped.coverage is not None
    assert {path: shipped.coverage.never(path) for path in shipped.coverage.seen} == dict.fromkeys(
        shipped.coverage.seen, ()
    )


def test_half_of_the_shipped_cases_expect_that_nothing_moves(shipped: Report) -> None:
    assert 2 * shipped.idle >= len(shipped.results)


Cut = Callable[[Policy], Policy]


def without(condition: Any) -> Iterator[tuple[str, Condition]]:
    """Every condition that is this one but for one part: a child, a `for`, a count."""
    match condition:
        case All(all_=children) | Any_(any_=children):
            key = "all_" if isinstance(condition, All) else "any_"
            for index, child in enumerate(children):
                rest = (*children[:index], *children[index + 1 :])
                yield f"{key}{index}", condition.model_copy(update={key: rest})
                for name, cut in without(child):
                    changed = (*children[:index], cut, *children[index + 1 :])
                    yield f"{key}{index}.{name}", condition.model_copy(update={key: changed})
        case Leaf():
            for key in ("for_", "observers", "signals"):
                # `signals: 1` is what is meant where nothing is said.
                if getattr(condition, key) not in (None, 1):
                    yield key, condition.model_copy(update={key: None})


def cuts(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """The policy with one condition deleted, each in turn."""
    evacuate, target, drills = policy.evacuate, policy.target, policy.drills
    assert drills is not None
    for name, when in without(evacuate.when):
        yield (
            f"when.{name}",
            policy.model_copy(update={"evacuate": evacuate.model_copy(update={"when": when})}),
        )
    listed = [("evacuate", evacuate, "unless"), ("target", target, "ready"), ("drills", drills, "abort_when")]
    for move, model, key in listed:
        entries = getattr(model, key)
        for index in range(len(entries)):
            rest = (*entries[:index], *entries[index + 1 :])
            yield f"{key}.{index}", policy.model_copy(update={move: model.model_copy(update={key: rest})})
    soon = target.ready[0].model_copy(update={"for_": None})
    later = (soon, *target.ready[1:])
    yield "ready.0.for", policy.model_copy(update={"target": target.model_copy(update={"ready": later})})
    none = policy.limits.model_copy(update={"blackout": ()})
    yield "blackout", policy.model_copy(update={"limits": none})


FILE: CaseFile = read_cases(CASES)
LIVE = as_live(FILE.policy)
CUTS = dict(cuts(LIVE))


def test_the_cuts_are_all_that_the_shipped_policy_asks_for() -> None:
    assert len(CUTS) >= 14


@pytest.mark.parametrize("name", CUTS)
def test_a_condition_deleted_from_the_shipped_policy_makes_a_case_fail(name: str) -> None:
    cases = (
        FILE.cases if not name.startswith(("blackout", "abort")) else FILE.cases[::-1]
    )  # the sooner the cheaper
    assert any(judged(play(CUTS[name], case)) for case, _ in cases)


# What a file may say


def refused(file: Path) -> list[tuple[int, str]]:
    with pytest.raises(PolicyRefused) as info:
        read_cases(file)
    return [(problem.line, problem.message) for problem in info.value.problems]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("{case: a, shifts: []}", "expected `nothing`, or a list"),
        ("{case: a}", "the key 'shifts' is missing"),
        ("{case: a, shifts: nothing, sings: 1}", "unknown key 'sings'"),
        ("{case: a, shifts: nothing, signals: [{at: 90s, say: silent}]}", "expected whole minutes"),
        ("{case: a, shifts: nothing, signals: [{at: 2d, say: silent}]}", "a day at most"),
        ("{case: a, shifts: nothing, signals: [{at: 1m, say: loud}]}", "found 'loud'"),
        ("{case: a, shifts: nothing, signals: [{at: 1m, say: unheard}]}", "expected 0m"),
        (
            "{case: a, shifts: nothing, signals: [{at: 1m, say: silent, family: x}]}",
            "no signal of the policy",
        ),
        ("{case: a, shifts: nothing, start: today}", "a moment such as"),
        ("{case: a, shifts: nothing, expect: [{at: 1m, region: us-east-1, when: maybe}]}", "true, false or"),
        ("{case: a, shifts: nothing, expect: [{at: 1m, region: eu-west-1, when: true}]}", "unknown Region"),
        ("{case: a, shifts: nothing, until: 2m, expect: [{at: 3m, region: us-east-1}]}", "ends before"),
        ("{case: a, shifts: [{at: 1m, from: us-east-1, to: eu-west-1}]}", "unknown Region eu-west-1"),
        ("{case: a, case: b, shifts: nothing}", "written twice"),
    ],
)
def test_a_case_that_says_nothing_sensible_is_refused_at_its_line(
    tmp_path: Path, case: str, words: str
) -> None:
    told = refused(written(tmp_path, "{case: first, shifts: nothing}", case))
    assert [line for line, message in told if words in message] == [5], told


def test_two_cases_of_one_name_and_a_file_of_another_kind_are_refused(tmp_path: Path) -> None:
    same = "{case: a, shifts: nothing}"
    assert "named 'a' already" in refused(written(tmp_path, same, same))[0][1]
    assert refused(POLICIES / "storefront.yaml")
    head = "tidegateCases: 1\npolicy: ../storefront.yaml\n"
    assert refused(written(tmp_path, same, head=head))[0][0] == 2


# What is told


def test_a_difference_says_what_was_expected_what_came_and_which_leaf_kept_it(tmp_path: Path) -> None:
    expect = "[{at: 2m, region: us-east-1, code: approval}]"
    case = f"{{case: a, signals: [{DARK}], expect: {expect}, shifts: nothing}}"
    (result,) = run(written(tmp_path, case)).results
    code, moves = result.differences
    lines = difference_lines(code)
    assert lines[0].strip() == "+2m  us-east-1 code"
    assert [line.split() for line in lines[1:3]] == [
        ["-", "expected", "approval"],
        ["+", "found", "not-confirmed"],
    ]
    assert any("when.all.0 is false: 2 of 2 observers" in line for line in lines)
    assert (moves.expected, moves.found) == ("nothing", "+3m us-east-1 -> us-west-2")


def test_a_region_that_serves_nothing_is_not_left(tmp_path: Path) -> None:
    case = (
        f"{{case: a, left: [us-east-1], signals: [{DARK}], shifts: nothing, "
        "expect: [{at: 4m, region: us-east-1, code: already-left}]}"
    )
    (result,) = run(written(tmp_path, case)).results
    assert result.passed


def test_the_command_says_what_failed_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = f"{{case: 'wrong <&\x1b>', signals: [{DARK}], shifts: nothing}}".replace("\x1b", "")
    file = written(tmp_path, "{case: right, shifts: nothing}", wrong)
    xml = tmp_path / "out.xml"
    assert main(["policy", "test", str(file), "--junit", str(xml)]) == 1
    out, _ = capsys.readouterr()
    assert "1 of 2 pass" in out
    assert f"{file}:5" in out
    suite = ET.fromstring(xml.read_bytes())[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "found     +3m us-east-1 -> us-west-2" in str(suite[1][0].text)
    assert main(["policy", "test", str(tmp_path / "storefront.yaml"), "--only", "RIGHT", "--json"]) == 0
    (only,) = json.loads(capsys.readouterr().out)["files"]
    assert [case["case"] for case in only["cases"]] == ["right"]


def test_coverage_under_the_bar_exits_1_and_names_what_was_never_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(written(tmp_path, "{case: calm, shifts: nothing}"))
    assert main(["policy", "test", file, "--coverage"]) == 0
    assert "evacuate.when.all[0] was never true, never unknown" in capsys.readouterr().out
    assert main(["policy", "test", file, "--at-least", "90"]) == 1
    assert main(["policy", "test", file, "--at-least", "20", "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :])["files"][0]["never"]["evacuate.unless.0"] == ["true", "unknown"]


def test_files_that_are_not_there_are_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", str(tmp_path / "no.yaml")]) == 2
    assert "no.cases.yaml: no such file" in capsys.readouterr().err
