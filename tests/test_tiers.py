"""The tiers: what they name is there, and no subject is left to the slower ones alone."""

import re

from tests.support.sources import ROOT
from tests.tiers import ATTACKS, CHECK

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
