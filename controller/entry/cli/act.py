"""`tidegate approve`, `deny`, `evacuate`, `disarm`, `arm`: what people do, journalled with who and why."""

from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.incident import ENDED
from controller.core.text import plain
from controller.entry.cli.options import ActAs, ContextName, Reason, Yes, acting, confirm, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, stdout
from controller.steps.answer import answer
from controller.steps.context import Deps, remember
from controller.steps.operate import arm as turn
from controller.steps.operate import evacuate as open_by_hand

RequestId = Annotated[str, typer.Argument(metavar="ID", help="The request's id, from the notice.")]


def approve(
    request: RequestId, reason: Reason = "", context: ContextName = None, act_as: ActAs = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Approve a request. The evidence is judged again now; the answer counts once."""
    _answer(request, approve=True, reason=reason, context=context, act_as=act_as, as_json=as_json)


def deny(
    request: RequestId, reason: Reason = "", context: ContextName = None, act_as: ActAs = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Deny a request. Final for this request; no traffic moves."""
    _answer(request, approve=False, reason=reason, context=context, act_as=act_as, as_json=as_json)


def _answer(
    request: str, *, approve: bool, reason: str, context: str | None, act_as: str | None, as_json: bool
) -> None:
    found = open_context(context)
    who = acting(found, act_as)
    given = answer(found.deps(), request, who=who, approve=approve, reason=plain(reason, 500))
    name = "approve" if approve else "deny"
    _tell(name, given.counted, given.sentence, {"request": request, "by": who}, as_json=as_json)


def evacuate(
    region: Annotated[str, typer.Argument(metavar="REGION")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the incident has ended.")] = False,
    context: ContextName = None,
    act_as: ActAs = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Leave REGION on your word. Readiness, a shared cause, the floor and the approval still bind."""
    found = open_context(context)
    who = acting(found, act_as)
    confirm(found, f"Traffic will leave {plain(region, 60)}", region, yes=yes)
    deps = found.deps()
    done = open_by_hand(deps, region, who=who, reason=plain(reason, 500))
    ended = _wait_for(deps, done.incident) if wait and done.incident else None
    ok = done.done and ended in (None, "settled")
    fields = {"region": region, "incident": done.incident, "by": who, "ended": ended}
    sentence = done.sentence if ended is None else f"{done.incident}: {ended}"
    _tell("evacuate", ok, sentence, fields, as_json=as_json)


def _wait_for(deps: Deps, incident: str) -> str:
    while (found := remember(deps).incidents[incident]).phase not in ENDED:
        deps.runtime.sleep(2.0)
    return str(found.phase)


def disarm(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")],
    context: ContextName = None, act_as: ActAs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Turn the kill switch: nothing moves until it is armed again."""
    _turn(on=False, reason=reason, context=context, act_as=act_as, yes=True, as_json=as_json)


def arm(
    reason: Reason = "", context: ContextName = None, act_as: ActAs = None, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let it act again."""
    _turn(on=True, reason=reason, context=context, act_as=act_as, yes=yes, as_json=as_json)


def _turn(
    *, on: bool, reason: str, context: str | None, act_as: str | None, yes: bool, as_json: bool
) -> None:
    found = open_context(context)
    who = acting(found, act_as)
    deps = found.deps()
    if on:
        confirm(found, f"{deps.application} may move traffic by itself again", deps.application, yes=yes)
    done = turn(deps, on=on, who=who, reason=plain(reason, 500))
    _tell("arm" if on else "disarm", done.done, done.sentence, {"by": who}, as_json=as_json)


def _tell(name: str, ok: bool, sentence: str, fields: dict[str, Any], *, as_json: bool) -> None:
    told = plain(sentence, 600)
    emit(name, {"ok": ok, "sentence": told, **fields}, lambda: stdout().print(Text(told)), as_json=as_json)
    if not ok:
        raise typer.Exit(ExitCode.NO)
