"""Commands of operators at the terminal, each journalled with the person and the reason.

`evacuate`, `restore` and `drill` move traffic, and share `_move`; `mute`, `ack`, `stand-down`,
`hand-to-people`, `disarm` and `arm` do not, and share `_set`: open the context, know who acts, ask for the
word to be typed out, act, print the sentence.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
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
from controller.steps.context.names import Names
from controller.steps.operator import commands
from controller.steps.operator.commands import DESPITE, Done
from controller.steps.operator.hand_to_people import hand_to_people as taken_over
from controller.steps.operator.identity import identify, identify_to_stop

Despite = Annotated[
    list[str] | None,
    typer.Option("--despite", help="shared-cause or target-not-ready: set aside, with a second person."),
]
Fleet = Annotated[bool, typer.Option("--fleet", help="Every application whose journal is in this table.")]
IncidentId = Annotated[str, typer.Argument(metavar="INCIDENT")]
RegionName = Annotated[str, typer.Argument(metavar="REGION")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it has ended.")]
Command = Callable[[Deps, str], Done]
"""The outside and who acts -> what came of it."""
Fields = Callable[[str], Mapping[str, Any]]
"""Who acts -> the members of the document."""
Ask = Callable[[Callable[[], Deps]], tuple[str, str]]
"""The outside, made when it is asked for -> what will happen, and the word to type out."""


def evacuate(
    region: RegionName,
    reason: Reason,
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

    what = f"Traffic will leave {sanitize(region, 60)}"
    begin = partial(commands.evacuate, despite=despite or ())
    _move("evacuate", what, begin, region, reason, wait, context, act_as, yes, as_json)


def restore(
    region: RegionName, reason: Reason, wait: Wait = False, context: ContextName = None,
    act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring REGION home on your word. Readiness, the floor and the approval still bind."""
    what = f"Traffic will return to {sanitize(region, 60)}"
    _move("restore", what, commands.restore, region, reason, wait, context, act_as, yes, as_json)


def drill(
    region: RegionName, reason: Reason, wait: Wait = False, context: ContextName = None,
    act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Leave REGION, stay as long as the policy says, and come home. Blocked where a guard says no."""
    what = f"Traffic will leave {sanitize(region, 60)} for a drill, and return"
    _move("drill", what, commands.drill, region, reason, wait, context, act_as, yes, as_json)


def disarm(
    reason: Reason, fleet: Fleet = False, context: ContextName = None, act_as: ActAs = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Turn the kill switch: nothing moves until it is armed again."""
    turn = commands.arm_fleet if fleet else commands.arm

    def act(deps: Deps, who: str) -> Done:
        return turn(deps, on=False, who=who, reason=sanitize(reason, 500))

    _set("disarm", None, act, lambda who: {"by": who, "fleet": fleet}, context, act_as, True, as_json,
         stops=True)  # fmt: skip


def arm(
    reason: Reason = "", fleet: Fleet = False, context: ContextName = None, act_as: ActAs = None,
    yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let it act again."""
    turn = commands.arm_fleet if fleet else commands.arm

    def ask(deps: Callable[[], Deps]) -> tuple[str, str]:
        what, word = ("every application", "fleet") if fleet else (deps().application, deps().application)
        return f"{what} may move traffic by itself again", word

    def act(deps: Deps, who: str) -> Done:
        return turn(deps, on=True, who=who, reason=sanitize(reason, 500))

    _set("arm", ask, act, lambda who: {"by": who, "fleet": fleet}, context, act_as, yes, as_json)


def mute(
    what: Annotated[str, typer.Argument(metavar="SIGNAL|REGION")],
    reason: Reason,
    for_: Annotated[str, typer.Option("--for", help="How long, such as 1h; 0s ends it.")],
    context: ContextName = None, act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take a signal, or all signals about a Region, for unknown: it speaks neither for nor against."""
    try:
        lasts = seconds(for_)
    except ValueError as error:
        fail(ExitCode.BAD_INPUT, f"--for {sanitize(for_, 40)!r}: {error}")
    name = sanitize(what, 200)

    def act(deps: Deps, who: str) -> Done:
        return commands.mute(deps, what, seconds=lasts, who=who, reason=sanitize(reason, 500))

    ask = _asking(f"Nothing that {name} says will count for {for_}", name) if lasts else None
    _set(
        "mute",
        ask,
        act,
        lambda who: {"what": name, "seconds": lasts, "by": who},
        context,
        act_as,
        yes,
        as_json,
    )


def ack(
    incident: IncidentId, reason: Reason, context: ContextName = None, act_as: ActAs = None, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Acknowledge an incident that has ended: its cooldown, or what it was denied or stopped for, ends."""
    name = sanitize(incident, 120)

    def act(deps: Deps, who: str) -> Done:
        return commands.acknowledge(deps, incident, who=who, reason=sanitize(reason, 500))

    ask = _asking(f"Nothing will rest on {name} any more: its Region may be left again at once", name)
    _set("ack", ask, act, lambda who: {"incident": name, "by": who}, context, act_as, yes, as_json)


def stand_down(
    incident: IncidentId, reason: Reason, context: ContextName = None, act_as: ActAs = None, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """End an incident that holds, where it stands: before its traffic moves, or after."""
    name = sanitize(incident, 120)

    def act(deps: Deps, who: str) -> Done:
        return commands.stand_down(deps, incident, who=who, reason=sanitize(reason, 500))

    ask = _asking(f"{name} will end where it stands, and nothing more of it moves", name)
    _set("stand-down", ask, act, lambda who: {"incident": name, "by": who}, context, act_as, yes, as_json)


def hand_to_people(
    incident: IncidentId, reason: Reason, context: ContextName = None, act_as: ActAs = None, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take an incident over by hand: it ends where it stands, whatever its policy says, also half way."""
    name = sanitize(incident, 120)

    def act(deps: Deps, who: str) -> Done:
        return taken_over(deps, incident, who=who, reason=sanitize(reason, 500))

    ask = _asking(f"{name} will end where it stands, and what is left of it is yours to move", name)
    _set("hand-to-people", ask, act, lambda who: {"incident": name, "by": who}, context, act_as, yes, as_json)


def _asking(what: str, word: str) -> Ask:
    return lambda _: (what, word)


def _set(
    name: str, ask: Ask | None, act: Command, fields: Fields,
    context: str | None, act_as: str | None, yes: bool, as_json: bool, *, stops: bool = False,
) -> None:  # fmt: skip
    """Do what changes no traffic.

    ask: the sentence of what will happen, and the word that a person types out first. No controller is asked
    before the person has answered, unless the question itself needs one. stops: it is the brake, which needs
    no name.
    """
    found = open_context(context)
    claimed = acting(found, act_as)
    deps = cache(found.deps)
    if ask is not None:
        what, word = ask(deps)
        confirm(found, what, word, yes=yes)
    who = (identify_to_stop if stops else identify)(deps(), claimed).id
    done = act(deps(), who)
    emit_result(name, done.done, done.sentence, fields(who), as_json=as_json, names=deps().names)


def _move(
    name: str, what: str, begin: Callable[..., Done], region: str, reason: str, wait: bool,
    context: str | None, act_as: str | None, yes: bool, as_json: bool,
) -> None:  # fmt: skip
    """Begin a move of traffic; wait for its end where that is asked."""
    found = open_context(context)
    claimed = acting(found, act_as)
    confirm(found, what, region, yes=yes)
    deps = found.deps()
    who = identify(deps, claimed).id
    done = begin(deps, region, who=who, reason=sanitize(reason, 500))
    ended = how_it_ended(deps, done.incident) if wait and done.incident else None
    fields = {"region": region, "incident": done.incident, "by": who, "ended": ended}
    sentence = done.sentence if ended is None else f"{done.incident}: {ended}"
    ok = done.done and ended in (None, "settled", "succeeded")
    no = ExitCode.BAD_INPUT if done.unknown else ExitCode.NO
    emit_result(name, ok, sentence, fields, as_json=as_json, names=deps.names, no=no)


def how_it_ended(deps: Deps, incident: str) -> str:
    """Wait for the end; return a drill's outcome, else the incident's last phase."""
    while (found := load_state(deps).incidents[incident]).phase not in ENDED:
        deps.runtime.sleep(2.0)
    phase = str(found.phase)
    return found.outcome or phase if found.intent == "drill" else phase


def emit_result(
    name: str, ok: bool, sentence: str, fields: Mapping[str, Any], *, as_json: bool, names: Names,
    no: ExitCode = ExitCode.NO,
) -> None:  # fmt: skip
    """Print the sentence or the document; exit with `no` where the answer is no."""
    document = {"ok": ok, "sentence": sanitize(sentence, 600), **fields}
    emit(name, document, lambda named: stdout().print(Text(named["sentence"])), as_json=as_json, names=names)
    if not ok:
        raise typer.Exit(no)
