"""The driver of a case: it carries out what the decisions call for.

It opens, asks, moves and settles, all as journal events of a state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from controller.core.decision.approval_chain import chain, following
from controller.core.decision.decide import Situation, decide, may_open
from controller.core.decision.guards import GuardInput, binding
from controller.core.decision.plan import whole_plan
from controller.core.decision.readiness import asked
from controller.core.decision.restore import must_turn
from controller.core.incident.fold import apply
from controller.core.incident.state import Incident, Phase, State
from controller.core.journal.event import Body, Draft, Event, seal
from controller.core.journal.moves import (
    ApprovalDenied,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRequested,
    Confirmed,
    DrillOpened,
    IncidentOpened,
    Opening,
    RestoreOpened,
    Settled,
    ShiftApplied,
    ShiftIntended,
    ShiftVerified,
    StoodDown,
    TurnedBack,
)
from controller.core.journal.notes import PolicyLoaded
from controller.core.model import Decision
from controller.core.policy.schema import Policy

People = Literal["approve", "deny", "silent"]


@dataclass(frozen=True, slots=True)
class Moved:
    """Records that traffic moved.

    at: seconds since the case began. from_, to: Regions. wave: from 1.
    """

    at: float
    from_: str
    to: str
    wave: int


class Driver:
    """Holds the state and the controls of a case, changed by what is decided."""

    def __init__(self, policy: Policy, controls: dict[str, bool], people: People, *, deployed: float) -> None:
        self.policy = policy
        self.controls = controls
        self.moved: list[Moved] = []
        self._people = people
        self._events: list[Event] = []
        self._now = deployed
        self.state = State(policy.application)
        self._write(PolicyLoaded(digest=policy.digest, deployed=deployed), None)

    def act(self, situation: Situation, decisions: Mapping[str, Decision], since: float) -> None:
        """Act for one minute: open what may open, then drive what is open."""
        self._now = situation.now
        opening = next((d for d in decisions.values() if may_open(d)), None)
        if self.state.open is None and opening is not None:
            self._open(opening)
        if self.state.open is not None:
            self._drive(situation, since)

    def drill(self, situation: Situation, region: str) -> None:
        """Begin a drill as a person does.

        It is refused, as at any time, while something is in progress.
        """
        self._now = situation.now
        if self.state.open is None:
            opened = DrillOpened(source=region, requested_by="case", reason="a drill")
            self._write(opened, self._name(region))

    def _open(self, decision: Decision) -> None:
        region, reason = decision.region, decision.reason
        left = self.state.away(region) if decision.intent == "restore" else None
        opened: Opening = IncidentOpened(source=region, reason=reason)
        if left is not None:
            target = decision.target or left.target
            opened = RestoreOpened(source=region, reason=reason, of=left.id, target=target)
        self._write(opened, self._name(region))

    def _name(self, region: str) -> str:
        return f"{self.policy.application}-{region}-{len(self._events) + 1}"

    def _drive(self, situation: Situation, since: float) -> None:
        for _ in range(4):  # open, confirmed, asked, approved: then it moves, waits or ends
            incident = self.state.open
            if incident is None:
                return
            incident = self._turned(situation, incident)
            decision = self._decide(situation, incident)
            if decision.action == "stand_down":
                self._write(StoodDown(code=decision.code, reason=decision.reason), incident.id)
                return
            if decision.action not in ("act", "ask"):
                return
            if incident.phase is Phase.OPEN:
                self._write(Confirmed(target=decision.target or ""), incident.id)
            elif decision.action == "act":
                self._move(situation, incident, decision, since)
                return
            elif not self._ask(situation, incident, decision):
                return

    def _turned(self, situation: Situation, incident: Incident) -> Incident:
        """Return the incident, on its way home where it must turn.

        That is a drill that was aborted or has stayed long enough.
        """
        s = situation
        if incident.phase is not Phase.VERIFIED:
            return incident
        found = GuardInput(
            self.policy, incident.source, s.now, s.here, self.state, incident, s.seen, dict(self.controls)
        )
        turn = must_turn(found, incident)
        if turn is None:
            return incident
        self._write(TurnedBack(outcome=turn[0], reason=turn[1]), incident.id)
        return self.state.incidents[incident.id]

    def _decide(self, situation: Situation, incident: Incident) -> Decision:
        later = replace(situation, state=self.state, controls=dict(self.controls))
        vars(later)["seen"] = situation.seen  # the evidence is the same, and costs most
        return decide(later, incident.source, tree=False)

    def _ask(self, situation: Situation, incident: Incident, decision: Decision) -> bool:
        """Ask people, or see to the request that waits; True where anything changed."""
        if decision.plan is None:
            return False
        asks = chain(self.policy, incident, doubts=asked(decision.answers))
        request = incident.request
        bound = binding(self.policy, incident, decision.plan)
        if request is not None and request.status == "waiting" and request.digest == bound:
            if situation.now < request.expires:
                return False
            after = following(asks, request)
            if after is None:
                self._write(ApprovalExpired(approval=request.id), incident.id)
                return True
        stage = request.stage if request is not None and request.status == "waiting" else 0
        ask = asks[min(stage, len(asks) - 1)]
        name, whole = f"case-{len(self._events)}", whole_plan(decision.plan)
        question = ApprovalRequested(
            approval=name, digest=bound, expires=self._now + ask.within, gate=decision.gate or "",
            people=ask.people, stage=stage + 1, plan=whole.digest, whole=whole, wave=incident.waves + 1,
        )  # fmt: skip
        self._write(question, incident.id)
        if self._people == "deny":
            self._write(ApprovalDenied(approval=name), incident.id, by="person-1")
        for person in range(ask.people if self._people == "approve" else 0):
            self._write(ApprovalGiven(approval=name), incident.id, by=f"person-{person + 1}")
        return self._people != "silent"

    def _move(self, situation: Situation, incident: Incident, decision: Decision, since: float) -> None:
        plan = decision.plan
        if plan is None:
            return
        if plan.changes:
            before = {} if incident.before else dict(self.controls)
            wave = incident.waves + 1
            self._write(ShiftIntended(changes=plan.changes, wave=wave, before=before), incident.id)
            self.controls |= dict(plan.changes)
            self._write(ShiftApplied(wave=wave, states=dict(plan.changes)), incident.id)
            self._write(ShiftVerified(wave=wave), incident.id)
            home = incident.intent == "restore" or incident.leg == "home"
            there, here = str(incident.target), incident.source
            self.moved.append(Moved(since, there if home else here, here if home else there, wave))
        whole = self._decide(situation, self.state.incidents[incident.id]).plan
        stays = incident.intent == "drill" and incident.leg == "out"
        if whole is not None and not whole.changes and not stays:
            self._write(Settled(target=incident.target or ""), incident.id)

    def _write(self, said: Body, incident: str | None, by: str = "case") -> None:
        number = len(self._events)
        draft = Draft(f"id{number}", said, self._now, by, 1 if incident else 0, incident)
        self._events.append(seal(self.policy.application, draft, self._events[-1] if self._events else None))
        self.state = apply(self.state, self._events[-1])
