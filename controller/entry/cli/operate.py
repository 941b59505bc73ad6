"""`tidegate mute`, `ack`, `stand-down`: what operators set, each journalled with who and why."""

from typing import Annotated

import typer

from controller.core.policy.terms import seconds
from controller.core.text import plain
from controller.entry.cli.act import told
from controller.entry.cli.options import ActAs, ContextName, Yes, acting, confirm, open_context
from controller.entry.cli.output import AsJson, ExitCode, fail
from controller.steps.operator import commands

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
        fail(ExitCode.BAD_INPUT, f"--for {plain(for_, 40)!r}: {error}")
    found = open_context(context)
    who = acting(found, act_as)
    name = plain(what, 200)
    if lasts:
        confirm(found, f"Nothing that {name} says will count for {for_}", name, yes=yes)
    done = commands.mute(found.deps(), what, seconds=lasts, who=who, reason=plain(reason, 500))
    told("mute", done.done, done.sentence, {"what": name, "seconds": lasts, "by": who}, as_json=as_json)


def ack(
    incident: IncidentId, reason: Why, context: ContextName = None, act_as: ActAs = None, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Acknowledge an incident that has ended: the next one may move traffic within the cooldown."""
    found = open_context(context)
    who = acting(found, act_as)
    name = plain(incident, 120)
    confirm(found, f"No cooldown will follow {name}", name, yes=yes)
    done = commands.acknowledge(found.deps(), incident, who=who, reason=plain(reason, 500))
    told("ack", done.done, done.sentence, {"incident": name, "by": who}, as_json=as_json)


def stand_down(
    incident: IncidentId, reason: Why, context: ContextName = None, act_as: ActAs = None, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """End an incident that holds, where it stands: before its traffic moves, or after."""
    found = open_context(context)
    who = acting(found, act_as)
    name = plain(incident, 120)
    confirm(found, f"{name} will end where it stands, and nothing more of it moves", name, yes=yes)
    done = commands.stand_down(found.deps(), incident, who=who, reason=plain(reason, 500))
    told("stand-down", done.done, done.sentence, {"incident": name, "by": who}, as_json=as_json)
