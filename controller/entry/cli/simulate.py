"""The command `tidegate simulate`: randomised outages under faults, in virtual time.

It checks the invariants after every step. With `--kill-matrix` the driving controller dies at each external
call of an evacuation.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from controller.core.text import sanitize
from controller.entry.cli.output import Bar, ExitCode, emit, fail, stdout

if TYPE_CHECKING:
    from controller.entry.simulation import Matrix
    from controller.lab.simulate.kill_matrix import Cell, Ended
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from controller.entry.cli.output import AsJson

if TYPE_CHECKING:
    from controller.entry.simulation import SeedOptions
    from controller.lab.simulate.report import Totals
SEEDS = 20
Traced = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write down everything that is seen of one seed.")
]
Kills = Annotated[
    bool, typer.Option("--kill-matrix", help="The driver dies at each external call of an evacuation.")
]
OneCell = Annotated[
    str, typer.Option(metavar="CALL:MOMENT", help="One cell of the kill matrix, such as 264:applied.")
]
Days = Annotated[
    int | None,
    typer.Option("--month", metavar="DAYS", min=1, max=31, help="Count the pages of so many days."),
]


def kill_matrix(cell: str, jobs: int, trace: Path | None, *, as_json: bool) -> None:
    """Play all cells, or the one that `cell` names (CALL:MOMENT).

    Exit 1 where one goes wrong.
    """
    from controller.entry.simulation import deaths_played, die_traced, matrix

    try:
        found = matrix(_cell(cell) if cell else None)
    except LookupError as error:
        fail(ExitCode.BAD_INPUT, f"no cell {sanitize(cell, 40)!r}: {error}")
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
    emit("kill-matrix", _matrix_fields(found, ended), lambda _: _print_matrix(found, ended), as_json=as_json)
    if wrong:
        raise typer.Exit(ExitCode.NO)


def month(days: int, seed: int, jobs: int, *, as_json: bool) -> None:
    """Play a month, and count its pages.

    Exit 1 where a quiet day has one, a storm too many, or a dark minute none.
    """
    from controller.entry.simulation import month_played
    from controller.lab.simulate.month import month_lines, part_fields, parts

    wanted, every = parts(seed, days), []
    with Bar("parts", len(wanted)) as bar:
        for told in month_played(wanted, min(jobs, len(wanted))):
            every.append(told)
            bar.step(said=f"{told.part.life}" + (" WRONG" if told.wrong else ""))
    fields = {"days": days, "parts": [part_fields(told) for told in every]}
    emit("month", fields, lambda _: _print(month_lines(every)), as_json=as_json)
    if any(told.wrong for told in every):
        raise typer.Exit(ExitCode.NO)


def _cell(spelt: str) -> "Cell":
    from controller.lab.simulate.kill_matrix import Cell
    from controller.lab.simulate.world.weather import MOMENTS

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
        stdout().print(Text(sanitize(line, 400)))


def simulate(
    seeds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many; 20, or 1 with --seed.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="S", min=0, help="The first of them; by default 1.")
    ] = None,
    faults: Annotated[str, typer.Option(metavar="NAMES", help="Only these, with commas; see --list.")] = "",
    phase: Annotated[
        Literal["safety", "liveness", "both"],
        typer.Option(help="safety: faults come and go; liveness: a core heals, the rest stays broken."),
    ] = "both",
    length: Annotated[
        Literal["usual", "long", "converging", "short", "aimed", "brief"],
        typer.Option(help="usual: even seeds aim; of the odd ones some are long or converge."),
    ] = "usual",
    jobs: Annotated[
        int, typer.Option(metavar="J", min=1, max=64, help="Processes; the output is the same.")
    ] = 1,
    trace: Traced = None,
    kills: Kills = False,
    cell: OneCell = "",
    days: Days = None,
    as_json: AsJson = False,
    listed: Annotated[bool, typer.Option("--list", help="List the faults.")] = False,
) -> None:
    """Play thousands of outages with faults in every crack; exit 1 if an invariant breaks.

    Also where a thousand seeds or more did not meet every decision code, and every fault in every state.
    """
    from controller.entry.simulation import SeedOptions
    from controller.lab.simulate.faults.catalogue import FAULTS

    if listed:
        emit("faults", {"faults": list(FAULTS)}, lambda _: stdout().print("\n".join(FAULTS)), as_json=as_json)
        return
    if kills or cell:
        kill_matrix(cell, jobs, trace, as_json=as_json)
        return
    if days is not None:
        month(days, 1 if seed is None else seed, jobs, as_json=as_json)
        return
    options = SeedOptions(_named(faults, FAULTS), phase, trace, None if length == "usual" else length)
    first = 1 if seed is None else seed
    count = seeds or (SEEDS if seed is None else 1)
    if trace is not None and count > 1:
        fail(ExitCode.BAD_INPUT, "--trace writes down one seed: name it with --seed")
    _play(range(first, first + count), options, jobs, as_json=as_json)


def _named(faults: str, known: Iterable[str]) -> tuple[str, ...]:
    names = tuple(name for name in faults.split(",") if name)
    unknown = [name for name in names if name not in known]
    if unknown:
        fail(ExitCode.BAD_INPUT, f"no fault {sanitize(unknown[0], 60)!r}; there are: {', '.join(known)}")
    return names


def _play(seeds: range, options: "SeedOptions", jobs: int, *, as_json: bool) -> None:
    from controller.entry.simulation import played
    from controller.lab.simulate.report import Totals, broken_lines, outcome_fields, summary_lines

    totals, outcomes = Totals(_states()), []
    with Bar("seeds", len(seeds)) as bar:
        for outcome in played(seeds, options, min(jobs, len(seeds))):
            totals.add(outcome)
            outcomes.append(outcome_fields(outcome, options.phase, options.faults))
            bar.step(said=f"seed {outcome.seed}" + (" BROKEN" if outcome.breaks else ""))

    def human(_: dict[str, Any]) -> None:
        for broken in totals.broken:
            _print(broken_lines(broken, options.phase, options.faults))
        _print(summary_lines(totals))

    emit("simulate", _fields(totals) | {"outcomes": outcomes}, human, as_json=as_json)
    whole = not options.faults and options.phase == "both" and options.length is None
    if totals.broken or (whole and totals.lacking):
        raise typer.Exit(ExitCode.NO)


def _print(lines: Iterable[str]) -> None:
    out = stdout()
    for line in lines:
        out.print(Text(sanitize(line, 400)))


def _states() -> tuple[str, ...]:
    from controller.entry.lambdas import HANDLERS

    return tuple(HANDLERS)


def _fields(totals: "Totals") -> dict[str, object]:
    return {
        "seeds": totals.seeds,
        "simulated_seconds": round(totals.seconds),
        "facts": totals.steps,
        "counts": dict(sorted(totals.counts.items())),
        "decisions": dict(sorted(totals.codes.items())),
        "quiet_seeds": totals.quiet,
        "unmet_codes": totals.unmet_codes(),
        "unmet_pairs": [list(pair) for pair in totals.unmet()],
        "broken": [outcome.seed for outcome in totals.broken],
    }
