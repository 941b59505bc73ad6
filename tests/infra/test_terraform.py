"""The Terraform module is parsed, and each of its references leads somewhere. Terraform itself is not run."""

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from infra.release import terraform
from infra.release.order import Entry, Place, entries
from infra.release.terraform import _quoted, module
from tests.infra.hcl import REFERENCE, blocks, expressions, plain, read
from tests.support.sources import existing


@pytest.fixture(scope="module")
def parsed(released: Path) -> dict[str, dict[str, dict[str, Any]]]:
    return read(released / "terraform")


@pytest.fixture(scope="module")
def told(released: Path) -> list[dict[str, Any]]:
    return list(json.loads((released / "order.json").read_text(encoding="utf-8"))["stacks"])


def stacks_of(parsed: dict[str, dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    kind = "aws_cloudformation_stack."
    every = {plain(b["name"]): b for a, b in parsed["resource"].items() if a.startswith(kind)}
    assert len(every) >= 14
    return every


def test_each_reference_leads_to_something_that_is_declared(
    released: Path, parsed: dict[str, dict[str, dict[str, Any]]]
) -> None:
    (required,) = parsed["terraform"][""]["required_providers"]
    aliases = {each.strip("${}") for each in required["aws"]["configuration_aliases"]}
    seen = 0
    for address, body in [*parsed["resource"].items(), *parsed["output"].items()]:
        for expression in expressions(body):
            for kind, name in REFERENCE.findall(expression):
                seen += 1
                if kind == "var":
                    assert name in parsed["variable"], (address, expression)
                elif kind == "aws":
                    assert f"aws.{name}" in aliases, (address, expression)
                elif kind != "path":
                    assert f"{kind}.{name}" in parsed["resource"], (address, expression)
        if address.startswith("aws_s3_object"):
            file = plain(body["source"]).replace("${path.module}", str(released / "terraform"))
            assert Path(file).resolve().is_file(), file
    assert seen > 150
    assert aliases == {f"aws.{name}" for name in ("us_east_1", "us_east_2", "us_west_2")}


def test_each_bucket_that_is_named_is_a_member_of_the_variable(
    parsed: dict[str, dict[str, dict[str, Any]]],
) -> None:
    members = set(re.findall(r"(\w+) *[=:] *\"?(?:\$\{)?string", str(parsed["variable"]["buckets"]["type"])))
    named = {n for e in expressions(parsed["resource"]) for n in re.findall(r"var\.buckets\.(\w+)", e)}
    assert named == members == {"us_east_1", "us_east_2", "us_west_2"}


def test_stacks_places_and_capabilities_are_those_of_the_order(
    parsed: dict[str, dict[str, dict[str, Any]]], told: list[dict[str, Any]]
) -> None:
    made = stacks_of(parsed)
    assert list(made) == [stack["name"] for stack in told]
    for stack in told:
        body = made[stack["name"]]
        assert body["provider"] == f"${{aws.{stack['region'].replace('-', '_')}}}"
        assert [plain(each) for each in body.get("capabilities", [])] == stack["capabilities"]
        assert set(body.get("parameters", {})) - {"__is_block__"} == set(stack["parameters"])
        assert {plain(v) for v in body["tags"].values()} == set(stack["tags"].values())
        assert f".s3.{stack['region']}.amazonaws.com/" in body["template_url"]
        assert "template_body" not in body
        assert plain(body["on_failure"]) == "DELETE"


def test_the_order_is_that_of_order_json_and_has_no_circle(
    parsed: dict[str, dict[str, dict[str, Any]]], told: list[dict[str, Any]]
) -> None:
    made = stacks_of(parsed)
    addresses = {f"aws_cloudformation_stack.{n.replace('-', '_')}": n for n in made}
    done: set[str] = set()
    for stack in told:
        depends = [each.strip("${}") for each in made[stack["name"]].get("depends_on", [])]
        before = [addresses[each] for each in depends if each in addresses]
        assert before == stack["waitsFor"]
        assert set(before) <= done
        done.add(stack["name"])
        zips = [each for each in depends if each not in addresses]
        files = [plain(parsed["resource"][each]["key"]) for each in zips]
        assert files == stack["zips"], "code lies there before the function is made"


def test_an_optional_stack_is_made_only_where_a_variable_says_so(
    parsed: dict[str, dict[str, dict[str, Any]]],
) -> None:
    counted = {name: body["count"] for name, body in stacks_of(parsed).items() if "count" in body}
    assert set(counted) == {"tidegate-routing"}
    assert re.sub(r"[${}]", "", counted["tidegate-routing"]) == "var.with_routing ? 1 : 0"
    assert parsed["variable"]["with_routing"]["default"] is False
    assert set(parsed["variable"]) == {"buckets", "with_routing"}


def test_a_template_that_changes_has_another_address(parsed: dict[str, dict[str, dict[str, Any]]]) -> None:
    """A stack whose address stays the same is no change to Terraform, whatever lies there."""
    place = Place("111122223333", "us-east-1", {}, protected=False)

    def main_of(content: bytes) -> str:
        return module([Entry("one", place, "templates/one.json", content, (), (), (), ())])["main.tf"]

    keys = [re.search(r'key *= "(.*)"', main_of(content)) for content in (b"{}", b"{ }")]
    assert keys[0] is not None
    assert keys[1] is not None
    assert keys[0][1] != keys[1][1]


def test_the_module_is_the_same_again_and_says_that_nobody_validated_it(released: Path) -> None:
    told = json.loads((released / "order.json").read_text(encoding="utf-8"))["stacks"]
    places = {s["name"]: Place(s["account"], s["region"], s["tags"], s["protected"]) for s in told}
    why = {s["name"]: s["optional"] for s in told if "optional" in s}
    again = module(entries([s["name"] for s in told], places, released, why))
    folder = released / "terraform"
    assert {f.name: f.read_text(encoding="utf-8") for f in existing(folder.iterdir(), least=5)} == again
    assert "not validated" in again["README.md"].splitlines()[0]
    assert "no Terraform has initialised" in again["README.md"]


def test_the_example_calls_the_module_with_every_provider_and_bucket(
    released: Path, parsed: dict[str, dict[str, dict[str, Any]]]
) -> None:
    text = (released / "terraform" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```hcl\n(.*?)```", text, re.DOTALL)
    found = list(blocks(hcl2.loads(example)))
    providers = [body for kind, _, body in found if kind == "provider"]
    (called,) = (body for kind, _, body in found if kind == "module")
    assert {plain(p["alias"]) for p in providers} == {"us_east_1", "us_east_2", "us_west_2"}
    assert all(p["allowed_account_ids"] == ['"111122223333"'] for p in providers)
    for each in providers:
        (account,) = each["allowed_account_ids"]
        assert f"# of {plain(account)}, or:" in example
    assert example.count('# assume_role { role_arn = "arn:aws:iam::111122223333:role/NAME" }') == 3
    given = {key.strip("${}") for key in called["providers"]} - {"__is_block__"}
    assert given == {f"aws.{plain(p['alias'])}" for p in providers}
    assert set(called["buckets"]) - {"__is_block__"} == {plain(p["alias"]) for p in providers}


def test_two_accounts_are_two_providers_of_a_region() -> None:
    def entry(name: str, account: str) -> Entry:
        place = Place(account, "us-east-1", {}, protected=False)
        return Entry(name, place, f"templates/{name}.json", b"{}", (), (), (), ())

    stacks = [entry("a", "1" * 12), entry("b", "2" * 12)]
    names = [terraform.alias(s.place.account, s.place.region, stacks) for s in stacks]
    assert names == ["us_east_1_111111111111", "us_east_1_222222222222"]
    files = module(stacks)
    assert "aws.us_east_1_222222222222" in files["versions.tf"]
    (example,) = re.findall(r"```hcl\n(.*?)```", files["README.md"], re.DOTALL)
    (called,) = (body for kind, _, body in blocks(hcl2.loads(example)) if kind == "module")
    buckets = {plain(v) for k, v in called["buckets"].items() if k != "__is_block__"}
    assert buckets == {"NAME-111111111111-us-east-1", "NAME-222222222222-us-east-1"}, "names are global"


@pytest.mark.parametrize("text", ["${Region}", "%{ if }", 'say "x"', "a\\b", "$5"])
def test_text_of_a_template_is_no_expression_of_terraform(text: str) -> None:
    (value,) = hcl2.loads(f"a = {_quoted(text)}\n").values()
    assert list(expressions(value)) == []
    assert json.loads(value).replace("$${", "${").replace("%%{", "%{") == text
