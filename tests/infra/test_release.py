"""`make release`: plain CloudFormation and zips, the same for the same sources, for teams without the CDK."""

import json
import os
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.bytecode import compile_all, interpreter
from infra.project import load
from infra.writing import _order
from infra.zips import zipped
from tests.infra.config_files import SHIPPED, written
from tests.infra.conftest import synthesise
from tests.infra.lint import code_under_its_digest
from tests.infra.stack_order import STACKS
from tests.infra.synthesis import Synthesis

ASKED = ("tidegate-controller-us-east-2", "tidegate-application-us-east-1")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    made = synthesise(folder, "--release", "--bare", *(f"--only={name}" for name in ASKED))
    assert made.exit_code == 0, made.printed
    assert "no libraries yet" in made.printed
    return folder


def test_the_templates_need_no_bootstrap_and_name_one_bucket(release: Path) -> None:
    for name in ASKED:
        text = (release / "templates" / f"{name}.json").read_text(encoding="utf-8")
        template = json.loads(text)
        assert set(template.get("Parameters", {})) == {"CodeBucket"}
        assert "bootstrap" not in text.lower()
        assert "cdk-hnb659fds" not in text


def test_each_zip_that_a_template_names_lies_beside_it(release: Path) -> None:
    templates = {
        name: json.loads((release / "templates" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ASKED
    }
    assert list(code_under_its_digest(templates)) == []
    wanted = {
        r["Properties"]["Code"]["S3Key"]
        for template in templates.values()
        for r in template["Resources"].values()
        if r["Type"] == "AWS::Lambda::Function"
    }
    assert {name.rpartition("-")[0] for name in wanted} == {"functions", "sample", "console-us-east-2"}
    assert wanted <= {file.name for file in release.glob("*.zip")}
    assert not (release / "packages").exists()
    assert not (release / "cdk.out").exists()
    assert "controller/entry/lambdas.py" in names_in(release, "functions")
    assert "python/heartbeat.py" in names_in(release, "canaries")


def names_in(release: Path, package: str) -> list[str]:
    (file,) = release.glob(f"{package}-*.zip")
    return ZipFile(file).namelist()


def test_a_release_twice_is_the_same_and_another_policy_has_other_keys(release: Path, tmp_path: Path) -> None:
    """Under the old key, CloudFormation would leave the old code where it is."""
    ask = ("--release", "--bare", *(f"--only={name}" for name in ASKED))
    before = {file.name: file.read_bytes() for file in release.glob("*.zip")}
    config = written(
        tmp_path, None, {"limits": {"minRegionsOn": 1, "cooldown": "31m", "evacuationsPerDay": 2}}
    )
    made = synthesise(release, *ask)
    assert made.exit_code == 0, made.printed
    assert {file.name: file.read_bytes() for file in release.glob("*.zip")} == before
    made = synthesise(tmp_path / "other", "--config", str(config), *ask)
    assert made.exit_code == 0, made.printed
    after = {file.name for file in (tmp_path / "other").glob("*.zip")}
    same = {name.rpartition("-")[0] for name in after & set(before)}
    other = {name.rpartition("-")[0] for name in after - set(before)}
    consoles = {f"console-{region}" for region in ("us-east-1", "us-east-2", "us-west-2")}
    assert (same, other) == ({"canaries", "sample"}, {"functions", *consoles})


def test_the_order_is_the_pipelines(synthesis: Synthesis) -> None:
    """Replicas of a key need the primary, and that is the home Region's."""
    named = [name for name in synthesis.templates if not name.startswith("tidegate-pipeline")]
    order = _order(load(SHIPPED, deployed=1.0), named)["stacks"]
    assert isinstance(order, list)
    assert sorted(order) == sorted(named), "every stack, once"
    foundation = ["tidegate-keys-us-west-2", "tidegate-keys-us-east-2", "tidegate-keys-us-east-1"]
    assert order[:5] == [*foundation, "tidegate-audit-copy", "tidegate-state"]
    assert order[5:] == [f"tidegate-{stage}" for stage in STACKS[1:]]


def test_the_same_content_is_the_same_zip(tmp_path: Path) -> None:
    for turn in ("first", "second"):
        folder = tmp_path / turn
        for name in ("b.py", "a.py") if turn == "first" else ("a.py", "b.py"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(f"NAME = {name!r}\n", encoding="utf-8")
            os.utime(folder / name, (1e9, 1e9) if turn == "first" else (2e9, 2e9))
            (folder / name).chmod(0o600 if turn == "first" else 0o777)
        zipped(folder, tmp_path / f"{turn}.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    assert ZipFile(tmp_path / "first.zip").getinfo("a.py").external_attr >> 16 & 0o777 == 0o644


def test_bytecode_is_the_same_wherever_it_is_made_and_needs_no_source(tmp_path: Path) -> None:
    python = interpreter(f"{sys.version_info.major}.{sys.version_info.minor}", tmp_path)
    assert python is not None
    made = []
    for turn in ("first", "second"):
        folder = tmp_path / turn
        (folder / "ours").mkdir(parents=True)
        (folder / "ours" / "module.py").write_text("def where():\n    raise KeyError\n", encoding="utf-8")
        (folder / "newer.py").write_text("def (\n", encoding="utf-8")
        compile_all(folder, python)
        (code,) = folder.rglob("module.*.pyc")
        made.append(code.read_bytes())
    assert made[0] == made[1]
    assert b"/var/task/ours/module.py" in made[0]
    assert str(tmp_path).encode() not in made[0]
    flags = int.from_bytes(made[0][4:8], "little")
    assert flags == 0b01, "by hash, and unchecked: no time of a file is looked at"


def test_a_python_that_nobody_has_is_none(tmp_path: Path) -> None:
    assert interpreter("3.99", tmp_path) is None
