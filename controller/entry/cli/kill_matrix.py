"""`tidegate simulate --kill-matrix`: the driving controller dies at each external call of an evacuation."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from controller.core.text import plain
from controller.entry.cli.bar import Bar
from controller.entry.cli.output import ExitCode, emit, fail, stdout

if TYPE_CHECKING:
    from controller.entry.simulation import Matrix
    from controller.lab.simulate.kills import Cell, Ended


def kill_matrix(cell: str, jobs: int, trace: Path | None, *, as_json: bool) -> None:
    """All cells, or the one that `cell` names (CALL:MOMENT); exit 1 where one goes wrong."""
    from controller.entry.simulation import deaths_played, die_traced, matrix

    try:
        found = matrix(_cell(cell) if cell else None)
    except LookupError as error:
        fail(ExitCode.BAD_INPUT, f"no cell {plain(cell, 40)!r}: {error}")
    if trace is not None:
        if not cell:
            fail(ExitCode.BAD_INPUT, "--trace writes down one death: name it with --cell")
        ended = [die_traced(found.deaths[0], trace)]
    else:
        ended = []
        with Bar("deaths", len(found.deaths)) as bar:
            for part in deaths_played(found, min(jobs, len(found.deaths))):
                ended += part
                bar.step(len(part))
    wrong = [one for one in ended if one.breaks]
    emit("kill-matrix", _matrix_fields(found, ended), lambda: _print_matrix(found, ended), as_json=as_json)
    if wrong:
        raise typer.Exit(ExitCode.NO)


def _cell(spelt: str) -> "Cell":
    from controller.lab.simulate.kills import Cell
    from controller.lab.simulate.weather import MOMENTS

    number, _, moment = spelt.partition(":")
    moments = {name: name for name in MOMENTS}
    if not number.isdecimal() or moment not in moments:
        fail(ExitCode.BAD_INPUT, f"--cell is CALL:MOMENT; moments are: {', '.join(MOMENTS)}")
    return Cell(int(number), moments[moment])


def _matrix_fields(found: "Matrix", ended: list["Ended"]) -> dict[str, Any]:
    by_number = {call.number: call for call in found.calls}
    return {
        "calls": len(found.calls),
        "cells": len(found.cells),
        "deaths": [
            {
                "cell": f"{one.cell.number}:{one.cell.moment}",
                "function": by_number[one.cell.number].function,
                "call": by_number[one.cell.number].operation,
                "seconds": round(one.seconds, 3),
                "takeovers": one.takeovers,
                "digest": one.digest,
                "breaks": [f"{broken.id}: {broken.sentence}" for broken in one.breaks],
            }
            for one in ended
        ],
        "longest_seconds": round(max(one.seconds for one in ended), 3),
        "broken": [f"{one.cell.number}:{one.cell.moment}" for one in ended if one.breaks],
    }


def _print_matrix(found: "Matrix", ended: list["Ended"]) -> None:
    by_number = {call.number: call for call in found.calls}
    lines = []
    for one in ended:
        for broken in one.breaks[:1]:
            call, spelt = by_number[one.cell.number], f"{one.cell.number}:{one.cell.moment}"
            lines += [
                *broken.last,
                f"cell {spelt} ({call.function}, {call.operation}): {broken.id} is broken: {broken.sentence}",
                f"  tidegate simulate --kill-matrix --cell {spelt} --trace cell.txt",
            ]
    taken, wrong = sum(one.takeovers > 0 for one in ended), sum(bool(one.breaks) for one in ended)
    lines += [
        f"{len(found.calls)} calls of one evacuation, {len(found.cells)} cells, "
        f"{len(found.deaths)} different deaths",
        f"  taken over after {taken}, finished by the first to see it after {len(ended) - taken}; "
        f"the longest took {max(one.seconds for one in ended):.0f} s",
        f"  {wrong} broke an invariant" if wrong else "  one effect each, and no invariant was broken",
    ]
    for line in lines:
        stdout().print(Text(plain(line, 400)))
