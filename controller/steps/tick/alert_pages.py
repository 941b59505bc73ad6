"""The pages of the tick: what stands still is told, each hour (L8).

```
 alerts ─> episodes (this controller's memory) ─> due ─> my turn? ─> one page a cause ─> Escalated
                                                              └ not yet: two minutes for each before me
```
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from controller.core.decision.alerts import Alert, alerts, journal_lost
from controller.core.decision.decide import Situation
from controller.core.decision.recurrence import HELD_BACK
from controller.core.decision.telling import TURN, Page, is_due, pages, place, told_at
from controller.core.incident.alert_keys import UNKNOWN, asks, kind_of
from controller.core.incident.state import State
from controller.core.journal.notes import Escalated
from controller.core.model import Decision
from controller.ports.errors import ControllerError
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.journalling import load_state, retry_on_conflict, write
from controller.steps.context.own_records import own_records
from controller.steps.context.paging import page


@dataclass(frozen=True, slots=True)
class Look:
    """A look says which of what stands this controller has to tell now.

    known: what people know of, or are told now. memory: for the tick's assessment. asked: the Regions that
    this controller saw ask to be left, unbroken, for as long as a question is held back.
    """

    mine: tuple[Alert, ...]
    known: tuple[Alert, ...]
    memory: Mapping[str, Any]
    asked: frozenset[str]


def look_for_alerts(deps: Deps, seen: Situation, state: State, decisions: Sequence[Decision]) -> Look:
    """Return what stands still, and remember it; `memory` belongs into the tick's assessment.

    decisions: about each Region, from the same situation.
    """
    now, driver = deps.runtime.now(), state.open.driver if state.open else None
    standing = alerts(seen.after(state), decisions)
    asking = {asks(d.region): d.region for d in decisions if d.action == "ask"}
    keys = (*(alert.key for alert in standing), *asking)
    episodes = deps.episodes.look(keys, now, _records(deps))
    waits = 0.0 if deps.episodes.forgetful else TURN * place(deps.policy, deps.here, driver)
    mine, known = [], []
    for alert in standing:
        episode = episodes[alert.key]
        soon = deps.episodes.forgetful and alert.since is None  # nobody knows how long it has stood
        due = is_due(alert, episode, state, deps.policy, now, soon=soon)
        if deps.episodes.waited(alert.key, now, due=due) >= waits and due:
            mine.append(alert)
        told = told_at(alert, episode, state) is not None or kind_of(alert.key) == UNKNOWN
        if alert in mine or (told and not alert.hushed):
            known.append(alert)
    held = frozenset(region for key, region in asking.items() if now - episodes[key].begun >= HELD_BACK)
    return Look(tuple(mine), tuple(known), deps.episodes.to_note(), held)


def page_alerts(deps: Deps, state: State, look: Look) -> State:
    """Tell people of what is this controller's to tell; write `Escalated` for each page.

    In this order: a page may come twice, but a page that is written down was sent.
    """
    mine = state.open if state.open is not None and state.open.driver == deps.here else None
    for each in pages(deps.policy, look.mine, look.known):
        if not page(deps, each.subject, each.text, key=each.key, about=each.known, incident=mine):
            return state  # it waits in the journal, where every controller finds it
        for key in each.about:
            deps.episodes.told(key, deps.runtime.now())
        try:
            state = _record(deps, state, each)
        except ControllerError:  # this controller remembers it; the next in turn may tell it once more
            return state
    return state


def _record(deps: Deps, state: State, told: Page) -> State:
    said = Escalated(
        key=told.key, about=told.known, code=told.code, region=", ".join(told.regions),
        reason=told.text[:REASON],
    )  # fmt: skip

    def act(fresh: State) -> State:
        return write(deps, fresh, said)

    return retry_on_conflict(partial(load_state, deps), act, first=state)


def page_lost_journal(deps: Deps, reason: str, *, at_once: bool) -> Mapping[str, Any]:
    """Tell people that the journal is lost, each hour; return what to remember.

    Nobody can write down that people were told, so each controller tells it by itself. at_once: else at the
    second look, since one answer may get lost.
    """
    now, alert = deps.runtime.now(), journal_lost(reason)
    episode = deps.episodes.look([alert.key], now, _records(deps))[alert.key]
    nothing = State(deps.application)
    seen_before = at_once or deps.episodes.forgetful or episode.begun < now
    if seen_before and is_due(alert, episode, nothing, deps.policy, now, soon=True):
        words = "cannot be read" if at_once else "does not answer"
        text = f"{reason}\nNothing moves until it does.\nYou can: {alert.remedy}."
        if page(deps, f"{deps.application}: the journal {words}", text, key=f"{deps.application}/journal"):
            deps.episodes.told(alert.key, now)
    return deps.episodes.to_note()


def _records(deps: Deps) -> partial[Any]:
    return partial(own_records, deps)
