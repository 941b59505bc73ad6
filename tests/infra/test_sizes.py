"""The costs of the decision on functions and their sizes, counted again from the templates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from controller.entry.lambdas import HANDLERS
from infra.sizes import EVERY_MINUTES, PROCESSOR, SIZES, SMALL, WARM
from tests.infra.synthesis import Synthesis
from tests.support.sources import ROOT

PAGE = (ROOT / "docs" / "decisions" / "0044-functions-and-their-sizes.md").read_text(encoding="utf-8")
HOURS = 730
DAYS = HOURS / 24
COLD_A_DAY = 12


@dataclass(frozen=True)
class Row:
    """One row of the table. processor, waits: seconds of a call. dollars: memory in MB -> what it costs."""

    what: str
    calls: int
    processor: float
    waits: float
    dollars: dict[int, float]
    has: int


def rows() -> Iterator[Row]:
    for line in PAGE.splitlines():
        cells = [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[1].isdigit():
            what, calls, processor, waits, small, whole, has = cells
            dollars = {SMALL: float(small), PROCESSOR: float(whole)}
            yield Row(what, int(calls), float(processor), float(waits), dollars, int(has))


@pytest.fixture(scope="module")
def table() -> dict[str, Row]:
    found = {row.what: row for row in rows()}
    assert len(found) == 5
    return found


def price(pattern: str) -> float:
    (found,) = re.findall(pattern, PAGE.replace("\n", " "))
    return float(found)


def test_each_calculation_is_that_of_lambda(table: dict[str, Row]) -> None:
    """A call lasts for its work, on the share of a processor that its memory buys, and for its waits."""
    second, million = price(r"([0-9.]+) a GB-second"), price(r"([0-9.]+) a million calls")
    for row in table.values():
        for memory, told in row.dollars.items():
            lasts = row.processor * PROCESSOR / memory + row.waits
            found = row.calls * (lasts * memory / 1024 * second + million / 1e6)
            assert told == pytest.approx(found, abs=0.005), (row.what, memory, found)


def test_the_calls_are_those_that_the_templates_bring(moved: Synthesis, table: dict[str, Row]) -> None:
    def a_month(rate: str) -> int:
        number, unit = re.fullmatch(r"rate\((\d+) (minute|hour)s?\)", rate).groups()  # type: ignore[union-attr]
        return HOURS * {"minute": 60, "hour": 1}[unit] // int(number)

    schedules = [p for _, _, p in moved.of("AWS::Scheduler::Schedule", "tidegate-controller-", least=3)]
    ticks = [a_month(p["ScheduleExpression"]) for p in schedules if p["Name"] == "tidegate-tick"]
    assert table["Tick"].calls == sum(ticks)
    runs = sum(a_month(p["Schedule"]["Expression"]) for _, _, p in moved.of("AWS::Synthetics::Canary"))
    assert table["Observe"].calls == runs * len(ticks), "each Region's events reach each controller"
    warm = len(WARM) * len(ticks) * a_month(f"rate({EVERY_MINUTES} minutes)")
    assert table["keeping five states warm"].calls == warm
    assert table["their cold starts"].calls == round(len(WARM) * len(ticks) * COLD_A_DAY * DAYS)


def test_what_is_deployed_has_the_sizes_of_the_table(moved: Synthesis, table: dict[str, Row]) -> None:
    deployed = {
        p["FunctionName"].rpartition("-")[2]: p["MemorySize"]
        for _, _, p in moved.of("AWS::Lambda::Function", "tidegate-controller-", least=30)
    }
    assert deployed == {name: size.memory for name, size in SIZES.items()}
    assert set(SIZES) == {*HANDLERS, "Console"}, "no two states share one"
    for name in ("Tick", "Observe"):
        assert table[name].has == deployed[name]
    rest = {deployed[name] for name in deployed if name not in ("Tick", "Observe")}
    assert rest == {row.has for what, row in table.items() if what not in ("Tick", "Observe")} == {PROCESSOR}


def test_the_way_to_the_first_control_is_as_long_as_it_says(table: dict[str, Row]) -> None:
    cold = table["their cold starts"].processor * len(WARM)
    told = f"With 512 MB five cold states take {cold * PROCESSOR / SMALL:.1f} s, with 1,769 MB {cold:.1f} s"
    assert told in PAGE
    assert f"reserves what all need at once, {sum(s.at_once for s in SIZES.values())};" in PAGE.replace(
        "\n", " "
    )
