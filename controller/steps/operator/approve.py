"""The answer of a person: judged again, written once, then given to the workflow.

It is judged at the moment of the click. What does not count is written down as well:

```
 answer ─┬─ no request of this id ──> a sentence, and nothing is written
         ├─ does not count ─────────> AnswerRefused, at most `REFUSED` a person and `REFUSED_IN_ALL` a request
         └─ counts ─────────────────> ApprovalGiven, ApprovalDenied
```
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from controller.core.decision.approval_chain import belongs
from controller.core.decision.decide import decide
from controller.core.decision.guards import binding
from controller.core.decision.recurrence import FLAPPING
from controller.core.incident.approval import SignedIn, among, same_person
from controller.core.incident.notices import unheard
from controller.core.incident.state import IllegalMove, Incident, State
from controller.core.journal.moves import (
    Answer,
    AnswerRefused,
    ApprovalDenied,
    ApprovalGiven,
    ApprovalRequested,
)
from controller.core.text import sanitize
from controller.ports.errors import ControllerError, JournalConflict, PolicyUnreadable
from controller.steps.context.deps import Deps
from controller.steps.context.governance import governed
from controller.steps.context.journalling import BUSY, load_state, read_state, retry_on_conflict, write
from controller.steps.context.situation import situation
from controller.steps.incident.approvals import Question, answer_callback, asked_now, next_ask, question
from controller.steps.operator.identity import UNPROVEN

ANSWER_REASON = 500
"""Characters of the reason that an answer keeps."""
REFUSED, REFUSED_IN_ALL = 3, 30
"""Refused answers to one request that are written down: of one person, and of all."""
NO_MORE = "further refused answers of theirs to this request are not written down"


@dataclass(frozen=True, slots=True)
class Answered:
    """The effect of an answer, and a sentence for the person who gave it.

    counted: True where the answer counted.
    """

    counted: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class _Click:
    """An answer as it came in.

    proof: how `who` showed who they are. known_as: their name, in a journal of format 1.
    """

    who: str
    approve: bool
    groups: Collection[str] | None
    shown: str | None
    proof: SignedIn
    known_as: str | None = None

    @property
    def identities(self) -> tuple[str, ...]:
        return (self.who,) if self.known_as is None else (self.who, self.known_as)


def answer(
    deps: Deps,
    request_id: str,
    *,
    who: str,
    approve: bool,
    reason: str = "",
    groups: Collection[str] | None = None,
    shown: str | None = None,
    by: SignedIn = UNPROVEN,
    known_as: str | None = None,
) -> Answered:
    """Approve or deny a request.

    An answer counts once: the conditional append decides between two clicks.

    groups: those that `who` belongs to by a sign-in just verified; None where the right to write to the
    journal is what entitles. shown: digest of the plan that `who` was shown, where that is known. by: how
    `who` showed who they are; it is kept, and decides nothing. known_as: the name of `who`, by which a
    journal of format 1 knows them; it is compared, and never written.
    """
    click = _Click(who, approve, groups, shown, by.plain(), known_as)
    refused = partial(_refused, deps, request_id, click)

    def once(state: State) -> Answered:
        incident = _asked(state, request_id)
        if incident is None:
            return refused(state, None, _unknown(deps, request_id))
        try:
            own = governed(deps, state, incident)
        except PolicyUnreadable as error:
            return refused(state, incident, f"{incident.id} cannot go on, so nobody is asked: {error}")
        refusal = _refusal(own, state, incident, click)
        if refusal is not None:
            return refused(state, incident, refusal)
        try:
            state = write(deps, state, _counted(incident, click, reason), incident=incident, by=who)
        except IllegalMove as illegal:
            return refused(state, incident, str(illegal))
        after = state.incidents[incident.id].request
        if after is not None and after.status == "waiting":
            more = f"; {after.needed()} more must agree"
            return Answered(True, f"{incident.id}: approved by {who}{more}")
        answer_callback(deps, request_id, "given" if approve else "denied")
        return Answered(True, f"{incident.id}: {'approved' if approve else 'denied'} by {who}")

    try:
        return retry_on_conflict(partial(load_state, deps), once)  # it looks again at what is so now
    except JournalConflict:
        return Answered(False, BUSY)


def _counted(incident: Incident, click: _Click, reason: str) -> Answer:
    """Return the event of an answer that counts."""
    request, proof = incident.request, click.proof
    assert request is not None
    kind = ApprovalGiven if click.approve else ApprovalDenied
    return kind(
        approval=request.id, digest=request.digest, reason=reason[:ANSWER_REASON], stage=request.stage,
        needed=max(0, request.needed() - 1), door=proof.door, issuer=proof.issuer, subject=proof.subject,
        groups=proof.groups, signed_in=proof.at,
    )  # fmt: skip


def refuse(deps: Deps, request_id: str, *, who: str, approve: bool, reason: str, by: SignedIn) -> None:
    """Write down an answer that a door refused by itself.

    Nobody looked at it then, such as after an old sign-in.
    """
    click = _Click(who, approve, None, None, by.plain())
    with suppress(ControllerError):  # it does not count, written down or not
        state = read_state(deps)
        _refused(deps, request_id, click, state, _asked(state, request_id), reason)


def _refused(
    deps: Deps, request_id: str, click: _Click, state: State, incident: Incident | None, reason: str
) -> Answered:
    """Return that the answer does not count, written down or not.

    Only a conflict is raised: then it is worth another look. incident: whose question it is now; None: it was
    another question.
    """
    try:
        _write_refusal(deps, request_id, click, state, incident, sanitize(reason, ANSWER_REASON))
    except JournalConflict:
        raise
    except ControllerError:
        return Answered(False, reason)
    return Answered(False, reason)


def _write_refusal(
    deps: Deps, request_id: str, click: _Click, state: State, incident: Incident | None, reason: str
) -> None:
    """Write `AnswerRefused`, unless enough are written or no request of that id is known."""
    events = deps.journal.read(deps.application)
    asked = [e for e in events if isinstance(e.body, ApprovalRequested) and e.body.approval == request_id]
    earlier = [e for e in events if isinstance(e.body, AnswerRefused) and e.body.approval == request_id]
    own = sum(event.draft.by == click.who for event in earlier)
    if not asked or own >= REFUSED or len(earlier) >= REFUSED_IN_ALL:
        return
    last = own + 1 == REFUSED or len(earlier) + 1 == REFUSED_IN_ALL
    proof = click.proof
    refused = AnswerRefused(
        approval=request_id, approve=click.approve, reason=f"{reason}; {NO_MORE}" if last else reason,
        door=proof.door, issuer=proof.issuer, subject=proof.subject, groups=proof.groups, signed_in=proof.at,
    )  # fmt: skip
    write(deps, state, refused, incident=incident or asked[-1].draft.incident, by=click.who)


def look_at(deps: Deps, request_id: str) -> Question | Answered:
    """Return the question of the request, as it stands now.

    Returns `Answered` with the reason where it can no longer be answered. Writes nothing.
    """
    state = read_state(deps)
    incident = _asked(state, request_id)
    if incident is None or incident.request is None:
        return Answered(False, _unknown(deps, request_id))
    try:
        deps = governed(deps, state, incident)
    except PolicyUnreadable as error:
        return Answered(False, f"{incident.id} cannot go on, so nobody is asked: {error}")
    refusal = _closed(deps, state, incident)
    if refusal is not None:
        return Answered(False, refusal)
    decision = decide(situation(deps, state, read_controls=True), incident.source)
    return question(deps, incident, incident.request, decision)


def _asked(state: State, request_id: str) -> Incident | None:
    found = (i for i in state.incidents.values() if i.request and i.request.id == request_id)
    return next(found, None)


def _unknown(deps: Deps, request_id: str) -> str:
    events = deps.journal.read(deps.application)
    asked = (event.body for event in events if isinstance(event.body, ApprovalRequested))
    if any(said.approval == request_id for said in asked):
        return "this request is superseded by a newer one"
    return "no request of this id is known"


def _refusal(deps: Deps, state: State, incident: Incident, click: _Click) -> str | None:
    """Return the reason why the answer does not count, or None."""
    return (
        _closed(deps, state, incident)
        or _not_theirs(deps, incident, click.who, click.groups)
        or _other_plan(incident, click.shown)
        or (_not_approved(deps, state, incident, click) if click.approve else None)
    )


def _closed(deps: Deps, state: State, incident: Incident) -> str | None:
    """Return the reason why nobody can answer the request any more, or None."""
    request = incident.request
    assert request is not None
    if request.status != "waiting":
        if request.status == "expired":
            return "this request has expired; silence was a denial"
        word = "approved" if request.status == "given" else request.status
        return f"this request was {word} already by {request.by}"
    if state.open is None or state.open.id != incident.id:
        return f"{incident.id} has ended; the request is superseded"
    if request.epoch != incident.epoch:
        return "another controller drives this incident since you were asked; a new request will be sent"
    if deps.runtime.now() < request.expires or unheard(state, request):
        return None  # of what nobody has heard the time has not begun
    if decide(situation(deps, state, read_controls=True), incident.source).code == FLAPPING:
        return f"{incident.source} is well, and the time to answer begins anew within a minute: answer then"
    if next_ask(deps, incident, request) is not None:
        return "the time of this ask is up; the next in turn are about to be asked"
    return "this request has expired; silence was a denial"


def _not_theirs(deps: Deps, incident: Incident, who: str, groups: Collection[str] | None) -> str | None:
    """Return the reason why `who` may not answer the request, or None.

    The policy is taken as it asks now.
    """
    request = incident.request
    assert request is not None
    ask = asked_now(deps, incident, request).ask
    if groups is None or belongs(deps.policy, ask, groups):
        return None
    return f"{who} is not in {' or '.join(ask)}, who are asked; it does not count"


def _other_plan(incident: Incident, shown: str | None) -> str | None:
    assert incident.request is not None
    if shown is None or shown == incident.request.digest:
        return None
    return "the plan is not the one that you were shown; look at it again"


def _not_approved(deps: Deps, state: State, incident: Incident, click: _Click) -> str | None:
    """Return the reason why the person cannot approve the request, or None.

    Evidence and plan are judged again.
    """
    request = incident.request
    assert request is not None
    if any(same_person(incident.requested_by, each) for each in click.identities):
        return f"{click.who} asked for this evacuation and cannot approve it"
    if any(among(each, request.agreed) for each in click.identities):
        return f"{click.who} has approved this already; {request.needed()} other people must agree"
    decision = decide(situation(deps, state, read_controls=True), incident.source)
    if (decision.action != "ask" and decision.code != FLAPPING) or decision.plan is None:
        return f"the evidence was judged again, and it no longer asks for this: {decision.reason}"
    if binding(deps.policy, incident, decision.plan) != request.digest:
        return "the plan has changed since; a new request will be sent"
    return None
