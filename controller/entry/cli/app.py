"""The tree of commands: each group in its own module, registered here and nowhere else.

A command imports what is heavy (boto3, the rehearsal cloud) when it runs, so that the others start fast.
"""

from importlib.metadata import version
from typing import Annotated

import typer

from controller.entry.cli import act, approve, audit, look, move, operate, policy
from controller.entry.cli.assessments import assessments
from controller.entry.cli.break_glass import break_glass, runbook
from controller.entry.cli.demo import demo
from controller.entry.cli.doctor import doctor
from controller.entry.cli.fleet import fleet
from controller.entry.cli.init import init
from controller.entry.cli.simulate import simulate
from controller.entry.cli.up import up

app = typer.Typer(
    name="tidegate",
    help="Moves traffic out of a failing AWS Region, and tells you why it did, or didn't.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(policy.group, name="policy")
app.add_typer(look.incidents, name="incidents")
app.add_typer(audit.group, name="audit")
for command in (demo, up, look.status, look.why, approve.approve, approve.deny, act.evacuate, act.disarm):
    app.command()(command)
app.command()(act.arm)
app.command()(operate.mute)
app.command()(operate.ack)
app.command()(operate.stand_down)
app.command()(move.restore)
app.command()(move.drill)
app.command()(break_glass)
app.command()(runbook)
app.command()(simulate)
app.command()(init)
app.command()(assessments)
app.command()(fleet)
app.command()(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tidegate {version('tidegate')}")
        raise typer.Exit


@app.callback()
def _tidegate(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an internal error.")] = False,
) -> None:
    """Options of every command. `--debug` is read by `run.main`, which is there before any command is."""
