"""`tidegate mute`, `ack`, `stand-down`: what operators set, each journalled with who and why.

`tidegate evacuate`, `disarm`, `arm`: what people do, journalled with who and why.

`tidegate restore` and `tidegate drill`: bring a Region home, or rehearse leaving it in production.
"""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.incident.state import ENDED
from controller.core.policy.terms import seconds
from controller.core.text import sanitize
from controller.entry.cli.options import ActAs, ContextName, Reason, Yes, acting, confirm, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, stdout
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state
from controller.steps.operator import commands
from controller.steps.operator.commands import DESPITE, Done
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
        fail(
            ExitCode.BAD_INPUT, f"--despite {sanitize(unknown[0], 60)}: expected one of: {', '.join(DESPITE)}"
        )
    found = open_context(context)
    who = acting(found, act_as)
    confirm(found, f"Traffic will leave {sanitize(region, 60)}", region, yes=yes)
    deps = found.deps()
    done = open_by_hand(deps, region, who=who, reason=sanitize(reason, 500), despite=despite or ())
    ended = wait_for(deps, done.incident) if wait and done.incident else None
    ok = done.done and ended in (None, "settled")
    fields = {"region": region, "incident": done.incident, "by": who, "ended": ended}
    sentence = done.sentence if ended is None else f"{done.incident}: {ended}"
    emit_result("evacuate", ok, sentence, fields, as_json=as_json)


def wait_for(deps: Deps, incident: str) -> str:
    while (found := load_state(deps).incidents[incident]).phase not in ENDED:
        deps.runtime.sleep(2.0)
    return str(found.phase)


def disarm(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")],
    fleet: Fleet = False, context: ContextName = None, act_as: ActAs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Turn the kill switch: nothing moves until it is armed again."""
    found = open_context(context)
    who = acting(found, act_as)
    turned = (turn_fleet if fleet else turn)(found.deps(), on=False, who=who, reason=sanitize(reason, 500))
    emit_result("disarm", turned.done, turned.sentence, {"by": who, "fleet": fleet}, as_json=as_json)


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
    turned = (turn_fleet if fleet else turn)(deps, on=True, who=who, reason=sanitize(reason, 500))
    emit_result("arm", turned.done, turned.sentence, {"by": who, "fleet": fleet}, as_json=as_json)


def emit_result(name: str, ok: bool, sentence: str, fields: dict[str, Any], *, as_json: bool) -> None:
    emit_result = sanitize(sentence, 600)
    emit(
        name,
        {"ok": ok, "sentence": emit_result, **fields},
        lambda: stdout().print(Text(emit_result)),
        as_json=as_json,
    )
    if not ok:
        raise typer.Exit(ExitCode.NO)


Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")]
IncidentId = Annotated[str, typer.Argument(metavar="INCIDENT")]


def mute(
    what: Annotated[str, typer.Argument(metavar="SIGNAL|REGION")],
    reason: Why,
    for_: Annotated[str, typer.Option("--for", help="How long, such as 1h; 0s ends it.")],
    context: ContextName = None, act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take a signal, or all signals about a Region, for unknown: it speaks neither for nor against."""
    try:
        lasts = seconds(for_)
    except ValueError as error:
        fail(ExitCode.BAD_INPUT, f"--for {sanitize(for_, 40)!r}: {error}")
    found = open_context(context)
    who = acting(found, act_as)
    name = sanitize(what, 200)
    if lasts:
        confirm(found, f"Nothing that {name} says will count for {for_}", name, yes=yes)
    done = commands.mute(found.deps(), what, seconds=lasts, who=who, reason=sanitize(reason, 500))
    emit_result(
        "mute", done.done, done.sentence, {"what": name, "seconds": lasts, "by": who}, as_json=as_json
    )


def ack(
    incident: IncidentId, reason: Why, context: ContextName = None, act_as: ActAs = None, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Acknowledge an incident that has ended: the next one may move traffic within the cooldown."""
    found = open_context(context)
    who = acting(found, act_as)
    name = sanitize(incident, 120)
    confirm(found, f"No cooldown will follow {name}", name, yes=yes)
    done = commands.acknowledge(found.deps(), incident, who=who, reason=sanitize(reason, 500))
    emit_result("ack", done.done, done.sentence, {"incident": name, "by": who}, as_json=as_json)


def stand_down(
    incident: IncidentId, reason: Why, context: ContextName = None, act_as: ActAs = None, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """End an incident that holds, where it stands: before its traffic moves, or after."""
    found = open_context(context)
    who = acting(found, act_as)
    name = sanitize(incident, 120)
    confirm(found, f"{name} will end where it stands, and nothing more of it moves", name, yes=yes)
    done = commands.stand_down(found.deps(), incident, who=who, reason=sanitize(reason, 500))
    emit_result("stand-down", done.done, done.sentence, {"incident": name, "by": who}, as_json=as_json)


RegionName = Annotated[str, typer.Argument(metavar="REGION")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it has ended.")]


def restore(
    region: RegionName, reason: Why, wait: Wait = False, context: ContextName = None,
    act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring REGION home on your word. Readiness, the floor and the approval still bind."""

    def begin(deps: Deps, who: str) -> Done:
        return commands.restore(deps, region, who=who, reason=sanitize(reason, 500))

    what = f"Traffic will return to {sanitize(region, 60)}"
    _move("restore", what, begin, region, wait, context, act_as, yes, as_json)


def drill(
    region: RegionName, reason: Why, wait: Wait = False, context: ContextName = None,
    act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Leave REGION, stay as long as the policy says, and come home. Blocked where a guard says no."""

    def begin(deps: Deps, who: str) -> Done:
        return commands.drill(deps, region, who=who, reason=sanitize(reason, 500))

    what = f"Traffic will leave {sanitize(region, 60)} for a drill, and return"
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
    emit_result(
        name, done.done and ended in (None, "settled", "succeeded"), sentence, fields, as_json=as_json
    )


def how_it_ended(deps: Deps, incident: str) -> str:
    """Wait for the end; of a drill its outcome, else the incident's last phase."""
    phase, found = wait_for(deps, incident), load_state(deps).incidents[incident]
    return found.outcome or phase if found.intent == "drill" else phase
