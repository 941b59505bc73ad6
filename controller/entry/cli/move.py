"""`tidegate restore` and `tidegate drill`: bring a Region home, or rehearse leaving it in production."""

from collections.abc import Callable
from typing import Annotated

import typer

from controller.core.text import plain
from controller.entry.cli.act import told, wait_for
from controller.entry.cli.options import ActAs, ContextName, Yes, acting, confirm, open_context
from controller.entry.cli.output import AsJson
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import remember
from controller.steps.operator import commands
from controller.steps.operator.commands import Done

RegionName = Annotated[str, typer.Argument(metavar="REGION")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it has ended.")]


def restore(
    region: RegionName, reason: Why, wait: Wait = False, context: ContextName = None,
    act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring REGION home on your word. Readiness, the floor and the approval still bind."""

    def begin(deps: Deps, who: str) -> Done:
        return commands.restore(deps, region, who=who, reason=plain(reason, 500))

    what = f"Traffic will return to {plain(region, 60)}"
    _move("restore", what, begin, region, wait, context, act_as, yes, as_json)


def drill(
    region: RegionName, reason: Why, wait: Wait = False, context: ContextName = None,
    act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Leave REGION, stay as long as the policy says, and come home. Blocked where a guard says no."""

    def begin(deps: Deps, who: str) -> Done:
        return commands.drill(deps, region, who=who, reason=plain(reason, 500))

    what = f"Traffic will leave {plain(region, 60)} for a drill, and return"
    _move("drill", what, begin, region, wait, context, act_as, yes, as_json)


def _move(
    name: str, what: str, begin: Callable[[Deps, str], Done], region: str, wait: bool, context: str | None,
    act_as: str | None, yes: bool, as_json: bool,
) -> None:  # fmt: skip
    found = open_context(context)
    who = acting(found, act_as)
    confirm(found, what, region, yes=yes)
    deps = found.deps()
    done = begin(deps, who)
    ended = how_it_ended(deps, done.incident) if wait and done.incident else None
    fields = {"region": region, "incident": done.incident, "by": who, "ended": ended}
    sentence = done.sentence if ended is None else f"{done.incident}: {ended}"
    told(name, done.done and ended in (None, "settled", "succeeded"), sentence, fields, as_json=as_json)


def how_it_ended(deps: Deps, incident: str) -> str:
    """Wait for the end; of a drill its outcome, else the incident's last phase."""
    phase, found = wait_for(deps, incident), remember(deps).incidents[incident]
    return found.outcome or phase if found.intent == "drill" else phase
