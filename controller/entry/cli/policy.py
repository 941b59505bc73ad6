"""`tidegate policy …`: work on policy files. Needs no cloud."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.admission import expected_signals
from controller.core.text import plain
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, problem_fields, stdout
from controller.lab.loader import LoadedPolicy, load_policy
from controller.lab.places import PolicyRefused
from controller.lab.shipped import shipped

group = typer.Typer(help="Work on policy files.", no_args_is_help=True, rich_markup_mode=None)

SHIPPED = shipped("policies/storefront.yaml")

Checked = tuple[Path, LoadedPolicy | PolicyRefused]


@group.callback()
def _policy() -> None:
    """A group stays a group while it has one command."""


@group.command()
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Policy files; by default policies/*.yaml."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether policies load; exit 2 with file, line and column of every problem where one does not."""
    paths = files or sorted(Path("policies").glob("*.yaml"))
    if not paths:
        fail(ExitCode.BAD_INPUT, "no file is named, and no policies/*.yaml is here")
    checked = [(path, _load(path)) for path in paths]
    ok = all(isinstance(result, LoadedPolicy) for _, result in checked)
    fields = {"ok": ok, "files": [_fields(path, result) for path, result in checked]}
    emit("policy-check", fields, lambda: _print(checked), as_json=as_json)
    if not ok:
        raise typer.Exit(ExitCode.BAD_INPUT)


def _load(path: Path) -> LoadedPolicy | PolicyRefused:
    try:
        return load_policy(path)
    except PolicyRefused as refused:
        return refused


def _fields(path: Path, result: LoadedPolicy | PolicyRefused) -> dict[str, Any]:
    file = plain(str(path), 300)
    if isinstance(result, PolicyRefused):
        problems = [problem_fields(problem) for problem in result.problems]
        return {"file": file, "ok": False, "digest": None, "problems": problems}
    policy = result.policy
    return {
        "file": file,
        "ok": True,
        "digest": policy.digest,
        "application": policy.application,
        "enforcement": policy.enforcement,
        "regions": list(policy.regions),
        "signals": len(expected_signals(policy, account="")),
        "problems": [],
    }


def _print(checked: Sequence[Checked]) -> None:
    console = stdout()
    for path, result in checked:
        if isinstance(result, PolicyRefused):
            for problem in result.problems:
                console.print(Text.assemble((problem.place, "bold red"), f": {problem.told}"))
            continue
        policy, count = result.policy, len(expected_signals(result.policy, account=""))
        facts = f"  {policy.digest[:12]}  {policy.enforcement}  {', '.join(policy.regions)}  {count} signals"
        console.print(Text.assemble(f"{plain(str(path), 300)}: ", ("ok", "bold green"), facts))
