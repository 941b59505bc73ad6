"""`policy explain`, `schema`, `compile`: what they print, and the picture of a tree."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from controller.core.policy.validation import parse_policy
from controller.entry.cli.main import main
from controller.lab.policy_files.json_schema import policy_schema
from controller.lab.policy_files.loader import load_policy
from controller.readmodel.decision_tree_svg import tree_svg
from tests.support.shipped_policy import SHIPPED


def test_the_tree_of_a_situation_names_signals_and_their_ages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "explain", str(SHIPPED), "--situation", "dark-deaf", "--region", "us-west-2"]) == 0
    out = capsys.readouterr().out
    assert "us-west-2 at +4m: approval: group:sre-oncall must approve" in out
    assert (
        "? when.all.1.any.0: 0 of 2 signals say service of us-west-2 is breaching; 2 silent or unknown" in out
    )
    assert "storefront-us-west-2-5xx from us-west-2: silent since 2030-01-01T08:02:01Z, heard 304s ago" in out
    assert "+ readiness: " in out


def test_the_same_of_a_written_case_at_any_minute_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "explain", str(SHIPPED), "--case", "43 SEC", "--at", "1m", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "tidegate.policy-explain/v1"
    assert (found["case"], found["after_s"], found["at"]) == ("43 seconds", 60.0, "2030-01-01T08:01:05Z")
    assert (found["decision"]["region"], found["decision"]["code"]) == ("us-east-1", "not-confirmed")
    leaf = found["decision"]["tree"]["children"][0]
    assert leaf["value"] == "false"
    assert leaf["signals"][0] == {
        "name": "storefront-us-east-1-checkout", "observer": "us-east-2", "verdict": "breaching",
        "since": "2030-01-01T08:01:00Z", "age_s": 4.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--case", "no such"], "0 cases are named like"),
        (["--case", "a"], "expected one of"),
        (["--situation", "sunny"], "expected one of: dark-deaf, dark, gray"),
        (["--region", "eu-west-1"], "unknown Region eu-west-1"),
        (["--at", "soon"], "--at: expected a duration"),
    ],
)
def test_what_cannot_be_explained_is_bad_input(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "explain", str(SHIPPED), *words]) == 2
    assert told in capsys.readouterr().err


def test_the_picture_is_whole_xml_that_asks_nobody_for_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tree.svg"
    assert main(["policy", "explain", str(SHIPPED), "--svg", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    assert f"drawn in {file}" in capsys.readouterr().err
    root = ET.fromstring(text)
    told = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    assert told.count("+ leaf: true") == 2
    assert "? leaf: unknown" in told
    assert any(line.startswith("storefront-us-east-1-latency from us-east-1: silent since") for line in told)
    assert "://" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    height, lowest = float(root.get("height", 0)), max(float(e.get("y", 0)) for e in root.iter())
    assert lowest < height


def test_hostile_names_stay_text_in_the_picture() -> None:
    name = "</text><script>alert(1)</script>\x1b\x00'\"&"
    signal = {"name": name, "observer": name, "verdict": name, "since": None, "age_s": None}
    node = {"path": name, "op": "leaf", "value": "true", "sentence": f"{name} " * 40, "signals": [signal]}
    root = ET.fromstring(tree_svg(node, title=name, subtitle=name))
    assert {element.tag.partition("}")[2] for element in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "g", "circle", "path",
    }  # fmt: skip


def test_schema_prints_the_published_one_and_compile_what_is_deployed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["policy", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == policy_schema()
    assert main(["policy", "compile", str(SHIPPED)]) == 0
    out, err = capsys.readouterr()
    digest = load_policy(SHIPPED).policy.digest
    assert parse_policy(json.loads(out)).digest == digest
    assert err == f"digest {digest}\n"
    assert main(["policy", "compile", str(SHIPPED), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["digest"], document["policy"]) == (digest, json.loads(out))
    assert main(["policy", "compile", "no.yaml"]) == 2
