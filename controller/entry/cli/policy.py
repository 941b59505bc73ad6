"""`tidegate policy …`: work on policy files. Needs no cloud."""

import typer

from controller.entry.cli import (
    policy_backtest,
    policy_cases,
    policy_check,
    policy_explain,
    policy_replay,
    policy_reviewed,
    policy_show,
    policy_signals,
)
from controller.lab.shipped import shipped

group = typer.Typer(help="Work on policy files.", no_args_is_help=True, rich_markup_mode=None)

SHIPPED = shipped("policies/storefront.yaml")

group.command()(policy_check.check)
group.command("test")(policy_cases.worked_cases)
group.command()(policy_explain.explain)
group.command()(policy_show.schema)
group.command("compile")(policy_show.compile_)
group.command()(policy_replay.replay)
group.command()(policy_signals.signals)
group.command()(policy_reviewed.reviewed)
group.command()(policy_backtest.backtest)
