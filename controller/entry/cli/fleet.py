"""The command `tidegate fleet`: one Region fails for a whole fleet at once.

It shows who waits, for which queue, and how long.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from controller.entry.cli.output import AsJson, ExitCode, emit, fail, stdout

if TYPE_CHECKING:
    from controller.lab.fleet.outage import Outcome


def fleet(
    seed: Annotated[int, typer.Option(metavar="S", min=0, help="What is drawn by chance.")] = 1,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the curves into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let one Region go dark for 66 applications, for 300 and for 1,000, and see how long until the last."""
    from controller.entry.fleet import outages
    from controller.lab.fleet.curve import picture

    found = outages(seed)
    if svg is not None:
        try:
            svg.write_text(picture(found), encoding="utf-8")
        except OSError as error:
            fail(ExitCode.BAD_INPUT, f"cannot write {svg}: {error.strerror}")
    emit("fleet", {"outages": [_fields(one) for one in found]}, lambda _: _table(found), as_json=as_json)


def _fields(one: "Outcome") -> dict[str, object]:
    return {
        "fleet": one.fleet.name,
        "moved": len(one.moved),
        "first_s": round(one.moved[0], 1),
        "median_s": round(one.moved[len(one.moved) // 2], 1),
        "last_s": round(one.moved[-1], 1),
        "decided_last_s": round(max(one.decided), 1),
        "calls": one.sent,
        "throttled": one.throttled,
        "shifts_again": one.retries,
        "longest_waits_s": {name: round(wait, 1) for name, wait in one.waits.items()},
    }


def _table(found: "list[Outcome]") -> None:
    table = Table("fleet", "first", "median", "last", "calls", "refused", "queue waits", box=None)
    for one in found:
        row = _fields(one)
        seconds = (f"{row[name]} s" for name in ("first_s", "median_s", "last_s"))
        table.add_row(
            one.fleet.name, *seconds, str(one.sent), str(one.throttled), f"{one.waits['queue']:.1f} s"
        )
    stdout().print(table)
