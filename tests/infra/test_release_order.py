"""`order.json` says all that a deployment without the CDK must know, and no template is too large."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from infra.__main__ import BAD_INPUT, CONFIG, main
from infra.project import Project, load
from infra.release import order
from infra.release.order import BODY, MOST_RESOURCES, Entry, Place, TooLarge, written
from infra.release.shell import script

RESOURCE = {"Type": "AWS::SNS::Topic", "Properties": {}}


@pytest.fixture(scope="module")
def told(released: Path) -> dict[str, Any]:
    return dict(json.loads((released / "order.json").read_text(encoding="utf-8")))


def test_each_template_is_measured_as_it_is_uploaded(released: Path, told: dict[str, Any]) -> None:
    stacks = told["stacks"]
    assert len(stacks) == len(list((released / "templates").iterdir())) >= 14
    for stack in stacks:
        content = (released / stack["template"]).read_bytes()
        assert (stack["bytes"], stack["sha256"]) == (len(content), sha256(content).hexdigest())
        assert stack["upload"] is (len(content) > BODY)
        assert stack["parameters"] == list(json.loads(content).get("Parameters", {}))
        assert bool(stack["zips"]) is ("CodeBucket" in stack["parameters"])
    assert {s["name"] for s in stacks if s["upload"]} == {
        s["name"] for s in stacks if "controller" in s["name"]
    }


def test_a_long_template_has_no_spaces_and_a_short_one_can_be_read(released: Path) -> None:
    texts = [file.read_text(encoding="utf-8") for file in (released / "templates").iterdir()]
    assert {len(text) > BODY for text in texts} == {text.count("\n") == 1 for text in texts} == {True, False}
    assert all((len(text) > BODY) is (text.count("\n") == 1) for text in texts)


def test_a_region_and_its_account_are_those_of_the_stack(told: dict[str, Any]) -> None:
    for stack in told["stacks"]:
        named = re.search(r"[a-z]{2}-[a-z]+-\d$", stack["name"])
        assert stack["account"] == "111122223333"
        assert stack["region"] == (named[0] if named else stack["region"])
    where = {s["name"]: s["region"] for s in told["stacks"]}
    assert (where["tidegate-routing"], where["tidegate-state"]) == ("us-west-2", "us-west-2")
    assert where["tidegate-audit-copy"] == "us-east-2"


def test_each_region_gets_the_zips_that_its_stacks_name_and_no_others(
    released: Path, told: dict[str, Any]
) -> None:
    for bucket in told["buckets"]:
        there = [s for s in told["stacks"] if s["region"] == bucket["region"]]
        files = {zip_["file"] for zip_ in bucket["zips"]}
        assert files == {name for stack in there for name in stack["zips"]}
        for zip_ in bucket["zips"]:
            assert sha256((released / zip_["file"]).read_bytes()).hexdigest() == zip_["sha256"]
        kinds = {name.rpartition("-")[0] for name in files}
        assert {k for k in kinds if k.startswith("console")} == {f"console-{bucket['region']}"}
        assert ("sample" in kinds) is (bucket["region"] != "us-east-2"), "no sample where none is served"
    assert len(told["buckets"]) == 3


def test_iam_needs_a_capability_and_nothing_else_does(released: Path, told: dict[str, Any]) -> None:
    for stack in told["stacks"]:
        resources = json.loads((released / stack["template"]).read_bytes())["Resources"].values()
        iam = [r for r in resources if r["Type"].startswith("AWS::IAM::")]
        named = any("RoleName" in r["Properties"] for r in iam)
        wanted = ["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM"] if iam else []
        assert stack["capabilities"] == wanted


def test_what_a_stack_waits_for_comes_before_it(told: dict[str, Any]) -> None:
    done: list[str] = []
    for stack in told["stacks"]:
        assert set(stack["waitsFor"]) <= set(done), stack["name"]
        assert bool(stack["waitsFor"]) is bool(done)
        done.append(stack["name"])
    waits = {s["name"]: s["waitsFor"] for s in told["stacks"]}
    assert waits["tidegate-keys-us-east-1"] == ["tidegate-keys-us-west-2"]
    assert sorted(waits["tidegate-audit-copy"]) == ["tidegate-keys-us-east-1", "tidegate-keys-us-east-2"]
    assert waits["tidegate-controller-us-west-2"] == ["tidegate-controller-us-east-1"]


def test_a_switch_that_nothing_uses_yet_is_optional_and_last(told: dict[str, Any], live: Project) -> None:
    """An ARC cluster costs money: a shadow needs none, and a live deployment names it in arc.json."""
    why = {stack["name"]: stack["optional"] for stack in told["stacks"] if "optional" in stack}
    assert why == {"tidegate-routing": "not needed in shadow; an ARC cluster costs money"}
    assert told["stacks"][-1]["name"] == "tidegate-routing"
    assert order.optional(live) == {}
    made = [s["name"] for s in told["stacks"]]
    named = order.stack_names(live, made)
    assert named.index("tidegate-routing") < min(n for n, name in enumerate(named) if "-probes-" in name)


def test_a_switch_of_objects_is_not_optional() -> None:
    project = load(CONFIG.with_name("storefront-standby.yaml"), deployed=1.0)
    assert not project.live
    assert order.optional(project) == {}


def test_the_script_has_a_line_for_each_stack_in_order_and_waits_for_no_key(released: Path) -> None:
    text = (released / "deploy.sh").read_text(encoding="utf-8")
    names = [s["name"] for s in json.loads((released / "order.json").read_text(encoding="utf-8"))["stacks"]]
    assert re.findall(r"^stack (\S+)", text, re.MULTILINE) == names
    assert f"start {' '.join(names)}\n" in text
    assert 'export AWS_PAGER=""' in text
    assert (released / "deploy.sh").stat().st_mode & 0o111


@pytest.mark.parametrize(("protected", "word"), [(True, "protect"), (False, "-")])
def test_the_script_protects_what_the_deployment_says(protected: bool, word: str) -> None:
    place = Place("111122223333", "us-east-1", {"tidegate": "shop"}, protected=protected)
    stack = Entry("one", place, "templates/one.json", b"x" * (BODY + 1), (), ("CodeBucket",), ("a.zip",), ())
    line = script("guard", [stack]).splitlines()[-2]
    assert line == f"stack one 111122223333 us-east-1 upload {word} - tidegate=shop a.zip"
    assert "PREFIX=guard\nstart one\n" in script("guard", [stack])


def template(count: int, text: str = "") -> dict[str, Any]:
    return {"Description": text, "Resources": {f"R{n}": RESOURCE for n in range(count)}}


def test_a_template_that_cloudformation_would_refuse_is_refused_here() -> None:
    assert written("s", template(MOST_RESOURCES), short=True)
    with pytest.raises(TooLarge, match="s: 501 resources, and CloudFormation takes 500"):
        written("s", template(MOST_RESOURCES + 1), short=True)
    with pytest.raises(TooLarge, match=r"s: a template of 1,\d{3},\d{3} bytes"):
        written("s", template(1, "x" * 1_000_000), short=False)


def test_the_command_says_so_and_writes_no_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(order, "MOST_RESOURCES", 3)
    out = tmp_path / "out"
    assert main(["--out", str(out), "--only", "tidegate-keys-us-west-2"]) == BAD_INPUT
    said = capsys.readouterr().err
    assert said.startswith("infra: tidegate-keys-us-west-2: 6 resources")
    assert "Traceback" not in said
    assert not (out / "templates").exists()
