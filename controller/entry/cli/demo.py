"""The command `tidegate demo`: a Region breaks on this machine, and the controller answers.

Heavy modules are imported when the command runs, so that other commands start without them.
"""

import errno
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from controller.core.text import sanitize
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, stdout
from controller.entry.cli.policy.group import SHIPPED
from controller.readmodel.page_text import escaped
from controller.steps.context.names import Names

if TYPE_CHECKING:
    from controller.entry.demo.play import Wanted

DEFAULT_SPEED, SPEED_WITH_PEOPLE = 60.0, 20.0
SLOWEST, FASTEST, TRIED = 0.5, 300.0, 60.0


def demo(
    scenario: Annotated[
        str, typer.Option(metavar="NAME", help="What goes wrong; see --list.")
    ] = "region-dark",
    region: Annotated[str | None, typer.Option(metavar="REGION", help="The Region that breaks.")] = None,
    speed: Annotated[
        float | None,
        typer.Option(metavar="N", help="Scenario seconds in a second: 60, or 20 with --approve ask."),
    ] = None,
    approve: Annotated[
        Literal["auto", "ask", "deny"],
        typer.Option(help="Who answers: auto approves, ask waits for `tidegate approve`, deny."),
    ] = "auto",
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The policy to rehearse.")] = SHIPPED,
    as_json: AsJson = False,
    plain_lines: Annotated[bool, typer.Option("--plain", help="One line per happening, no screen.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The report; by default reports/NAME.html.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="For everything that is drawn by lot.")] = 1,
    listed: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
) -> None:
    """Break a Region of a shop on this machine, and watch the traffic move; exit 1 if it went wrong."""
    from controller.entry.demo import rehearsal
    from controller.entry.demo.play import Wanted
    from controller.lab.scenarios import SCENARIOS

    if listed:
        fields = {"scenarios": [{"name": s.name, "says": s.says, "must": s.must} for s in SCENARIOS.values()]}
        emit("scenarios", fields, _list, as_json=as_json)
        return
    if scenario not in SCENARIOS:
        fail(ExitCode.BAD_INPUT, f"no scenario {sanitize(scenario, 60)!r}; there are: {', '.join(SCENARIOS)}")
    live = rehearsal.live(policy)
    source = region or next(iter(live.regions))
    if source not in live.regions:
        known = ", ".join(live.regions)
        fail(ExitCode.BAD_INPUT, f"the policy guards no Region {sanitize(source, 60)!r}; it guards: {known}")
    pace = (SPEED_WITH_PEOPLE if approve == "ask" else DEFAULT_SPEED) if speed is None else speed
    if not SLOWEST <= pace <= FASTEST:
        fail(ExitCode.BAD_INPUT, f"--speed {pace:g} is out of range; expected {SLOWEST:g} to {FASTEST:g}")
    if pace > TRIED:
        note(f"tidegate: beyond --speed {TRIED:g} a busy machine falls behind and a run may go wrong")
    wanted = Wanted(scenario, source, pace, approve, live, seed)
    on_screen = not (plain_lines or as_json) and stdout().is_terminal
    _run(wanted, report or Path("reports") / f"{scenario}.html", as_json=as_json, on_screen=on_screen)


def _run(wanted: "Wanted", path: Path, *, as_json: bool, on_screen: bool) -> None:
    from controller.audit.report.run_html import page
    from controller.entry.demo.files import ReportFile
    from controller.entry.demo.log import LogPrinter, fields, summary
    from controller.entry.demo.play import Show, play_demo
    from controller.entry.demo.screen import Screen
    from controller.lab.environment.estate import driven_otherwise
    from controller.rehearsal.wire.server import PortInUse

    out = stdout()
    line: Callable[[str], None] = note if as_json else out.print
    show: Show = partial(Screen, out) if on_screen else partial(LogPrinter, line)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(ReportFile(path))
        except OSError as error:
            told = f"cannot write the report {sanitize(str(path), 200)}: {error.strerror}"
            fail(ExitCode.INTERNAL if error.errno == errno.ENOSPC else ExitCode.BAD_INPUT, told)
        line("A rehearsal runs the policy live, whatever it says of enforcement, windows and drill times.")
        if said := driven_otherwise(wanted.policy):
            line(said)
        try:
            story = play_demo(wanted, show)
        except PortInUse as error:
            fail(ExitCode.INTERNAL, str(error))
        names = Names(story.people.get, lambda: 0.0)
        file.write(names.text(page(story), escaped))
    emit(
        "demo",
        fields(story, path),
        lambda _: summary(stdout(), story, path, names),
        as_json=as_json,
        names=names,
    )
    if not story.ok:
        raise typer.Exit(ExitCode.NO)


def _list(_: dict[str, Any]) -> None:
    from controller.lab.scenarios import SCENARIOS

    out = stdout()
    for each in SCENARIOS.values():
        out.print(f"{each.name:<20} must {each.must:<5} {each.says}")
