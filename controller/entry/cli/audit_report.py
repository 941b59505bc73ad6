"""The command `tidegate audit report`: figures over time."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.explanation import format_time
from controller.core.text import sanitize
from controller.entry.cli.names_file import NamesFile, as_claimed
from controller.entry.cli.options import ContextName, moment, open_archive
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, stdout
from controller.readmodel.page_text import escaped

WHEN = "2030-01-01T08:14:00Z, 08:14 or -90d."


def report(
    since: Annotated[str, typer.Option("--from", help=f"{WHEN} By default 90 days ago.")] = "-90d",
    to: Annotated[str | None, typer.Option("--to", help=f"{WHEN} By default now.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page with a picture too.")
    ] = None,
    names: NamesFile = None,
    context: ContextName = None,
    as_json: AsJson = False,
) -> None:
    """Figures over time: evacuations, their times, approvals, drills, hours armed, gaps, policies."""
    from controller.audit.report.period_html import review
    from controller.audit.statistics import account, figures
    from controller.steps.context.situation import FLEET

    archive = open_archive(context)
    begin, end = (
        moment(since, archive.now, "--from"),
        archive.now if to is None else moment(to, archive.now, "--to"),
    )
    if begin >= end:
        fail(ExitCode.BAD_INPUT, f"--from {format_time(begin)} is not before --to {format_time(end)}")
    policy = archive.policy
    counted = account(
        policy.application,
        archive.read(policy.application),
        archive.read(FLEET),
        policy.controllers,
        begin,
        min(end, archive.now),
    )
    told, shown = figures(counted), archive.names if names is None else as_claimed(names)
    if html is not None:
        try:
            html.write_text(shown.text(review(counted), escaped), encoding="utf-8")
        except OSError as error:
            fail(ExitCode.BAD_INPUT, f"{sanitize(str(html), 300)} cannot be written: {error.strerror}")
        note(f"{sanitize(str(html), 300)}: the same with a picture")
    emit("audit-report", told, _print, as_json=as_json, names=shown)


def _print(told: dict[str, Any]) -> None:
    from controller.audit.report.period_html import sections

    out = stdout()
    out.print(Text(sanitize(f"{told['application']}, {told['from']} to {told['to']}", 300), style="bold"))
    for title, rows in sections(told):
        out.print(Text(f"\n{title}", style="bold"))
        for what, figure in rows:
            out.print(Text(f"  {sanitize(what, 200):<44}  {sanitize(figure, 200)}"))
    out.print(Text("\nPolicies that came into force", style="bold"))
    for each in told["policies"]:
        who = ", ".join(each["reviewed_by"]) or "nobody that it names"
        line = f"{each['at']}  {each['digest'][:12]}  {each['enforcement']}  loaded by {each['by']}"
        line += f", reviewed by {who}"
        out.print(Text("  " + sanitize(line, 300)))
    if not told["policies"]:
        out.print(Text("  none in this period"))
