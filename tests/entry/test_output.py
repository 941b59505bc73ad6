"""The one answer of a command: names before the layout, and no folded line where no terminal reads."""

import io
import json
from typing import Any

import pytest
from rich.table import Table
from rich.text import Text

from controller.entry.cli import doctor
from controller.entry.cli.output import emit, stdout
from controller.steps.context.names import Names

ANA, BEN = "person-aaaaaaaaaaaaaaaa", "person-bbbbbbbbbbbbbbbb"
NAMES = {ANA: "ana", BEN: "benedikta.with.a.long.name@storefront.example"}


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def laid_out(told: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for who in told["people"]:
        table.add_row(Text(who), Text("|"))
    stdout().print(table)


@pytest.mark.parametrize("out", [io.StringIO, Screen])
def test_a_table_is_measured_by_names_and_not_by_ids(
    out: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = out()
    monkeypatch.setattr("sys.stdout", said)
    monkeypatch.setenv("COLUMNS", "100")
    emit("x", {"people": [ANA, BEN]}, laid_out, as_json=False, names=Names(NAMES.get, lambda: 0.0))
    lines = said.getvalue().splitlines()
    assert [line.split() for line in lines] == [["ana", "|"], [NAMES[BEN], "|"]]
    assert len({line.index("|") for line in lines}) == 1


def test_the_document_and_the_lines_are_of_the_same_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    fields, names = {"by": ANA, "n": 1, "at": [f"by {BEN}"]}, Names(NAMES.get, lambda: 0.0)
    emit("x", fields, seen.append, as_json=False, names=names)
    said = io.StringIO()
    monkeypatch.setattr("sys.stdout", said)
    emit("x", fields, seen.append, as_json=True, names=names)
    assert json.loads(said.getvalue()) == {"schema": "tidegate.x/v1", **seen[0]}
    assert seen == [{"by": "ana", "n": 1, "at": [f"by {NAMES[BEN]}"]}]
    assert fields["by"] == ANA


def test_what_goes_to_no_terminal_is_not_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    where = "canary-of-the-checkout-in-every-region-of-the-world"
    says = " ".join(f"word-{number}" for number in range(60))
    row = {"check": "canaries", "where": where, "verdict": "bad", "says": says}
    for out in (io.StringIO(), Screen()):
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setenv("COLUMNS", "80")
        doctor._print({"findings": [row], "well": False})
        whole = any(where in line and says in line for line in out.getvalue().splitlines())
        assert whole is not out.isatty()
