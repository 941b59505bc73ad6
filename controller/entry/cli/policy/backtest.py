"""The command `tidegate policy backtest`: a policy against months of events.

The events may have labels or not.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from controller.core.text import sanitize
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, need, note, stdout
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from controller.core.policy.schema import Policy
    from controller.lab.backtest.evidence import Past
    from controller.lab.backtest.run import Backtest
    from controller.lab.backtest.score import Score, Window
    from controller.lab.backtest.shadow import Export

SHIPPED = shipped("policies/storefront.yaml")


def backtest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSONL of raw EventBridge events.")],
    policy: Annotated[Path, typer.Option("--policy", metavar="P", help="The policy to try.")] = SHIPPED,
    labels: Annotated[
        Path | None, typer.Option(metavar="CSV", help="region,start,end: when a Region was truly impaired.")
    ] = None,
    answer: Annotated[
        str, typer.Option(metavar="TIME", help="How long people take to agree, such as 5m.")
    ] = "0s",
    variants: Annotated[
        str | None, typer.Option("--sweep", metavar="WHAT", help="Such as for=1m..10m,observers=1..3.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of the sweep: FILE.svg and FILE.png.")
    ] = None,
    shadow: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSONL of what a deployed shadow controller decided.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose events count; by default the first event's.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at a line that cannot be read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say how often a policy would have left a Region, rightly or not, beside naive policies."""
    need("lab", "numpy", *(("matplotlib",) if picture else ()))
    from controller.lab.backtest.run import backtest as run

    if picture and not variants:
        fail(ExitCode.BAD_INPUT, "--picture shows a sweep: say which with --sweep")
    loaded, wanted, waits = load_policy(policy).policy, _sweep(variants), _seconds(answer)
    with _of(labels):
        windows = _windows(labels)
    with _of(shadow):
        export = _export(shadow)
    with _of(file):
        past = _past(loaded, file, account, strict=strict)
    with _of(file), _sweepable(), _progress("variants") as tick:
        found = run(loaded, past, windows, answered=waits, wanted=wanted, export=export, tick=tick)
    if picture:
        _draw(found, picture)
    emit("backtest", found.data(), lambda _: _print(found), as_json=as_json)
    if found.shadow is not None and not found.shadow.ready:
        raise typer.Exit(ExitCode.NO)


@contextmanager
def _of(file: Path | None) -> Iterator[None]:
    """End the command with the file's name where the file is bad."""
    from controller.lab.backtest.score import BadLabels
    from controller.lab.backtest.shadow import BadExport
    from controller.lab.replay.events import BadFile

    try:
        yield
    except (BadFile, BadLabels, BadExport) as error:
        fail(ExitCode.BAD_INPUT, f"{sanitize(str(file), 200)} {error}")


@contextmanager
def _sweepable() -> Iterator[None]:
    from controller.lab.backtest.sweep import BadSweep

    try:
        yield
    except BadSweep as error:
        fail(ExitCode.BAD_INPUT, f"--sweep: {error}")


def _sweep(text: str | None) -> "Mapping[str, Sequence[Any]] | None":
    from controller.lab.backtest.sweep import parse_sweep

    with _sweepable():
        return parse_sweep(text) if text else None


def _windows(labels: Path | None) -> "tuple[Window, ...]":
    from controller.lab.backtest.score import read_labels

    return read_labels(labels) if labels is not None else ()


def _export(shadow: Path | None) -> "Export | None":
    from controller.lab.backtest.shadow import read_export

    return read_export(shadow) if shadow is not None else None


def _past(policy: "Policy", file: Path, account: str | None, *, strict: bool) -> "Past":
    from controller.lab.backtest.evidence import past_of
    from controller.lab.replay.events import BadFile, read_recording

    with _progress("reading events") as tick:
        recording = read_recording(file, tick)
    if refused := recording.refused:
        where = f"{sanitize(str(file), 200)}:{refused[0].line}: {refused[0].reason}"
        if strict:
            fail(ExitCode.BAD_INPUT, where)
        note(f"{where}; {len(refused)} lines cannot be read in all")
    if not recording.arrivals:
        raise BadFile("holds no event that can be played")
    return past_of(policy, recording, account)


def _seconds(text: str) -> float:
    from controller.core.policy.terms import seconds

    try:
        return seconds(text)
    except ValueError as error:
        fail(ExitCode.BAD_INPUT, f"--answer {sanitize(text, 40)!r}: {error}")


def _draw(found: "Backtest", base: Path) -> None:
    from controller.lab.backtest.sweep import draw

    try:
        paths = draw(found.points, found.scores[1:], base)
    except OSError as error:
        fail(ExitCode.BAD_INPUT, f"--picture {sanitize(str(base), 200)}: {error.strerror}")
    note(f"drawn: {', '.join(sanitize(str(path), 200) for path in paths)}")


@contextmanager
def _progress(what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr where that is a terminal; otherwise show nothing."""
    from rich.progress import Progress

    if not sys.stderr.isatty():
        yield lambda _share: None
        return
    with Progress(console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _print(found: "Backtest") -> None:
    console = stdout()
    data = found.data()
    days = (found.past.end - found.past.begin) / 86400.0
    console.print(Text(f"{data['from']} to {data['to']}: {days:.1f} days; counts are for a year"))
    scores = [*found.scores, *(point.score for point in found.points if point.score)]
    console.print(table(scores))
    for point in found.points:
        if point.refused:
            console.print(Text(f"{point.name}: no such policy: {sanitize(point.refused, 200)}"))
    if found.shadow is not None:
        shadow = found.shadow
        alone = f"{len(shadow.shadow_alone)} by it alone, {len(shadow.backtest_alone)} by the backtest alone"
        console.print(Text(f"the shadow controller: {len(shadow.agreed)} evacuations agreed, {alone}"))
        console.print(Text("ready to be promoted" if shadow.ready else "not ready to be promoted yet:"))
        for reason in shadow.reasons:
            console.print(Text(f"  {reason}"))


def table(scores: "list[Score]") -> Table:
    """Return a table with one row a policy.

    Counts are for a year; the delay is in minutes.
    """
    shown = Table(box=None, pad_edge=False)
    shown.add_column("policy", no_wrap=True)
    for name in ("evacuations", "approvals", "false", "missed", "delay, min", "flaps", "hours away"):
        shown.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    for each in scores:
        delay = "-" if each.delay is None else f"{each.delay / 60.0:.1f}"
        counts = (each.evacuations, each.approvals, each.false)
        missed = f"{each.missed} of {each.labels}"
        yearly = [f"{each.a_year(count):.1f}" for count in counts]
        rest = (f"{each.a_year(each.flaps):.1f}", f"{each.a_year(each.away):.0f}")
        shown.add_row(each.policy, *yearly, missed, delay, *rest)
    return shown
