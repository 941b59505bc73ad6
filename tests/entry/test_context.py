"""Which deployment a command means, and what it says when it cannot tell."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from controller.entry.cli.options import moment
from controller.entry.cli.output import Failed
from controller.entry.context import NoContext, announced, find_context, rehearsal_pid
from controller.settings import Deployment
from tests.entry.deployment_file import DEPLOYMENT


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("TIDEGATE_CONTEXT", raising=False)


def write(folder: Path, toml: str, deployment: dict[str, Any] | str = "") -> None:
    (folder / "tidegate.toml").write_text(toml, encoding="utf-8")
    text = deployment if isinstance(deployment, str) else json.dumps(deployment)
    (folder / "d.json").write_text(text, encoding="utf-8")


def test_without_anything_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoContext, match="start `tidegate up`"):
        find_context(None, tmp_path)
    with pytest.raises(NoContext) as told:
        find_context(None, tmp_path)
    assert f"no deployment is named in {tmp_path}/tidegate.toml" in str(told.value)
    assert "build/synth" not in str(told.value)


def test_what_make_synth_wrote_is_named_where_nothing_else_is(tmp_path: Path) -> None:
    made = tmp_path / "build" / "synth"
    made.mkdir(parents=True)
    write(made, '[contexts.orders]\ndeployment = "d.json"\n', DEPLOYMENT)
    with pytest.raises(NoContext) as told:
        find_context(None, tmp_path)
    assert str(told.value).endswith(f"; {made}/tidegate.toml is there: go on in {made}")


def test_the_only_context_of_the_file_is_meant(tmp_path: Path) -> None:
    write(tmp_path, '[contexts.production]\ndeployment = "d.json"\n', DEPLOYMENT)
    found = find_context(None, tmp_path)
    assert (found.name, found.rehearsal) == ("production", False)
    with pytest.raises(NoContext, match="--as is for rehearsals"):
        found.identity("somebody else")


def test_among_several_one_must_be_named_by_option_or_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = '[contexts.a]\ndeployment = "d.json"\n[contexts.b]\ndeployment = "d.json"\n'
    write(tmp_path, two, DEPLOYMENT)
    with pytest.raises(NoContext, match="no context is named 'c'; expected one of: a, b"):
        find_context("c", tmp_path)
    assert find_context("b", tmp_path).name == "b"
    with pytest.raises(NoContext, match=r"say one of: --context a, --context b$"):
        find_context(None, tmp_path)
    monkeypatch.setenv("TIDEGATE_CONTEXT", "a")
    assert find_context(None, tmp_path).name == "a"
    assert find_context("b", tmp_path).name == "b"


@pytest.mark.parametrize(
    ("toml", "deployment", "says"),
    [
        ("[contexts", "", "tidegate.toml: expected"),
        ("[contexts.a]\n", "", "tidegate.toml: expected"),
        ("contexts = 3\n", "", "tidegate.toml: expected"),
        ('[contexts.a]\ndeployment = "none.json"\n', "", "none.json: No such file"),
        ('[contexts.a]\ndeployment = "d.json"\n', "{", "d.json"),
        ('[contexts.a]\ndeployment = "d.json"\n', DEPLOYMENT | {"account": "12"}, "account"),
        ('[contexts.a]\ndeployment = "d.json"\n', DEPLOYMENT | {"extra": 1}, "extra"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, toml: str, deployment: Any, says: str) -> None:
    write(tmp_path, toml, deployment)
    with pytest.raises(NoContext, match=says):
        find_context("a", tmp_path)


def test_a_running_rehearsal_is_found_and_a_dead_one_is_not(tmp_path: Path) -> None:
    rehearsed = Deployment.model_validate(DEPLOYMENT | {"endpoint_url": "http://127.0.0.1:1"})
    with announced(rehearsed):
        found = find_context(None, tmp_path)
        assert found.rehearsal
        assert found.identity("ana\x1b[31m") == "ana"
        assert rehearsal_pid() == os.getpid()
        file = tmp_path / "state" / "tidegate" / "rehearsal.json"
        assert file.stat().st_mode & 0o077 == 0
        file.write_text(json.dumps({"pid": 2**22 + 1, "deployment": DEPLOYMENT}), encoding="utf-8")
        with pytest.raises(NoContext):
            find_context(None, tmp_path)
    assert not file.exists()


def test_one_rehearsal_inside_another_gives_the_first_back(tmp_path: Path) -> None:
    def one(port: int) -> Deployment:
        return Deployment.model_validate(DEPLOYMENT | {"endpoint_url": f"http://127.0.0.1:{port}"})

    with announced(one(1)):
        with announced(one(2)):
            assert find_context(None, tmp_path).deployment == one(2)
        assert find_context(None, tmp_path).deployment == one(1)


NOW = 1893485730.0  # 2030-01-01T08:15:30Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2030-01-01T08:14:00Z", NOW - 90),
        ("2030-01-01T08:14:00", NOW - 90),
        ("2030-01-01T09:14:00+01:00", NOW - 90),
        ("08:14", NOW - 90),
        ("08:14:30", NOW - 60),
        ("-5m", NOW - 300),
        ("-43s", NOW - 43),
    ],
)
def test_moments(text: str, expected: float) -> None:
    assert moment(text, NOW, "--at") == expected


@pytest.mark.parametrize("text", ["", "yesterday", "-5", "-xm", "25:00", "2030-13-01T00:00:00Z"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Failed, match=r"^--from .*expected a time such as"):
        moment(text, NOW, "--from")
