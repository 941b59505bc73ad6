"""The command `tidegate policy explain`: the whole tree of a decision.

It prints text or JSON, and draws a picture.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from controller.core.explanation import tree_lines
from controller.core.policy.terms import seconds
from controller.core.text import sanitize
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, problem_fields, stdout
from controller.lab.cases.run import clock
from controller.lab.explain import NAMED, Explained, NotShown, explained, story_case, written_case
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.positions import PolicyRefused
from controller.lab.policy_files.shipped import shipped
from controller.readmodel.decision_tree_svg import tree_svg

SITUATIONS = ", ".join(NAMED)


def explain(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A policy file.")] = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="WORDS", help="A case beside the policy, by its name.")
    ] = None,
    situation: Annotated[
        str, typer.Option("--situation", metavar="NAME", help=f"Without a case: {SITUATIONS}.")
    ] = "dark-deaf",
    region: Annotated[str | None, typer.Option("--region", help="The Region that is decided about.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="4m", help="How long after it began; by default when it moves."),
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw the tree there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show why a policy would act, or not, at a moment of a case: conditions, signals and their ages."""
    path = file or shipped("policies/storefront.yaml")
    try:
        after = None if at is None else 0.0 if at == "0m" else seconds(at)
    except ValueError as error:
        fail(ExitCode.BAD_INPUT, f"--at: {error}")
    if case is None and situation not in NAMED:
        fail(ExitCode.BAD_INPUT, f"--situation: expected one of: {SITUATIONS}")
    try:
        loaded = load_policy(path)
        policy, story = (
            written_case(path, case) if case is not None else story_case(loaded.policy, situation, region)
        )
        found = explained(policy, story, region=region, after=after)
    except PolicyRefused as refused:
        fail(
            ExitCode.BAD_INPUT, str(refused.problems[0]), [problem_fields(each) for each in refused.problems]
        )
    except NotShown as error:
        fail(ExitCode.BAD_INPUT, str(error))
    fields = {"policy": sanitize(str(path), 300), "digest": loaded.policy.digest, **found.data()}
    if svg is not None:
        _draw(svg, found)
    emit("policy-explain", fields, lambda _: _print(found), as_json=as_json)


def _headline(found: Explained) -> str:
    return f"{found.decision.region} at {clock(found.after)}: {found.decision.code}: {found.decision.reason}"


def _draw(svg: Path, found: Explained) -> None:
    tree = found.data()["decision"].get("tree")
    if tree is None:
        fail(ExitCode.NO, f"no condition was asked: {found.decision.code}")
    svg.write_text(tree_svg(tree, title=_headline(found), subtitle=found.story), encoding="utf-8")
    note(f"drawn in {sanitize(str(svg), 300)}")


def _print(found: Explained) -> None:
    console = stdout()
    console.print(Text(sanitize(found.story, 300), style="dim"))
    console.print(Text(sanitize(_headline(found), 600), style="bold"))
    data = found.data()["decision"]
    for line in tree_lines(data["tree"], "  ") if "tree" in data else ():
        console.print(Text(" " * (len(line) - len(line.lstrip())) + sanitize(line, 400)))
    for check in data["checks"]:
        mark = {"true": "+", "false": "-", "unknown": "?"}[check["value"]]
        console.print(Text(f"  {mark} {check['guard']}: {sanitize(check['sentence'], 300)}"))
