"""The page of an approval: evidence, plan and risk.

GET shows them; POST is the one deliberate act.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from controller.console.auth.csrf import Forbidden
from controller.console.http.messages import Response, redirect
from controller.console.pages.traffic import traffic_now, waves_of
from controller.console.pages.visit import Visit
from controller.console.render import hour
from controller.core.decision.approval_chain import belongs
from controller.core.explanation import decision_data
from controller.core.incident.approval import among, same_person
from controller.core.incident.state import Incident
from controller.core.journal.event import Event
from controller.core.journal.moves import Answer, ApprovalDenied, ApprovalGiven
from controller.core.model import Node, SignalState, Truth
from controller.core.policy.readiness_checks import QuotaCheck
from controller.core.text import sanitize
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.governance import governed_if_read
from controller.steps.context.journalling import read_state, read_state_and_events
from controller.steps.incident.approvals import Question
from controller.steps.operator.approve import Answered, answer, look_at, refuse
from controller.steps.operator.identity import identify

REASON = 500
TOO_OLD = "To answer, your sign-in must be less than five minutes old. This did not count."
NOBODY = (
    "The table of names does not answer, so nobody can be told apart: nothing was written. Try again, or use "
    "the console of another Region: its address is in the notice."
)
NOT_KNOWN = (
    "The journal did not answer while your answer was written. Open the page again, here or in another "
    "Region: it says what counted. An answer counts once, however often it is given."
)


def show(visit: Visit) -> Response:
    """Show the question as things stand now.

    Where nobody can answer it, show the reason, and the record of it.
    """
    incident, record = _record(visit)
    if not record:
        return _unknown(visit)
    asked = look_at(visit.deps, visit.id)
    if isinstance(asked, Answered):
        incident, record = _record(visit)
        gone = "expired" in asked.sentence or "superseded" in asked.sentence
        sentence = _own_answer(visit, incident, record) or asked.sentence
        return visit.page("answered", 410 if gone else 200, why=asked.sentence, sentence=sentence,
                          incident=incident, record=record, now=visit.deps.runtime.now())  # fmt: skip
    assert incident is not None
    visit = replace(visit, deps=governed_if_read(visit.deps, read_state(visit.deps), incident))
    path = visit.request.path
    return visit.page(
        "approve",
        asked=asked,
        incident=incident,
        record=record,
        now=visit.deps.runtime.now(),
        kept_from=_kept_from(visit, asked, incident),
        fresh=visit.session.fresh(visit.now),
        token=visit.session.token(path),
        tree=decision_data(asked.decision).get("tree"),
        unsure=_unsure(asked),
        seen=_signals(asked.decision.tree),
        states=_before_after(visit, asked),
        measured=_measures_capacity(visit, incident),
        traffic=traffic_now(visit, visit.deps.runtime.now()),
        carrier=incident.source
        if incident.intent == "restore"
        else asked.decision.target or incident.target or "the target",
        waves=waves_of(visit.deps.policy, incident, (), plan=asked.decision.plan, controls=visit.controls()),
    )


def act(visit: Visit) -> Response:
    """Approve or deny.

    Raises `Forbidden` for a form without an answer, and for a POST that its session did not mean.
    """
    form = visit.request.form()
    said = form.get("answer")
    if said not in ("approve", "deny"):
        raise Forbidden("the form says neither yes nor no")
    if not visit.session.fresh(visit.now):
        with suppress(OutsideUnreachable):  # it does not count, written down or not
            person = identify(visit.deps, visit.session.who, visit.session.proof)
            refuse(visit.deps, visit.id, who=person.id, approve=said == "approve",
                   reason="the sign-in was more than five minutes old", by=person.proof)  # fmt: skip
        return visit.page("says", 403, why="sign-in too old", title="Sign in once more",
                          text=TOO_OLD,
                          again=f"/signin?to={visit.request.path}")  # fmt: skip
    if not _record(visit)[1]:
        return _unknown(visit)
    try:
        person = identify(visit.deps, visit.session.who, visit.session.proof)
    except OutsideUnreachable as error:
        return visit.page("says", 503, why=str(error), title="Your answer was not taken", text=NOBODY,
                          again=visit.request.path)  # fmt: skip
    try:
        given = answer(
            visit.deps,
            visit.id,
            who=person.id,
            known_as=person.name,
            approve=said == "approve",
            reason=sanitize(form.get("reason", ""), REASON),
            groups=visit.session.groups,
            shown=form.get("digest", ""),
            by=person.proof,
        )
    except OutsideUnreachable as error:
        return visit.page("says", 503, why=f"not known whether it was written: {error}",
                          title="It is not known whether this counted", text=NOT_KNOWN,
                          again=visit.request.path)  # fmt: skip
    if given.counted:
        return redirect(visit.request.path)
    incident, record = _record(visit)
    return visit.page("answered", 409, why=given.sentence, sentence=given.sentence, incident=incident,
                      record=record, now=visit.deps.runtime.now())  # fmt: skip


def _measures_capacity(visit: Visit, incident: Incident) -> bool:
    """Return True where a readiness check of the Region measures its capacity."""
    about = visit.deps.policy.about(incident.source)
    ready = about.restore.ready if incident.intent == "restore" and about.restore else about.target.ready
    return any(isinstance(check, QuotaCheck) for check in ready)


def _unknown(visit: Visit) -> Response:
    text = "The link may be cut short, or be of another application. Nothing was written."
    return visit.page("says", 404, why="no such request", title="No request of that id is known", text=text,
                      again="/")  # fmt: skip


def _record(visit: Visit) -> tuple[Incident | None, list[Event]]:
    """Return the incident of a request, and the journal's events about the request."""
    state, events = read_state_and_events(visit.deps)
    own = visit.past.about(events, visit.id)
    about = own[0].draft.incident if own else None
    return state.incidents.get(about or ""), own


def _kept_from(visit: Visit, asked: Question, incident: Incident) -> str | None:
    """Return the reason why this person's approval would not count, or None.

    The click checks it again.
    """
    if not belongs(visit.deps.policy, asked.groups, visit.session.groups):
        asks = " or ".join(asked.groups)
        return f"You are not in {asks}, who are asked. You can read this, and not answer it."
    try:
        identities = _identities(visit)
    except OutsideUnreachable:
        return NOBODY
    if any(same_person(incident.requested_by, each) for each in identities):
        return "You asked for this move, so somebody else must approve it. You may deny it."
    if any(among(each, asked.request.agreed) for each in identities):
        return f"You have approved this. {asked.request.needed()} more must agree. You may still deny it."
    return None


def _identities(visit: Visit) -> tuple[str, ...]:
    """Return the name and the id of the person who looks.

    Raises `OutsideUnreachable` where the table of names does not answer.
    """
    known = visit.deps.people.known(visit.session.who)
    return (visit.session.who, *([known] if known else []))


def _own_answer(visit: Visit, incident: Incident | None, record: Sequence[Event]) -> str | None:
    """Return what the person who looks answered, where that closed the question."""
    request = incident.request if incident is not None else None
    closing: Mapping[str, tuple[type[Answer], str]] = {
        "given": (ApprovalGiven, "approved"), "denied": (ApprovalDenied, "denied")
    }  # fmt: skip
    if request is None or request.status not in closing or visit.archive:
        return None
    kind, word = closing[request.status]
    with suppress(OutsideUnreachable):
        identities = _identities(visit)
        for event in reversed(record):
            if isinstance(event.body, kind) and any(same_person(event.draft.by, i) for i in identities):
                return f"you {word} this at {hour(event.at)}"
    return None


def _unsure(asked: Question) -> list[str]:
    """Return a sentence for each fact that is not known."""
    found = [answer.sentence for answer in asked.decision.answers if answer.value is Truth.UNKNOWN]
    return found + [check.sentence for check in asked.decision.checks if check.value is Truth.UNKNOWN]


def _signals(node: Node | None) -> Sequence[SignalState]:
    """Return each signal that the condition looked at once, the worst first."""
    found: dict[str, SignalState] = {}

    def gather(each: Node) -> None:
        for state in each.signals:
            found.setdefault(state.signal.id, state)
        for child in each.children:
            gather(child)

    if node is not None:
        gather(node)
    order = ("breaching", "silent", "unknown", "healthy")
    return sorted(found.values(), key=lambda s: (order.index(str(s.verdict)), s.since or 0.0))


def _before_after(visit: Visit, asked: Question) -> dict[str, list[tuple[str, bool | None, bool | None]]]:
    """Return Region -> (control, On now, On after).

    On is None where it cannot be read.
    """
    now, changes = visit.controls(), dict(asked.changes)
    table: dict[str, list[tuple[str, bool | None, bool | None]]] = {}
    for region, entry in visit.deps.policy.regions.items():
        for name in entry.controls:
            was = None if now is None else now.get(name)
            table.setdefault(region, []).append((name, was, changes.get(name, was)))
    return table
