"""The commands `tidegate approve` and `deny`: a person's answer to a request.

The person has looked at what is asked.
"""

from typing import Annotated

import typer

from controller.core.incident.approval import SignedIn
from controller.core.text import sanitize
from controller.entry.cli.operate import emit_result
from controller.entry.cli.options import ActAs, ContextName, Reason, Yes, acting, open_context
from controller.entry.cli.output import AsJson, ExitCode, fail, note
from controller.steps.context.deps import Deps
from controller.steps.operator.approve import Answered, answer, look_at
from controller.steps.operator.identity import identify

LINE = 12_000
"""Characters of a line of the question: a wave may turn 150 controls, each with a long name."""
RequestId = Annotated[str, typer.Argument(metavar="ID", help="The request's id, from the notice.")]
Code = Annotated[
    str | None, typer.Option("--code", help="The plan's short code, from the notice, instead of typing it.")
]


def approve(
    request: RequestId, code: Code = None, reason: Reason = "", context: ContextName = None,
    act_as: ActAs = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Approve a request: shows evidence and plan, asks for the plan's code. The answer counts once."""
    found = open_context(context)
    claimed = acting(found, act_as)
    deps = found.deps()
    asked = look_at(deps, request)
    if not isinstance(asked, Answered):
        for line in (*asked.lines, *asked.waves):
            note(deps.names.text(sanitize(line, LINE)))
        if not yes or code is not None:
            _check(code, asked.request.code)
    by, given = _answer(deps, request, claimed, found.proof(), approve=True, reason=reason)
    fields = {"request": sanitize(request, 80), "by": by, "needed": _needed(deps, request)}
    emit_result("approve", given.counted, given.sentence, fields, as_json=as_json, names=deps.names)


def deny(
    request: RequestId, reason: Reason = "", context: ContextName = None, act_as: ActAs = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Deny a request. Final for this request; no traffic moves."""
    found = open_context(context)
    claimed = acting(found, act_as)
    deps = found.deps()
    by, given = _answer(deps, request, claimed, found.proof(), approve=False, reason=reason)
    fields = {"request": sanitize(request, 80), "by": by}
    emit_result("deny", given.counted, given.sentence, fields, as_json=as_json, names=deps.names)


def _answer(
    deps: Deps, request: str, claimed: str, proof: SignedIn, *, approve: bool, reason: str
) -> tuple[str, Answered]:
    """Give the answer of whoever came in; return their id, and what came of it."""
    person = identify(deps, claimed, proof)
    given = answer(
        deps, request, who=person.id, known_as=person.name, approve=approve,
        reason=sanitize(reason, 500), by=person.proof,
    )  # fmt: skip
    return person.id, given


def _check(given: str | None, code: str) -> None:
    typed = given if given is not None else typer.prompt("Type the plan's code to approve it", err=True)
    if typed.strip().lower() != code:
        fail(ExitCode.NO, "that is not the code of this plan; nothing was written")


def _needed(deps: Deps, request: str) -> int | None:
    """Count the people who must still agree.

    None where the request is not open.
    """
    asked = look_at(deps, request)
    return None if isinstance(asked, Answered) else asked.request.needed()
