"""Alerts: what people must be told while nothing moves (L8).

```
 bad      a full quorum of `when` is breaching or silent  ─┐
 unknown  fewer can be heard than `when` needs            ─┼─ carries traffic, stands still: told, each hour
 lost     journal, fleet, switch, evidence or policy      ─┘
```
A question within its time and an open window count as told until they end. What is muted says nothing,
neither for nor against. AWS Health alone makes nothing bad, and its quiet nothing unknown. Whether it is time
to tell is `core.decision.telling`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from controller.core.decision.audibility import (
    Audibility,
    audibility,
    failing_leaves,
    plainly_well,
    reddening,
)
from controller.core.decision.decide import Situation, guard_input
from controller.core.decision.guards import not_cut_off
from controller.core.decision.limits import open_window, window_sentence
from controller.core.decision.plan import SWITCH_SILENT, may_carry
from controller.core.decision.remedies import ending, remedy
from controller.core.evidence.evaluation import truth
from controller.core.explanation import flip_set, format_time
from controller.core.incident.alert_keys import BAD, UNKNOWN, bad, kind_of, lost, unknown
from controller.core.incident.notices import unheard
from controller.core.incident.state import BEFORE_SHIFT, GLASS, Incident, Phase
from controller.core.journal.restoration import Restoration, story
from controller.core.model import Decision, Truth
from controller.core.text import format_duration

JUST_NOW = 90.0
"""Seconds for which an incident that was just opened, or approved, is expected to move."""
ROLLOUT = 1800.0
"""Seconds that the controllers are given to follow one that has a newer policy."""
CLOSING = 120.0
"""Seconds in which some tick writes down that nobody answered, and says so."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert is one thing that keeps customers in danger while nothing moves.

    key: `bad/REGION`, `unknown/REGION` or `lost/WHAT`. since: by our clock; None: only who looked before
    knows. fact: what is wrong. kept: the leaf or guard that keeps it. remedy: what a person can do.
    hushed: why it counts as told for now. at_once: it is told without waiting for `tellAfter`.
    """

    key: str
    code: str
    fact: str
    kept: str
    remedy: str
    region: str | None = None
    since: float | None = None
    hushed: str = ""
    at_once: bool = False


def journal_lost(reason: str) -> Alert:
    """Return the alert of a journal that cannot be read or does not answer."""
    look = (
        "look at the journal's table (`docs/runbooks/journal-lost.md`); "
        "`tidegate break-glass REGION --reason WHY` needs no journal"
    )
    return Alert(lost("journal"), "journal-unreadable", "the journal cannot be read", reason, look)


def restored(what: str, fact: str, found: Restoration, arm: str) -> Alert:
    """Return the alert of a restored journal, until a person has armed.

    Whoever may append could write the event, to hide a tail that they cut off: people must look.
    """
    kept = f"{found.by}, at {format_time(found.at)}: {story(found.said)}"
    look = f"compare `tidegate status` with what is so; then `{arm} --reason WHY`"
    return Alert(lost(what), "journal-restored", fact, kept, look, since=found.at, at_once=True)


def alerts(s: Situation, decisions: Sequence[Decision]) -> tuple[Alert, ...]:
    """Return every alert that stands, as one controller sees it.

    decisions: about each Region, from the same situation.
    """
    if s.state is None:
        return (journal_lost("the journal does not answer"),)
    found = [*_lost(s)]
    if s.evidence is not None:
        found += [alert for d in decisions if (alert := _about(s, d)) is not None]
    if s.state.policy != s.policy.digest:
        # By the policy in force a Region may need fewer observers, or other controls than this switch knows:
        # what this policy finds unknown, or cannot read, may be nothing. A controller that has the one in
        # force tells of it. Where none has it any more, `lost/policy` is told, by the one that loaded it at
        # once, by the others after `ROLLOUT` at the latest. What is plainly bad is told by all.
        found = [a for a in found if kind_of(a.key) != UNKNOWN and a.key != lost("switch")]
    return tuple(_cause_first(found))


def _cause_first(found: Sequence[Alert]) -> list[Alert]:
    """Return the alerts; what a failing Region takes along counts from its failure.

    A dark Region takes its observers along: that the others are heard by fewer is told with it, not before.
    """
    failing = [(a.region, a.since) for a in found if kind_of(a.key) == BAD and a.since is not None]

    def later(alert: Alert) -> Alert:
        others = [since for region, since in failing if region != alert.region]
        if kind_of(alert.key) != UNKNOWN or alert.since is None or not others:
            return alert
        return replace(alert, since=max(alert.since, *others))

    return [later(alert) for alert in found]


def _lost(s: Situation) -> Iterator[Alert]:
    assert s.state is not None
    if s.state.fleet_unread:
        look = (
            "look at the fleet's journal (`*fleet*` in the journal's table); "
            "`tidegate break-glass REGION --reason WHY`"
        )
        fact = "the fleet's journal cannot be read"
        yield Alert(lost("fleet"), "fleet-unreadable", fact, str(s.state.fleet), look)
    if s.state.review is not None:
        yield restored("events", "the journal was restored", s.state.review, "tidegate arm")
    if s.state.fleet_review is not None:
        fact = "the fleet's journal was restored"
        yield restored("fleet-events", fact, s.state.fleet_review, "tidegate arm --fleet")
    if s.evidence is None:
        look = "look at the evidence table; `tidegate evacuate REGION --reason WHY` on your own word"
        fact = "the evidence cannot be read"
        kept = "the evidence table does not answer"
        yield Alert(lost("evidence"), "evidence-unreadable", fact, kept, look)
    if s.controls is None:
        look = "look at ARC's endpoints, or at the switch's buckets; `tidegate runbook REGION` has the lines"
        fact = "the routing controls cannot be read"
        yield Alert(lost("switch"), "switch-unavailable", fact, SWITCH_SILENT, look)
    if s.state.policy != s.policy.digest:
        has = f"the controller in {s.here} has {s.policy.digest[:12]}"
        now = f"the journal names {str(s.state.policy)[:12]}, {has}"
        fact = f"the policy of the controller in {s.here} is superseded"
        redeploy = "redeploy: the policy in force here, or this one anew everywhere"
        hushed = _rolled_out(s)
        yield Alert(lost("policy"), "policy-superseded", fact, now, redeploy, hushed=hushed)


def _rolled_out(s: Situation) -> str:
    """Return why a newer policy is expected here soon, or "".

    Another controller has it already.
    """
    assert s.state is not None
    elsewhere = s.state.policy_by in s.policy.controllers and s.state.policy_by != s.here
    lately = abs(s.now - s.state.deployed) < ROLLOUT
    return f"{s.state.policy_by} has it, and the others follow" if elsewhere and lately else ""


def _about(s: Situation, decision: Decision) -> Alert | None:
    """Return the alert about a Region that is bad or unknown.

    None where it is neither, or carries no traffic.
    """
    region = decision.region
    by = s if region in s.policy.regions else s.driving  # it may be of another policy
    if by is None or by.state is None or region not in by.policy.regions:
        return None
    if not may_carry(by.policy, region, by.controls, by.state.stand):
        return None
    s = by
    when = s.policy.about(region).evacuate.when
    cut_off = not_cut_off(guard_input(s, region)).value is not Truth.TRUE  # then a silence may be our own
    red = [leaf for leaf in failing_leaves(when, s.seen, region) if not (cut_off and leaf.silent)]
    heard = audibility(when, s.seen, region, plain=False)
    doubt = () if heard.certain else (heard.since, reddening(when, s.seen, region))
    if red or truth(when, s.seen, source=region) is Truth.TRUE:
        began = (*(leaf.since for leaf in red), *doubt)  # it was in doubt before it was plain
        fact = f"{region} is failing" + (f": {'; '.join(leaf.sentence for leaf in red)}" if red else "")
        return _told_or_not(s, decision, Alert(bad(region), "", fact, "", "", region, _first(began)))
    if heard.certain:
        plain = audibility(when, s.seen, region, plain=True)
        if plain.value is not Truth.UNKNOWN or plainly_well(s.policy, s.seen, region):
            return None
        heard = Audibility(Truth.UNKNOWN, True, None, "its signals report no data")
    fact = f"not known whether {region} is failing: {heard.sentence}"
    return _told_or_not(s, decision, Alert(unknown(region), "", fact, "", "", region, _first(doubt)))


def _turned_on(s: Situation, region: str) -> float:
    """Return the time when somebody turned a Region on by hand; else 0.0.

    Until it is written down, it has only just been turned on.
    """
    assert s.state is not None
    controls = s.policy.regions[region].controls
    on = {name for name in controls if (s.controls or {}).get(name)}
    if on and not any(s.state.stand.get(name, True) for name in controls):
        return s.now
    drift = s.state.drift
    by_hand = [(drift.at, drift.said.controls.keys())] if drift else []
    by_hand += [(i.moved, i.put.keys()) for i in s.state.incidents.values() if i.intent == GLASS]
    return max((at for at, names in by_hand if on and on <= names), default=0.0)


def _first(moments: Iterable[float | None]) -> float | None:
    return min((at for at in moments if at is not None), default=None)


def _told_or_not(s: Situation, decision: Decision, alert: Alert) -> Alert:
    """Return the alert with what keeps it, and why it counts as told."""
    assert s.state is not None
    about = s.state.open if s.state.open and s.state.open.source == decision.region else None
    moving = about if about and about.leg == "out" and about.intent != "restore" else None
    since = alert.since
    since = since if since is None else max(since, _turned_on(s, decision.region))
    if moving is not None and moving.moved:
        since = max(since or 0.0, moving.moved)
    kept = _kept(s, decision, about)
    doubt = kind_of(alert.key) == UNKNOWN
    can = remedy(s, decision.code, decision.region, intent=decision.intent, doubt=doubt)
    return replace(alert, code=decision.code, kept=kept, remedy=can, since=since, hushed=_hushed(s, moving))


def _hushed(s: Situation, moving: Incident | None) -> str:
    if moving is not None and (said := _in_hand(s, moving)):
        return said
    shut = open_window(s.policy, s.now)
    return window_sentence(shut, s.now) if shut is not None and not (moving and moving.by_person) else ""


def _in_hand(s: Situation, incident: Incident) -> str:
    """Return why people or the machine have it in hand, or "".

    A question that could not be sent to anybody is in nobody's hand.
    """
    assert s.state is not None
    request = incident.request
    asks = request if request and request.status == "waiting" and incident.phase is Phase.ASKED else None
    if asks is not None and s.now < asks.expires + CLOSING and not unheard(s.state, asks):
        return f"people are asked, until {format_time(asks.expires)}"
    begun = (incident.opened, (request.at or 0.0) if request and request.status == "given" else 0.0)
    return "it has just begun" if any(abs(s.now - at) < JUST_NOW for at in begun) else ""


def _kept(s: Situation, decision: Decision, incident: Incident | None) -> str:
    """Return the guard's sentence, or the leaves that keep the condition from being true."""
    assert s.state is not None
    said = f"{decision.code}: {decision.reason}"
    if decision.code == "in-progress" and s.state.open is not None:
        first = s.state.open
        so_far = "has moved nothing yet" if first.phase in BEFORE_SHIFT else "has moved traffic"
        return f"{said}; it {so_far}, and ends where it stands by {ending(first)}"
    if decision.tree is not None and decision.tree.value is not Truth.TRUE:
        leaves = "; ".join(f"`{leaf.path}` {leaf.sentence}" for leaf in flip_set(decision.tree))
        return f"{said}. Kept by {leaves}" if leaves else said
    if incident is not None and decision.action in ("act", "ask"):
        for_ = format_duration(max(0.0, s.now - incident.changed))
        return f"{incident.id} has been {incident.phase} for {for_}: {said}"
    return said
