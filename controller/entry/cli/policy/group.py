"""The commands `tidegate policy …`: work on policy files.

They need no cloud.
"""

import typer

from controller.entry.cli.policy import backtest, check, explain, replay, signals, test
from controller.lab.policy_files.shipped import shipped

group = typer.Typer(help="Work on policy files.", no_args_is_help=True, rich_markup_mode=None)

SHIPPED = shipped("policies/storefront.yaml")

group.command()(check.check)
group.command("test")(test.worked_cases)
group.command()(explain.explain)
group.command()(check.schema)
group.command("compile")(check.compile_)
group.command()(replay.replay)
group.command()(signals.signals)
group.command()(check.reviewed)
group.command()(backtest.backtest)
