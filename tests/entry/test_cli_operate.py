"""Operators' commands refuse what they cannot mean before they look for a deployment."""

import pytest

from controller.entry.cli.main import main


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["mute", "us-east-1", "--for", "soon", "--reason", "noise"], "expected a duration"),
        (["evacuate", "us-east-1", "--reason", "x", "--despite", "floor"], "shared-cause, target-not-ready"),
    ],
)
def test_bad_input_is_told_and_exits_with_two(
    line: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [["mute", "us-east-1", "--for", "1h"], ["ack", "i-1"], ["stand-down", "i"], ["hand-to-people", "i"]],
)
def test_a_reason_must_be_given(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == 2
    assert "--reason" in capsys.readouterr().err
