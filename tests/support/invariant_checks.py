"""The invariants that hold at every moment, judged from outside: by the table, by ARC and by what was sent.

```
 ledger (what was written, and when in truth) ─┐
 sends  (what was sent to ARC, and by whom) ───┼─> broken(w): S1 S2 S3 S4 S10 S15 S18, one sentence each
 moves  (what ARC did) ────────────────────────┘
```
No clock of a controller is asked, so the same judgement holds where clocks are wrong (S17).
"""

import json

from controller.core.incident.fold import fold
from controller.core.incident.state import IllegalMove
from controller.core.journal.event import broken_at
from controller.core.journal.kind import Kind
from tests.support.journal_events import said
from tests.support.world import World
from tests.support.world_faults import Send

DEADLINE = 15.0
"""Seconds from the beginning of a step, which is before its intent is written, until its last send."""
INTENTS = (Kind.SHIFT_INTENDED, Kind.ECHO_SEEN)


def broken(w: World) -> list[str]:
    """What is not as it must be at every moment; each begins with the invariant's id."""
    found = [f"S1 {w.lowest}"] if w.lowest else []
    if w.overwritten is not None:
        found.append(f"S3 two controllers wrote event {w.overwritten}")
    events = [written.event for written in w.ledger]
    place = broken_at(events)
    try:
        if place is None:
            fold("storefront", events)  # refuses a second incident beside one that is open
        else:
            found.append(f"S18 the chain is broken at {place}")
    except IllegalMove as illegal:
        found.append(f"S3 {illegal}")
    found += [said for send in w.sends for said in _of_send(w, send)]
    return found + _second_effects(w) + _disarmed(w)


def _of_send(w: World, send: Send) -> list[str]:
    """Whether a send had a durable intent of its own sender, and was made in its time and epoch."""
    wanted = changes(w, send)
    known = w.ledger[: send.known]
    intent = next((x for x in reversed(known) if x.event.kind in INTENTS), None)
    if intent is None or not wanted <= {(str(n), bool(on)) for n, on in said(intent.event)["changes"]}:
        return [f"S2 {sorted(wanted)} sent without an intent of it"]
    found = []
    if intent.event.draft.by != f"tidegate@{send.home}":
        found.append(f"S4 {send.home} sent what {intent.event.draft.by} intended")
    if send.at > intent.at + DEADLINE:
        found.append(f"S4 sent {send.at - intent.at:.0f} s after its intent")
    if intent.event.kind is Kind.SHIFT_INTENDED and not intent.event.draft.epoch:
        found.append("S2 an intent without an epoch")
    if intent.event.kind is Kind.SHIFT_INTENDED and not said(intent.event).get("policy"):
        found.append("S2 an intent without its policy")
    newer = [x.event for x in known if x.event.seq > intent.event.seq and x.event.kind is Kind.TAKEN_OVER]
    if newer and known[-1].at < send.at - 1.0:
        found.append(f"S4 sent in epoch {intent.event.draft.epoch}, after a takeover")
    return found


def changes(w: World, send: Send) -> set[tuple[str, bool]]:
    """What a request to ARC asks for, by name."""
    body = json.loads(send.body)
    names = {arn: name for name, arn in w.stage.cloud.controls.items()}
    entries = body.get("UpdateRoutingControlStateEntries", [body])
    return {(names[e["RoutingControlArn"]], e["RoutingControlState"] == "On") for e in entries}


def _second_effects(w: World) -> list[str]:
    """Each control moves once a direction and incident: a second time would be a second or a stale action."""
    applied = [x.event for x in w.ledger if x.event.kind is Kind.SHIFT_APPLIED]
    incidents = [str(event.draft.incident) for event in applied if said(event).get("wave") == 1]
    return [f"S10 {name} was evacuated twice" for name in set(incidents) if incidents.count(name) > 1]


def _disarmed(w: World) -> list[str]:
    armed, found = True, []
    for _, event in w.ledger:
        armed = event.kind is Kind.ARMED or (armed and event.kind is not Kind.DISARMED)
        if event.kind in INTENTS and not armed:
            found.append(f"S15 event {event.seq} is an intent while disarmed")
    return found


def kinds(w: World) -> list[Kind]:
    return [written.event.kind for written in w.ledger]
