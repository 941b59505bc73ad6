"""`make release`: plain CloudFormation and zips, the same for the same sources, for teams without the CDK."""

import json
import os
import sys
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest

import infra.interpreter
from infra import bundle, writing
from infra.__main__ import BAD_INPUT, main
from infra.bundle import Libraries, package
from infra.bytecode import NoBytecode, compile_all, interpreter
from infra.interpreter import unpacked
from infra.project import load
from infra.release.order import stack_names
from infra.writing import Wish, write
from infra.zips import zipped
from tests.infra.conftest import synthesise
from tests.infra.lint import code_under_its_digest
from tests.infra.stack_order import STACKS
from tests.infra.synthesis import Synthesis
from tests.support.config_files import SHIPPED, written

ASKED = ("tidegate-controller-us-east-2", "tidegate-application-us-east-1")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    made = synthesise(folder, "--release", "--bare", *(f"--only={name}" for name in ASKED))
    assert made.exit_code == 0, made.printed
    assert "no libraries, as `--bare` asked" in made.printed
    (first, *_) = made.printed.splitlines()
    assert first == f"storefront by {SHIPPED}, prefix tidegate, account 111122223333"
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
    order = stack_names(load(SHIPPED, deployed=1.0), named)
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
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = interpreter(version, tmp_path)
    assert python is not None
    made = []
    for turn in ("first", "second"):
        folder = tmp_path / turn
        (folder / "ours").mkdir(parents=True)
        (folder / "ours" / "module.py").write_text("def where():\n    raise KeyError\n", encoding="utf-8")
        (folder / "newer.py").write_text("def (\n", encoding="utf-8")
        assert compile_all(folder, python, version) == ["newer.py"]
        assert compile_all(folder, python, "3.99") == ["newer.py", "ours/module.py"]
        (code,) = folder.rglob("module.*.pyc")
        made.append(code.read_bytes())
    assert made[0] == made[1]
    assert b"/var/task/ours/module.py" in made[0]
    assert str(tmp_path).encode() not in made[0]
    flags = int.from_bytes(made[0][4:8], "little")
    assert flags == 0b01, "by hash, and unchecked: no time of a file is looked at"


def test_a_python_that_nobody_has_is_none(tmp_path: Path) -> None:
    assert interpreter("3.99", tmp_path) is None


def test_a_release_without_an_interpreter_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.bytecode.interpreter", lambda version, folder: None)
    for asked in ("--release", "--deploy"):
        assert main([asked, "--out", str(tmp_path / "out")]) == BAD_INPUT
        said = capsys.readouterr().err
        assert said.startswith("infra: There is no Python 3.14 here to compile bytecode")
        assert "--no-bytecode" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bytecode", [True, False])
def test_bytecode_is_left_out_only_where_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytecode: bool
) -> None:
    asked: list[Libraries | None] = []

    def packages(_project: object, _folder: Path, libraries: Libraries | None) -> Path:
        asked.append(libraries)
        raise LookupError("enough was seen")

    monkeypatch.setattr("infra.bytecode.interpreter", lambda version, folder: ("emulator", version))
    monkeypatch.setattr(writing, "packages", packages)
    with pytest.raises(LookupError, match="enough"):
        next(write(load(SHIPPED, deployed=1.0), Wish(out=tmp_path, release=True, bytecode=bytecode)))
    assert asked == [Libraries(compiler=("emulator", "3.14") if bytecode else None)]


def test_an_interpreter_that_compiles_nothing_of_ours_makes_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "_install", lambda folder, lock, libraries: None)
    with pytest.raises(NoBytecode, match=r"did not compile \d+ modules of ours, such as controller/"):
        package(tmp_path / "functions", {}, libraries=Libraries(compiler=("false",)))


def test_the_unpacked_interpreter_is_run_by_its_emulator(tmp_path: Path) -> None:
    assert unpacked("3.99", tmp_path) is None
    for file in ("qemu/usr/bin/qemu-aarch64-static", "root/usr/bin/python3.99"):
        (tmp_path / "arm64" / file).parent.mkdir(parents=True)
        (tmp_path / "arm64" / file).touch()
    emulator, option, root, python = interpreter("3.99", tmp_path) or ("",) * 4
    assert (Path(emulator).name, option) == ("qemu-aarch64-static", "-L")
    assert Path(python) == Path(root) / "usr" / "bin" / "python3.99"


def test_where_no_interpreter_is_to_be_had_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(infra.interpreter, "unpack", partial(infra.interpreter.unpack, folder=tmp_path / "a"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert infra.interpreter.main() == 1
    assert capsys.readouterr().err.startswith("No Python 3.14 for arm64: [Errno 2] No such file")
