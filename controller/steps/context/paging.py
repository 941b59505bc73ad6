"""Notes of decisions, and pages to people: neither may stop a step.

```
 page ─ sent ─> people know
   └─ refused ─> Untold, once ─ every controller's tick tries it ─> Told
 defer ─> NoticeDeferred ─ due ───^
```
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from controller.core.explanation import format_time
from controller.core.incident.alert_keys import RESTORED, lost
from controller.core.incident.state import ENDED, Incident, Notice, State
from controller.core.journal.notes import NoticeDeferred, Told, Untold
from controller.core.journal.restoration import story
from controller.core.text import abridge, sanitize, shorten
from controller.ports.errors import (
    ControllerError,
    JournalConflict,
    OutsideUnreachable,
)
from controller.steps.context.deps import Deps
from controller.steps.context.journal_head import CALLED, FLEET_HEAD, OWN
from controller.steps.context.journalling import read_state, retry_on_conflict, write

MOST_UNTOLD = 20
"""Notices that wait at once, at most: the journal is bounded, and so is what people read in the morning."""
WHY_HELD_BACK = (
    "This question was held back for three minutes, because the Region recovered by itself twice before."
)
"""What is said of a notice that was deferred: only a question about a Region that flaps is."""
AT_ONCE = 3
"""Notices that one tick tries again."""


def note(deps: Deps, at: float, record: Mapping[str, Any]) -> bool:
    """Keep an assessment, and how far the journals were seen.

    It learns how far others saw them. What this Region's assessments did not know of a restored journal is
    told to people first. Returns False if that failed: a gap in what can be told must not stop a step. It is
    said in the log and by a metric (`Deps.unrecorded`).
    """
    tell_restorations(deps)
    seen = deps.journal_head.to_note(lambda: deps.assessments.witness(deps.application))
    try:
        deps.journal_head.learn(deps.assessments.add(deps.application, at, record, seen))
    except OutsideUnreachable as error:
        deps.unrecorded.append(sanitize(str(error), 300))
        return False
    return True


LOOK = {
    name: f"Nothing moves by itself until somebody arms: compare `tidegate status` with what is so, then "
    f"`tidegate arm{option} --reason WHY`.\nIf nobody on your side restored it, events were cut off: "
    "`tidegate audit verify --earlier FILE`."
    for name, option in ((OWN, ""), (FLEET_HEAD, " --fleet"))
}
"""The journal -> what people can do about its restoration."""


def tell_restorations(deps: Deps) -> None:
    """Tell people of each journal that was restored since this Region saw it last.

    Each Region tells it once, whatever the journal says of who was told, and though somebody armed since:
    whoever may append could write all of that.
    """
    for journal, found in deps.journal_head.news().items():
        fact = f"{deps.application}: {CALLED[journal]} was restored"
        said = f"{found.by}, at {format_time(found.at)}: {story(found.said)}"
        name = RESTORED[journal]
        page(deps, fact, f"{said}\nSeen from {deps.here}.\n{LOOK[journal]}", key=f"{deps.application}/{name}")
        deps.episodes.told(lost(name), deps.runtime.now())


def incident_key(deps: Deps, incident: Incident) -> str:
    """Return the key that all pages about an incident share.

    It is that of its Region, where that is left.
    """
    return f"{deps.application}/{incident.source}" if incident.intent == "evacuate" else incident.id


def page(
    deps: Deps,
    subject: str,
    text: str,
    *,
    path: str = "",
    key: str = "",
    incident: Incident | None = None,
    about: Sequence[str] = (),
    request: str | None = None,
) -> bool:
    """Tell people; return False where nobody could be told, and write that down once.

    Never raises, since a page must not stop a step. path: of the console's page about it.
    key: for the receiver, the same for what updates it. about: the alerts that it tells of. request: the
    question that it puts. After a False the journal may have gone on by an event.
    """
    key = key or (incident_key(deps, incident) if incident else subject)
    try:
        deps.notices.send(abridge(subject), shorten(text), path=path, key=key)
    except OutsideUnreachable:
        untold = Untold(
            id=path or (key if about else subject), controller=deps.here, key=key, path=path,
            subject=sanitize(subject, 200), text=shorten(text), about=tuple(about), request=request,
        )  # fmt: skip
        _keep(deps, untold, incident)
        return False
    return True


def defer(deps: Deps, state: State, notice: Notice) -> State:
    """Write a notice down that is to be sent later.

    It is dropped if it is overtaken by then.
    """
    deferred = NoticeDeferred(
        id=notice.id, controller=deps.here, key=notice.key, path=notice.path, due=notice.due,
        subject=sanitize(notice.subject, 200), text=shorten(notice.text), request=notice.request,
    )  # fmt: skip
    incident = state.incidents.get(notice.incident or "")
    return write(deps, state, deferred, incident=incident)


def _keep(deps: Deps, untold: Untold, incident: Incident | None) -> None:
    """Write `Untold`, unless it waits already, or too many do."""

    def act(state: State) -> None:
        if untold.id not in state.untold and len(state.untold) < MOST_UNTOLD:
            known = state.incidents.get(incident.id) if incident else None
            write(deps, state, untold, incident=known)

    with suppress(
        ControllerError
    ):  # nobody can be told, and nothing can be written down: the tick looks again
        retry_on_conflict(partial(read_state, deps), act)


def tell_untold(deps: Deps, state: State, *, asked: Collection[str] = ()) -> State:
    """Try again what nobody could be told, and write `Told` for what could.

    A question that is no longer asked is dropped. asked: the Regions about which a question that was held
    back may be put.
    """
    if not state.untold:
        return state
    with suppress(ControllerError):  # a tick may be slow: what was told meanwhile is not told again
        state = read_state(deps)
    due = (notice for notice in state.untold.values() if deps.runtime.now() >= notice.due)
    waiting = [notice for notice in due if not _is_held_back(state, notice, asked)]
    for notice in waiting[:AT_ONCE]:
        sent = not _overtaken(state, notice)
        if sent and not _sent(deps, notice):
            continue
        told = Told(id=notice.id, controller=deps.here, sent=sent, subject=notice.subject)
        try:
            state = write(deps, state, told, incident=notice.incident)
        except (JournalConflict, OutsideUnreachable):  # another was faster, or the next tick goes on
            return state
    return state


def _overtaken(state: State, notice: Notice) -> bool:
    incident = state.incidents.get(notice.incident or "")
    if notice.request is None or incident is None:
        return False
    request = incident.request
    if request is None or request.id != notice.request or request.status != "waiting":
        return True
    return incident.phase in ENDED or request.epoch < incident.epoch  # nobody could answer it any more


def _is_held_back(state: State, notice: Notice, asked: Collection[str]) -> bool:
    incident = state.incidents.get(notice.incident or "")
    on_purpose = notice.request is not None and bool(notice.due) and not _overtaken(state, notice)
    return on_purpose and incident is not None and incident.source not in asked


def _sent(deps: Deps, notice: Notice) -> bool:
    late = (
        WHY_HELD_BACK if notice.due else f"Late: {notice.by} could not send this at {format_time(notice.at)}."
    )
    try:
        text = shorten(f"{notice.text}\n{late}")
        deps.notices.send(abridge(notice.subject), text, path=notice.path, key=notice.key)
    except OutsideUnreachable:
        return False
    return True
