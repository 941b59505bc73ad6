"""Hostile files cost little: bounded memory, one clear error; what YAML tools read differently is refused."""

import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from controller.lab.cases.reader import read_cases
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.positions import PolicyRefused
from tests.lab.policy_refusals import SOURCE, refused, swapped


def told(folder: Path, text: str) -> list[str]:
    """Return each problem of a file with `text`, without the name of the file."""
    return [str(problem).removeprefix(problem.file) for problem in refused(folder, text)]


@pytest.mark.parametrize("load", [load_policy, read_cases])
def test_ten_megabytes_are_not_read(tmp_path: Path, load: Callable[[Path], object]) -> None:
    file = tmp_path / "big.yaml"
    file.write_text("a: b\n" * 2_000_000, encoding="utf-8")
    tracemalloc.start()
    with pytest.raises(PolicyRefused, match="larger than 256 KiB"):
        load(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000


TRAPS = [
    "on", "off", "yes", "No", "y", "010", "0o7", "0x1F", "1e3", "12:30", ".inf", ".nan", "~", "null",
    "2026-01-01", "1_000", "+1", "=",
]  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_a_word_that_yaml_tools_read_differently_is_no_key_and_no_value(tmp_path: Path, trap: str) -> None:
    end = len(SOURCE.splitlines()) + 1
    assert told(tmp_path, f"{SOURCE}{trap}: x\n") == [
        f':{end}:1: the key {trap!r} is not text to every YAML tool (write "{trap}")'
    ]
    (only,) = told(tmp_path, swapped("application: storefront", f"application: {trap}"))
    assert only.startswith(":3:14: ")


FIRST = len(SOURCE.splitlines()[0]) + 1
LAUGHS = "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise("abcdefghijklmnopqrstuvwxyz"))
UNBOUNDED = "an alias inside an anchor: such a file has no bounded size (write the values out)"
# Each row: the file, and the one thing that is said of it.
ONE_ERROR = {
    "the line ends of an old Mac": (
        SOURCE.replace("\n", "\r"), f":1:{FIRST}: the character U+000D is not allowed here"
    ),
    "the line ends of a mainframe": (
        SOURCE.replace("\n", "\x85"), f":1:{FIRST}: the character U+0085 is not allowed here"
    ),
    "the line ends of Unicode": (
        SOURCE.replace("\n", "\u2028"), f":1:{FIRST}: the character U+2028 is not allowed here"
    ),
    "a billion laughs": (f"a: &a [lol, lol]\n{LAUGHS}", f":2:8: {UNBOUNDED}"),
    "a list in itself": ("a: &a [b, *a]\n", f":1:11: {UNBOUNDED}"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "says"), ONE_ERROR.values(), ids=ONE_ERROR)
def test_what_is_refused_with_one_error(tmp_path: Path, text: str, says: str) -> None:
    assert told(tmp_path, text) == [says]
