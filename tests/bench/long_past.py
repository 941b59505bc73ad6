"""A console over a rehearsal cloud with a long past: a thousand incidents, ten thousand events of journal.

```
 one evacuation and its return, really played ─> copied 500 times, a day apart, under other ids ─> journal
 one calm minute's assessment, really written ─> copied for two days, one a minute, but for a gap
 then us-east-1 fails now, and people are asked
```
"""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from controller import wiring
from controller.aws.dynamodb.assessments import DynamoAssessments
from controller.aws.dynamodb.journal import DynamoJournal
from controller.core.canonical_json import ascii_json
from controller.core.journal.body import members
from controller.core.journal.event import Draft, Event
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.steps.context.deps import Deps
from tests.support.console_world import GATE, Desk
from tests.support.journal_events import drafted
from tests.support.policy_scene import policy_data
from tests.support.world import World, failing
from tests.support.world_feed import Straight

APPLICATION = "storefront"
PAIRS = 500
DAY, MINUTE = 86_400.0, 60.0
BLIND = (-20 * 3600.0, -20 * 3600.0 + 900.0)
"""Seconds from now between which nobody watched."""
RULES: dict[str, Any] = {
    "evacuate": GATE,
    "limits": policy_data()["limits"] | {"cooldown": "1m"},
    "approvals": {"oncall": [{"ask": ["group:sre-oncall"], "people": 1, "within": "2h"}]},
    "restore": {
        "when": {"in": "source", "family": "all", "is": "healthy", "for": "5m"},
        "approval": "oncall",
        "waves": [4],
    },
}


def long_past(*, pairs: int = PAIRS) -> Desk:
    """pairs: evacuations, each with its return."""
    events, assessment = _played()
    w = failing(1, **RULES)
    now = w.stage.kernel.now()
    client: Any = _Near(w.stage.cloud, w.deps.here)
    d = w.stage.deployment
    journal = DynamoJournal(client=client, table=d.journal_table, runtime=w.deps.runtime)
    last = journal.append(APPLICATION, events[0].draft, None)
    for number in range(pairs):
        for copied in _copied(events[1:], number, now - (pairs + 1 - number) * DAY):
            last = journal.append(APPLICATION, copied, last)
    kept = DynamoAssessments(client=client, table=d.assessments_table, sleep=w.deps.runtime.sleep)
    for minute in range(2 * 1440, 2, -1):
        if not BLIND[0] <= -minute * MINUTE <= BLIND[1]:
            kept.add(APPLICATION, now - minute * MINUTE, assessment)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2.0)
    return Desk(w, fresh(w))


def fresh(w: World) -> Deps:
    """A console's own hold on its outside, in a process that has read nothing yet; its calls take no
    scenario time, so that nobody else's work falls into them."""
    cloud, kernel = w.stage.cloud, w.stage.kernel
    clients = virtual_clients(cloud.wire, _Instant(kernel), w.stage.faults)
    return wiring.build(w.stage.deployment, clients=clients, runtime=VirtualRuntime(kernel))


class _Instant(VirtualRuntime):
    def sleep(self, seconds: float) -> None:
        """No time passes."""


def _played() -> tuple[Sequence[Event], dict[str, Any]]:
    """The events of an evacuation and its return, and the assessment of a calm minute after it."""
    w = failing(1, **RULES)
    desk = Desk(w, w.hand)
    for count in (1, 2):
        assert w.until(lambda count=count: _asked(w) == count, 1200)  # type: ignore[misc]
        assert desk.browser("u-ana").answer(desk.request, reason="customers cannot check out").status == 303
        assert w.until(lambda count=count: w.count(Kind.SETTLED) == count, 300)  # type: ignore[misc]
        w.say(east=Verdict.HEALTHY)
    w.advance(150)
    records = [found for _, found in w.hand.assessments.between(APPLICATION, 0.0, w.stage.kernel.now())]
    calm = next(found for found in reversed(records) if found.get("by") == "tick")
    return w.events, {key: value for key, value in calm.items() if key != "head"}


class _Near(Straight):
    def query(self, **params: Any) -> dict[str, Any]:
        return self.cloud.call("dynamodb", "Query", self.region, params)

    def transact_write_items(self, **params: Any) -> dict[str, Any]:
        return self.cloud.call("dynamodb", "TransactWriteItems", self.region, params)


def _asked(w: World) -> int:
    return w.count(Kind.APPROVAL_REQUESTED)


def _copied(events: Sequence[Event], number: int, start: float) -> Iterator[Draft]:
    """The same under ids of their own, the first at `start`."""
    rng, moved = random.Random(number), start - events[0].at
    told = [[e.kind, e.at, e.draft.by, e.draft.epoch, e.draft.incident, members(e.body)] for e in events]
    names = {incident for *_, incident, _ in told} | {data.get("approval") for *_, data in told}
    text = ascii_json(told)
    for name in sorted(filter(None, names)):
        stem, dash, turn = name.rpartition("-")  # an incident's; a request's is 128 random bits
        text = text.replace(name, f"{stem}-{number + 100}{turn}" if dash else f"{rng.getrandbits(128):032x}")
    for kind, at, by, epoch, incident, data in json.loads(text):
        if "expires" in data:
            data["expires"] += moved
        yield drafted(f"{rng.getrandbits(128):032x}", Kind(kind), at + moved, by, epoch, incident, data)
