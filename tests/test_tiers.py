"""The tiers: what they name is there, and no subject is left to the slower ones alone."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests import prove
from tests.support.sources import ROOT
from tests.tiers import ATTACKS, CHECK

PEERS = re.compile(r"^(\w+):.* \$\(PEERS\)", re.MULTILINE)
MAKE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_what_a_tier_names_is_there() -> None:
    assert [place for place in (*CHECK, *ATTACKS) if not (ROOT / place).exists()] == []


def test_every_room_but_the_recorded_cases_and_the_mutants_is_in_the_quick_tier() -> None:
    rooms = {f"tests/{path.parent.name}/" for path in (ROOT / "tests").glob("*/test_*.py")}
    assert len(rooms) >= 12
    assert rooms & set(CHECK) == {"tests/cases/", "tests/mutate/"}


def test_a_change_lands_by_test_and_check_and_a_demo() -> None:
    steps = re.findall(r"^make (\w+)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert steps == ["test", "check", "demo"]
    assert '-m "not check"' in MAKE
    assert "-m check" in MAKE
    assert "tests.prove --slice" in MAKE


def test_whatever_runs_a_bench_installs_its_peers_first_and_nothing_else_does() -> None:
    runs = re.findall(r"^(\w+):[^\n]*\n(?:\t[^\n]*\n)*?\t[^\n]*-m tests\.(?:bench|prove)", MAKE, re.MULTILINE)
    assert sorted(PEERS.findall(MAKE)) == sorted(runs) == ["bench", "check", "prove"]


def test_without_the_peers_a_proof_is_refused_and_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prove, "PEERS", ("json", "a_peer_that_is_not_there"))
    monkeypatch.setattr(sys, "argv", ["prove", "--slice", "1"])
    assert prove.main() == 2
    assert capsys.readouterr().out.startswith("a_peer_that_is_not_there: not installed")


def test_the_peers_are_what_benches_import_and_make_setup_does_not_install() -> None:
    whole, peers = (
        set(re.findall(r"^([a-z][\w.-]*)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        for lock in ("requirements.lock", "requirements-bench.lock")
    )
    named = set(_imported(ROOT / "tests" / "bench")) - sys.stdlib_module_names - {"controller", "tests"}
    from_where = packages_distributions()
    installed = {name for name in named if whole & {each.lower() for each in from_where.get(name, ())}}
    assert {"boto3", "numpy", "pydantic"} <= installed
    assert named - installed == set(prove.PEERS)
    assert peers - whole == {"pandas", "simpy", "zen-engine"}


def _imported(folder: Path) -> Iterator[str]:
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield (node.module or "").partition(".")[0]
