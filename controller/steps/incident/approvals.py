"""The question to approvers: its content, and the messages that put it to them."""

from contextlib import suppress
from dataclasses import dataclass, replace

from controller.core.canonical_json import canonical
from controller.core.decision.approval_chain import chain, first_stage, following, overrides, phrase, present
from controller.core.decision.cooldown import unanswered
from controller.core.decision.plan import whole_plan
from controller.core.decision.readiness import asked, loss_window
from controller.core.decision.recurrence import FLAPPING, HELD_BACK
from controller.core.event_size import SMALLEST
from controller.core.explanation import decision_record, format_time, grounds
from controller.core.incident.approval import Request
from controller.core.incident.state import Incident, Notice, State
from controller.core.journal.body import members
from controller.core.journal.moves import ApprovalRequested
from controller.core.journal.whole_plan import Turned
from controller.core.model import Answer, Decision, Truth
from controller.core.policy.schema import Ask
from controller.core.text import format_duration
from controller.ports.errors import OutsideUnreachable, TokenClosed
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import write
from controller.steps.context.paging import defer, incident_key, page

ROOM = 15_000
"""Bytes of what a request says: an event has 16,384, and its own members take less than 1,000 of them."""
DECISION = 6_000
"""Bytes of these that the decision has at most."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request as an approver sees it, on a page or a terminal.

    again: how often it was asked before and nobody answered, in words; empty for the first time.
    loss: seconds of writes that may be lost, where readiness knows. ready: what each check said of the
    target. aside: what an approval sets aside. silence: what comes of no answer. decision: as things stand.
    groups: who may answer, as the policy names them.
    """

    request: Request
    title: str
    why: str
    changes: tuple[tuple[str, bool], ...]
    asked: str
    again: str
    loss: float | None
    ready: tuple[str, ...]
    aside: tuple[str, ...]
    silence: str
    decision: Decision
    groups: tuple[str, ...]

    @property
    def more(self) -> str:
        """Return the sentence of the further waves that one approval lets through, or ""."""
        left = self.decision.plan.left if self.decision.plan else 0
        return f" {left} more slices follow in waves, by the same approval." if left else ""

    @property
    def whole(self) -> str:
        """Return the whole plan in one line.

        That is what one approval lets through, and nothing else.
        """
        plan = self.request.whole
        if plan is None:
            return "The whole plan is not written down: an older version asked. People will be asked anew."
        waves = "one wave" if len(plan.waves) == 1 else f"{len(plan.waves)} waves"
        what = f"{plan.turned} routing controls in {waves}, and no other"
        return f"The whole plan {self.request.plan[:12]} of {plan.source} and {plan.target}: {what}."

    @property
    def waves(self) -> tuple[str, ...]:
        """Return what each wave of the whole plan turns, and what stays, as lines."""
        plan, first = self.request.whole, self.request.wave
        if plan is None:
            return ()
        waves = [f"  wave {number}: {_names(wave)}" for number, wave in enumerate(plan.waves, start=first)]
        stays = _names(plan.stays)
        return (*waves, *([f"  as it is: {stays}"] if stays else []))

    @property
    def alone(self) -> str:
        """Return the sentence that bounds an override to its wave, or ""."""
        if not self.request.rules:
            return ""
        return f"That is for wave {self.request.wave} alone: for any other people are asked anew."

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the question as lines for people.

        They are: title, evidence, plan, what may be lost, until when, and what silence means. `waves` are
        further lines, for which a notice has no room.
        """
        on = [name for name, to in self.changes if to]
        off = [name for name, to in self.changes if not to]
        moves = "; ".join(f"{word} {', '.join(names)}" for word, names in (("On", on), ("Off", off)) if names)
        left = f"; {self.request.needed()} more must agree" if self.request.agreed else ""
        loss = "not known" if self.loss is None else f"up to {self.loss:.0f} s of writes"
        return (
            self.title,
            f"Why: {self.why}",
            f"Plan {self.request.code}: {len(self.changes)} routing controls change: {moves}.{self.more}",
            self.whole,
            *(f"Target: {said}." for said in self.ready),
            f"May be lost: {loss}.",
            *(f"An approval sets aside: {what}." for what in self.aside),
            *([self.alone] if self.alone else []),
            f"Asked: {self.asked}{self.again}{left}. Answer by {format_time(self.request.expires)}.",
            self.silence,
        )


def _names(wave: Turned) -> str:
    words = (("On", wave.on), ("Off", wave.off))
    return "; ".join(f"{word} {', '.join(names)}" for word, names in words if names)


def question(deps: Deps, incident: Incident, request: Request, decision: Decision) -> Question:
    """Return the question of `request`, as things stand in `decision`."""
    asks = _asks_of(deps, incident, request)
    ask, then = present(asks, request), following(asks, request)
    home, target = incident.intent == "restore", decision.target or incident.target
    title = (
        f"Bring {incident.source} home from {target}?" if home else f"Leave {incident.source} for {target}?"
    )
    return Question(
        request,
        title,
        _why(decision, ask),
        decision.plan.changes if decision.plan else (),
        phrase(ask),
        _again(request.unanswered),
        loss_window(decision.answers),
        tuple(_said(answer) for answer in decision.answers),
        (*incident.despite, *(f"safety rule {arn}" for arn in overrides(deps.policy, incident))),
        _silence(decision, then),
        decision,
        ask.ask,
    )


def _silence(decision: Decision, then: Ask | None) -> str:
    if decision.code == FLAPPING:
        return "While it is well nobody's silence is a denial: the time to answer begins anew."
    return f"Then {phrase(then)} will be asked." if then else "Silence is a denial."


def _why(decision: Decision, ask: Ask) -> str:
    if decision.code == FLAPPING:
        return (
            f"{decision.reason}. An approval counts for {format_duration(ask.within)}, should it fail again"
        )
    return grounds(decision.tree) if decision.tree else decision.reason


def _again(unanswered: int) -> str:
    if not unanswered:
        return ""
    return f"; asked {unanswered + 1} times by now, nobody answered before"


def _said(answer: Answer) -> str:
    mark = {Truth.TRUE: "ready", Truth.FALSE: "NOT READY", Truth.UNKNOWN: "NOT KNOWN"}[answer.value]
    return f"{mark}: {answer.sentence}"


def write_approval_request(
    deps: Deps, state: State, incident: Incident, decision: Decision, *, request_id: str, bound: str,
    anew: bool = False,
) -> State:  # fmt: skip
    """Write `ApprovalRequested` for the first ask.

    Where `request_id` waits already, it is written for the next ask, about the same plan; anew: for the same
    ask, whose time begins anew. The decision has what the plan leaves over of an event; the assessments hold
    all of it.
    """
    before = incident.request if incident.request and incident.request.id == request_id else None
    asks = chain(deps.policy, incident, doubts=asked(decision.answers))
    asks = _asks_of(deps, incident, before) if before else asks
    stage = before.stage + (not anew) if before else first_stage(deps.policy, state, incident, asks)
    ask = asks[stage - 1]
    rules = overrides(deps.policy, incident)
    gate = before.gate if before else decision.gate or "none"
    evacuates = incident.intent == "evacuate"
    whole = before.whole if before else whole_plan(decision.plan) if decision.plan else None
    request = ApprovalRequested(
        approval=request_id,
        digest=bound,
        expires=deps.runtime.now() + ask.within,
        gate="override" if rules else gate,
        ask=tuple(ask.ask),
        people=ask.people,
        stage=stage,
        of=len(asks),
        unanswered=unanswered(deps.policy, state, incident.source) if evacuates else 0,
        override=rules,
        plan=whole.digest if whole else "",
        whole=whole,
        wave=before.wave if before else incident.waves + 1,
    )
    left = ROOM - len(canonical(members(request)).encode())
    record = decision_record(decision, min(DECISION, left)) if left >= SMALLEST else None
    return write(deps, state, replace(request, decision=record), incident=incident)


def defer_question(deps: Deps, state: State, incident: Incident, asked: Question) -> State:
    """Write down that people are to be asked once the question stood for long."""
    subject, text, path = _notice(deps, asked)
    now = deps.runtime.now()
    notice = Notice(
        id=path, at=now, by=deps.here, subject=subject, text=text, key=incident_key(deps, incident),
        path=path, incident=incident.id, request=asked.request.id, due=now + HELD_BACK,
    )  # fmt: skip
    return defer(deps, state, notice)


def notify_approvers(deps: Deps, incident: Incident, asked: Question, *, again: bool = False) -> bool:
    """Page those whose turn it is to answer.

    Returns False if nobody could be told; then every controller tries it.
    """
    subject, text, path = _notice(deps, asked)
    heading = f"reminder: {subject}" if again else subject
    return page(deps, heading, text, path=path, incident=incident, request=asked.request.id)


def _notice(deps: Deps, asked: Question) -> tuple[str, str, str]:
    subject = f"{deps.application}: {asked.title[:1].lower()}{asked.title[1:]}"
    request = asked.request
    how = f"tidegate approve {request.id} --code {request.code}  |  tidegate deny {request.id}"
    return subject, "\n".join((*asked.lines, how)), f"/approve/{request.id}"


def answer_callback(deps: Deps, request_id: str, answer: str) -> None:
    """Wake the workflow, in whichever controller it waits.

    If that is lost, the journal still has the answer: the tick wakes the workflow, or its heartbeat lapses.
    """
    with suppress(TokenClosed, OutsideUnreachable):
        approval = deps.approvals.get(request_id)
        if approval is not None:
            deps.workflow.succeed(approval.token, {"answer": answer}, region=approval.region)


def asked_now(deps: Deps, incident: Incident, request: Request) -> Ask:
    """Return the ask whose turn it is to answer."""
    return present(_asks_of(deps, incident, request), request)


def next_ask(deps: Deps, incident: Incident, request: Request) -> Ask | None:
    """Return the ask that follows once the present one's time is over.

    None after the last.
    """
    return following(_asks_of(deps, incident, request), request)


def _asks_of(deps: Deps, incident: Incident, request: Request) -> tuple[Ask, ...]:
    """Return the chain of asks that a request was begun with.

    Doubts that came later do not change it.
    """
    doubts = [request.gate] if request.gate in deps.policy.approvals else []
    return chain(deps.policy, incident, doubts=doubts)
