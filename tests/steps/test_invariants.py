"""Each invariant is held by a test that there is, and broken in one where its guard is taken out."""

import ast
import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from inspect import getsource, signature
from pathlib import Path
from typing import Any

import pytest

from tests.steps.invariants import HANDED_IN, PROOFS

PAGE = (Path(__file__).parents[2] / "docs" / "invariants.md").read_text(encoding="utf-8")
SAFE = [f"S{n}" for n in range(1, 24)]
IDS = [*SAFE, *(f"A{n}" for n in range(1, 10)), "L1", "L2", "L3", "L4", "L7", "L8"]


@cache
def found(name: str) -> Callable[..., Any]:
    """The test of `room/file::test[case]`, as pytest would collect it; `KeyError` if there is none."""
    place, _, test = name.partition("::")
    test, _, case = test.rstrip("]").partition("[")
    assert place.split("/")[1].startswith("test_")
    assert test.startswith("test_")
    function: Callable[..., Any] = vars(import_module(f"tests.{place.replace('/', '.')}"))[test]
    if case:
        mark = next(m for m in function.pytestmark if m.name == "parametrize")  # type: ignore[attr-defined]
        assert case in [mark.kwargs["ids"](value) for value in mark.args[1]]
    return function


def takes_out(name: str) -> bool:
    """Whether a test changes what runs, and asserts."""
    source = getsource(found(name))
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))
    patches = "monkeypatch" in signature(found(name)).parameters
    return (asserts or "pytest.raises" in source) and (patches or name in HANDED_IN)


def test_every_invariant_has_its_proof() -> None:
    assert list(PROOFS) == IDS


@pytest.mark.parametrize("id_", IDS)
def test_an_invariant_is_held_by_a_test_and_broken_by_one_without_its_guard(id_: str) -> None:
    proof = PROOFS[id_]
    assert proof.holds
    assert proof.without
    assert all(callable(found(name)) for name in proof.holds)
    assert [name for name in proof.without if not takes_out(name)] == []


def test_the_page_names_the_same_files() -> None:
    told = dict(re.findall(r"^\| (\w\d+) \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE))
    assert list(told) == IDS
    for id_, cell in told.items():
        files = {name.partition("/")[2].partition("::")[0] for name in PROOFS[id_].without}
        assert set(re.findall(r"`(\w+)`", cell)) == files, id_
