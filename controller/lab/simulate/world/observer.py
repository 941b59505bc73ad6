"""The observer: it turns calls, appends, changes and ends of handlers into facts.

It also finds calls that land after what they belong to was given up, and checks that what they changed is put
back.
```
 intent: Off ── sent, stuck ─────────────────────────── lands: Off      60 s later: On again?
                 intent: On ── applied ──┘ so that is a late call        └ S4
```
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core.journal.event import Coded, event_of
from controller.core.journal.notes import Disarmed
from controller.core.policy.schema import Policy
from controller.lab.simulate.world.facts import Trace
from controller.lab.simulate.world.journal_record import Intent, Record
from controller.lab.simulate.world.outputs import Outward, headed, shown
from controller.lab.simulate.world.processes import Died, Process, ProcessEnded, as_process
from controller.lab.simulate.world.stored_items import WRITES, Objects, StoredItems
from controller.lab.simulate.world.weather import Sent
from controller.rehearsal.cloud import Cloud
from controller.rehearsal.controller_region import Function
from controller.rehearsal.service import Request, Response, Scope
from controller.rehearsal.services.arc.data_plane import SERVICE
from controller.steps.payload import WORN_BOUND

PROMISED = 60.0
"""Seconds within which a late call is put back."""


@dataclass(frozen=True)
class Late:
    """Describes a late call.

    wanted: how the controls that it changed should stand. intent: the one that it belongs to.
    """

    intent: Intent
    wanted: Mapping[str, bool] = field(default_factory=dict)


def late_call(record: Record, home: str, changes: Mapping[str, bool]) -> Late | None:
    """Return the late call that a landing of `changes` is; None otherwise.

    home: the controller that sent it.
    """
    for newer in reversed(record.intents):
        if newer.home == home and changes.items() <= newer.changes.items():
            return None  # its own intent is the newest
        against = {n: newer.changes[n] for n, on in changes.items() if newer.changes.get(n, on) is not on}
        if against and (newer.applied or newer.life is None):
            return _of(record, home, changes, newer, against)
    return None


def _of(
    record: Record, home: str, changes: Mapping[str, bool], newer: Intent, against: Mapping[str, bool]
) -> Late | None:
    for own in record.intents:
        if own.event.seq < newer.event.seq and own.home == home and changes.items() <= own.changes.items():
            return Late(own, against)
    return None


JOURNAL = b"tidegate-journal"
WAITS = {"hold": "Hold", "again": "Hold", "watch": "Watch"}
"""The wait that a payload goes to next, if it goes to one."""


@dataclass
class WorldObserver:
    """Observes a run.

    `record` is what was written; `alive` the processes that run; `codes` and `pairs` what occurred. active:
    names of the faults that are on, for coverage. begun: when which began.
    """

    policy: Policy
    trace: Trace
    cloud: Cloud
    record: Record = field(default_factory=Record)
    alive: list[Process] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    active: list[str] = field(default_factory=list)
    begun: list[tuple[float, str]] = field(default_factory=list)
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Counts how often somebody was told that their answer to a request counts."""
    number: int = 0
    pages: list[float] = field(default_factory=list)
    """Moments at which a page got through."""
    worn: set[str] = field(default_factory=set)
    """Homes whose execution goes on as if its history were long."""
    waits: dict[str, str] = field(default_factory=dict)
    """The wait in which a home's execution is, if it is in one."""
    entered: list[Callable[[str, str], None]] = field(default_factory=list)
    """Functions called with the home and the name of each state that begins.

    They are called before anything happens in the state.
    """
    stored_items: StoredItems = field(default_factory=StoredItems)
    objects: Objects = field(default_factory=Objects)
    ended: list[Callable[[str], None]] = field(default_factory=list)
    """Functions called with the home of each process that died."""

    def __post_init__(self) -> None:
        self.out = Outward(self.trace)
        self.cloud.switch.observe(self._changed)
        self.names = {arn: name for name, arn in self.cloud.controls.items()}

    def leaving(self, call: Sent) -> None:
        """Note a call that is about to leave a controller."""
        if call.service == SERVICE and call.operation.startswith("Update"):
            data = self._update(call.body)
            self.trace.note("send", call.home, f"to {call.region}: {_spelt(data['changes'])}", data)

    def landed(self, home: str, request: Request, response: Response, scope: Scope | None) -> None:
        """Note a call that reached the cloud and was answered."""
        service = scope.service if scope else ""
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if service == "dynamodb" and operation == "PutItem" and JOURNAL in request.body:
            self._put(home, request.body, response.status)
        elif service == SERVICE and operation.startswith("Update"):
            data = self._update(request.body) | {"status": response.status}
            self.trace.note("landed", home, f"{response.status}: {_spelt(data['changes'])}", data)
            if response.status == 200:
                self.arrived(home, data["changes"])
        elif service == "sns":
            self.pages += [self.trace.now()] if response.status == 200 else []
            heading, text = headed(request.body)
            told = {"ok": response.status == 200, "subject": heading, "text": text}
            self.trace.note("page", home, f"{response.status} {shown(heading)}", told)
        if service == "dynamodb" and response.status == 200 and operation in WRITES and scope:
            self._lost(home, self.stored_items.take(scope.region, operation, request.body))
        elif service == "s3":
            self._lost(home, self.objects.take(home, request, response))
        self.out.called(home, service, operation, request.headers.get("host", ""), request.body)

    def arrived(self, home: str, changes: Mapping[str, bool]) -> None:
        """Note a change of controls that landed.

        Where it was late, a fact tells of it in a minute.
        """
        late = late_call(self.record, home, changes)
        if late is None:
            return
        self.trace.note("echo", home, f"late: {_spelt(changes)}")

        def look() -> None:
            self.trace.note("late", home, "a minute on", {"late": late})

        self.cloud.kernel.after(PROMISED, look)

    def _lost(self, home: str, said: str | None) -> None:
        if said is not None:
            self.trace.note("lost", home, said, {"said": said})

    def invoked(self, home: str, name: str, handler: Function) -> Function:
        """Return the handler, watched, as a process of its own."""

        def invoke(event: Any, context: Any) -> Any:
            self.number += 1
            process = Process(self.number, home, name)
            self.alive.append(process)
            if name not in ("Observe", "Tick"):
                self.waits.pop(home, None)
            self._enters(home, name)
            if name == "Assess" and home in self.worn:
                self.worn.discard(home)
                event = {**event, "history": WORN_BOUND}
            if name == "RequestApproval":
                self.out.tokens.add(str(event["token"]))
            try:
                with as_process(process):
                    result = handler(event, context)
            except Died as died:
                self.trace.note("died", home, name)
                for cold in self.ended:
                    cold(home)
                raise ProcessEnded("the process ended") from died
            except Exception as error:
                told = f"{name}: {type(error).__name__}: {str(error)[:120]}"
                self.trace.note("failed", home, told, {"error": type(error).__name__})
                raise
            finally:
                self.alive.remove(process)
            self._count(home, name, result)
            self._waits(home, name, result)
            return result

        return invoke

    def begins(self, fault: str) -> None:
        """Note a fault that is on from now; executions that wait meet it."""
        self.active.append(fault)
        self.begun.append((self.trace.now(), fault))
        self.pairs.update((fault, wait) for wait in self.waits.values())

    def _enters(self, home: str, state: str) -> None:
        for told in self.entered:
            told(home, state)
        self.pairs.update((fault, state) for fault in self.active)

    def _waits(self, home: str, name: str, result: Any) -> None:
        if name in ("Observe", "Tick"):
            return
        goes = result.get("next") if isinstance(result, Mapping) else None
        wait = {"RequestApproval": "Approval", "Escalate": "Hold"}.get(name, WAITS.get(str(goes)))
        if wait:
            self.waits[home] = wait
            self._enters(home, wait)

    def _count(self, home: str, name: str, result: Any) -> None:
        codes = dict(result.get("decisions") or {}) if isinstance(result, Mapping) else {}
        self.codes.update(str(code) for code in codes.values())
        code = result.get("code") if isinstance(result, Mapping) else None
        if code:
            self.codes[str(code)] += 1
        said = " ".join(f"{r}={c}" for r, c in codes.items() if c != "healthy")
        more = (
            f"-> {result['next']} {code or ''}" if isinstance(result, Mapping) and "next" in result else said
        )
        if more:
            self.trace.note("done", home, f"{name} {more}".rstrip(), {"handler": name, "codes": codes})

    def _put(self, home: str, body: bytes, status: int) -> None:
        item = json.loads(body)["Item"]
        if "body" not in item or status != 200:
            return
        event = event_of(item["body"]["S"])
        if event.application != self.policy.application:
            stopped = isinstance(event.body, Disarmed)
            self.record.fleet_disarmed = self.trace.now() if stopped else None
            self.trace.note("fleet", home, str(event.kind))
            return
        about = f" {event.draft.incident}" if event.draft.incident else ""
        text = f"#{event.seq} {event.kind}{about} e{event.draft.epoch} by {event.draft.by}"
        sound = self.record.chained(event)
        if isinstance(event.body, Coded) and event.body.code:
            self.codes[event.body.code] += 1
        self.record.add(event, self.trace.now())
        self.trace.note("append", home, text, {"event": event, "sound": sound})

    def _changed(self, _at: float, name: str, on: bool) -> None:
        states = {
            c: self.cloud.switch.is_on(c) for entry in self.policy.regions.values() for c in entry.controls
        }
        self.trace.note(
            "moved", "", f"{name} {'On' if on else 'Off'}", {"name": name, "on": on, "states": states}
        )

    def _update(self, body: bytes) -> dict[str, Any]:
        params = json.loads(body)
        entries = params.get("UpdateRoutingControlStateEntries") or [params]
        changes = {
            self.names.get(e["RoutingControlArn"], e["RoutingControlArn"]): e["RoutingControlState"] == "On"
            for e in entries
        }
        return {"changes": changes, "override": tuple(params.get("SafetyRulesToOverride") or ())}


def _spelt(changes: Mapping[str, bool]) -> str:
    return ", ".join(f"{name} {'On' if on else 'Off'}" for name, on in changes.items())
