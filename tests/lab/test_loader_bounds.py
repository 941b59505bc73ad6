"""Hostile files cost little: bounded memory, one clear error; what YAML tools read differently is refused."""

import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from controller.lab.cases.reader import read_cases
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.positions import PolicyRefused
from tests.support.shipped_policy import SHIPPED

SOURCE = SHIPPED.read_text(encoding="utf-8")


def refused(file: Path) -> list[str]:
    with pytest.raises(PolicyRefused) as info:
        load_policy(file)
    return [str(problem).removeprefix(f"{file}") for problem in info.value.problems]


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
    file = tmp_path / "p.yaml"
    end = len(SOURCE.splitlines()) + 1
    file.write_text(f"{SOURCE}{trap}: x\n", encoding="utf-8")
    assert refused(file) == [f':{end}:1: the key {trap!r} is not text to every YAML tool (write "{trap}")']
    file.write_text(SOURCE.replace("application: storefront", f"application: {trap}"), encoding="utf-8")
    (told,) = refused(file)
    assert told.startswith(":3:14: ")


def test_line_ends_of_an_old_mac_and_of_a_mainframe_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    first = len(SOURCE.splitlines()[0]) + 1
    for end, name in (("\r", "U+000D"), ("\x85", "U+0085"), ("\u2028", "U+2028")):
        file.write_bytes(SOURCE.replace("\n", end).encode())
        assert refused(file) == [f":1:{first}: the character {name} is not allowed here"]


def test_aliases_of_aliases_are_one_error(tmp_path: Path) -> None:
    """A billion laughs, and the same over and over in one list."""
    file = tmp_path / "p.yaml"
    laughs = "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise("abcdefghijklmnopqrstuvwxyz"))
    file.write_text(f"a: &a [lol, lol]\n{laughs}", encoding="utf-8")
    assert refused(file) == [
        ":2:8: an alias inside an anchor: such a file has no bounded size (write the values out)"
    ]
    file.write_text("a: &a [b, *a]\n", encoding="utf-8")
    assert len(refused(file)) == 1
