"""`tidegate evacuate`, `disarm`, `arm`: what people do, journalled with who and why."""

from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.incident.state import ENDED
from controller.core.text import plain
from controller.entry.cli.options import ActAs, ContextName, Reason, Yes, acting, confirm, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, stdout
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import remember
from controller.steps.operator.commands import DESPITE
from controller.steps.operator.commands import arm as turn
from controller.steps.operator.commands import arm_fleet as turn_fleet
from controller.steps.operator.commands import evacuate as open_by_hand

Despite = Annotated[
    list[str] | None,
    typer.Option("--despite", help="shared-cause or target-not-ready: set aside, with a second person."),
]
Fleet = Annotated[bool, typer.Option("--fleet", help="Every application whose journal is in this table.")]


def evacuate(
    region: Annotated[str, typer.Argument(metavar="REGION")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the incident has ended.")] = False,
    despite: Despite = None,
    context: ContextName = None,
    act_as: ActAs = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Leave REGION on your word. Readiness, a shared cause, the floor and the approval still bind."""
    unknown = [code for code in despite or () if code not in DESPITE]
    if unknown:
        fail(ExitCode.BAD_INPUT, f"--despite {plain(unknown[0], 60)}: expected one of: {', '.join(DESPITE)}")
    found = open_context(context)
    who = acting(found, act_as)
    confirm(found, f"Traffic will leave {plain(region, 60)}", region, yes=yes)
    deps = found.deps()
    done = open_by_hand(deps, region, who=who, reason=plain(reason, 500), despite=despite or ())
    ended = wait_for(deps, done.incident) if wait and done.incident else None
    ok = done.done and ended in (None, "settled")
    fields = {"region": region, "incident": done.incident, "by": who, "ended": ended}
    sentence = done.sentence if ended is None else f"{done.incident}: {ended}"
    told("evacuate", ok, sentence, fields, as_json=as_json)


def wait_for(deps: Deps, incident: str) -> str:
    while (found := remember(deps).incidents[incident]).phase not in ENDED:
        deps.runtime.sleep(2.0)
    return str(found.phase)


def disarm(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")],
    fleet: Fleet = False, context: ContextName = None, act_as: ActAs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Turn the kill switch: nothing moves until it is armed again."""
    found = open_context(context)
    who = acting(found, act_as)
    turned = (turn_fleet if fleet else turn)(found.deps(), on=False, who=who, reason=plain(reason, 500))
    told("disarm", turned.done, turned.sentence, {"by": who, "fleet": fleet}, as_json=as_json)


def arm(
    reason: Reason = "", fleet: Fleet = False, context: ContextName = None, act_as: ActAs = None,
    yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let it act again."""
    found = open_context(context)
    who = acting(found, act_as)
    deps = found.deps()
    what, word = ("every application", "fleet") if fleet else (deps.application, deps.application)
    confirm(found, f"{what} may move traffic by itself again", word, yes=yes)
    turned = (turn_fleet if fleet else turn)(deps, on=True, who=who, reason=plain(reason, 500))
    told("arm", turned.done, turned.sentence, {"by": who, "fleet": fleet}, as_json=as_json)


def told(name: str, ok: bool, sentence: str, fields: dict[str, Any], *, as_json: bool) -> None:
    told = plain(sentence, 600)
    emit(name, {"ok": ok, "sentence": told, **fields}, lambda: stdout().print(Text(told)), as_json=as_json)
    if not ok:
        raise typer.Exit(ExitCode.NO)
