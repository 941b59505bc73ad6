"""The decision about one Region now: first the condition, then the guards in order.

The first guard that is not true gives the answer.

```
 when false, unknown ─> none (with an incident open: stand_down, hold; hold too where the Region flaps)
 when true ─> armed ─> policy, removal ─> not cut off ─> eligible ─> blackout ─> not refused ─> cooldown
      ─> velocity                                                                   down to here it opens
      ─> shared cause ─> target exists ─> readiness ─> floor ─> approval ─> act         else hold, and page
                                                            └ shadow: hold here, and say what would be done
```
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from controller.core.decision import guards
from controller.core.decision.guards import GuardInput
from controller.core.decision.plan import may_carry, next_wave, plan
from controller.core.decision.progress import begun, under_way
from controller.core.decision.readiness import ReadinessResult, asked, under_doubt
from controller.core.decision.recurrence import FLAPPING, stays_open
from controller.core.decision.removal import opened_in_shadow, removal, unmoved
from controller.core.decision.restore import decide_home, decide_restore, must_be_left
from controller.core.evidence.evaluation import View, judge, testifying, truth, view
from controller.core.evidence.registry import Roster
from controller.core.incident.state import Incident, State
from controller.core.model import Check, Decision, Node, Observation, Truth, Verdict
from controller.core.policy.governance import governing
from controller.core.policy.schema import Policy


@dataclass(frozen=True)
class Situation:
    """A situation holds everything that a decision may look at.

    state is None where the journal cannot be read, evidence where its table cannot, controls where no
    ARC endpoint answered (or nobody asked yet). `here` is the Region that this controller runs in.
    readings: the last results about readiness, read here or in another Region. roster: the signals to
    look at, where fewer than all matter. policy: this controller's own, or the one that it was handed to go
    by. others: digest -> another policy that the journal names, read and verified. unread: digest -> why
    that policy cannot be read.
    """

    policy: Policy
    account: str
    here: str
    now: float
    state: State | None
    evidence: Mapping[str, Sequence[Observation]] | None
    controls: Mapping[str, bool] | None
    readings: tuple[ReadinessResult, ...] = ()
    roster: Roster | None = None
    others: Mapping[str, Policy] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)

    def policy_of(self, digest: str | None) -> Policy | None:
        """Return the policy with that digest; None where it is not at hand."""
        return self.policy if digest == self.policy.digest else self.others.get(digest or "")

    @property
    def in_force(self) -> Policy | None:
        """Return the policy that the journal names as the one loaded last."""
        return self.policy_of(self.state.policy) if self.state else None

    @property
    def regions(self) -> tuple[str, ...]:
        """Return the policy's Regions, and the one that an open incident leaves."""
        about = self.state.open if self.state else None
        return tuple(dict.fromkeys((*self.policy.regions, *([about.source] if about else []))))

    @cached_property
    def driving(self) -> "Situation | None":
        """Return the same situation by the policy that the open incident goes on by.

        That is the one that began it, bounded by the one in force. None where it cannot be read.
        """
        about = self.state.open if self.state else None
        began = self.policy if about is None else self.policy_of(about.policy or self.policy.digest)
        if began is None:
            return None
        governed = began if self.in_force is None else governing(began, self.in_force)
        if governed is self.policy:
            return self
        others = {**self.others, self.policy.digest: self.policy}
        names = (name for entry in governed.regions.values() for name in entry.controls)
        whole = self.controls is not None and all(name in self.controls for name in names)
        controls = self.controls if whole else None  # this controller's switch may not know them all
        return replace(self, policy=governed, others=others, roster=None, controls=controls)

    @property
    def unreadable(self) -> str:
        """Return the reason that a policy which is needed cannot be read, or ""."""
        about = self.state.open if self.state else None
        needed = [about.policy] if about and about.policy else []
        needed += [self.state.policy] if self.state and self.state.policy else []
        lost = [digest for digest in needed if self.policy_of(digest) is None]
        return "; ".join(self.unread.get(digest, f"policy {digest[:8]} is not at hand") for digest in lost)

    @cached_property
    def seen(self) -> View:
        """Return what the evidence says of every signal.

        `state` and `evidence` must be there.
        """
        muted = self.state.muted if self.state else {}
        return view(self.policy, self.account, self.evidence or {}, self.now, muted, self.roster)

    def after(self, state: State, controls: Mapping[str, bool] | None = None) -> "Situation":
        """Return the same situation after further events of the journal.

        The evidence is judged once: its view is kept, unless a mute has changed. controls: as read since.
        """
        later = replace(self, state=state, controls=self.controls if controls is None else controls)
        if self.state is not None and self.state.muted == state.muted and "seen" in self.__dict__:
            later.__dict__["seen"] = self.seen
        return later


def decide(situation: Situation, region: str, *, tree: bool = True) -> Decision:
    """Return the decision about `region`.

    The function is pure: the same situation gives the same decision. tree: whether the decision holds the
    tree that it follows from; without it the same is decided, in less time.
    """
    s = situation
    if s.state is None:
        return _plainly(s, region, "journal-unreadable", "the journal does not answer; nothing may be done")
    if s.evidence is None:
        return _plainly(s, region, "evidence-unreadable", "the evidence table does not answer")
    state = s.state
    about = state.open if state.open and state.open.source == region else None
    driving = s if about is None else s.driving
    if driving is None:
        return _plainly(s, region, "policy-unreadable", s.unreadable)
    s = driving
    found = guard_input(s, region)
    incident, seen, policy = found.incident, found.seen, found.policy
    left = state.away(region)
    if incident is not None and incident.leg == "home":
        return _without_tree_unless(decide_home(found, incident), tree=tree)
    if left is not None and policy.restore is not None and _is_on_its_way_home(found):
        return _without_tree_unless(
            decide_restore(replace(found, intent="restore"), incident, left), tree=tree
        )
    when = policy.evacuate.when
    node = judge(when, seen, source=region, target=None, path="when") if tree else None
    value = node.value if node else truth(when, seen, source=region)
    if not (incident and (incident.requested_by or begun(policy, incident, s.controls))):
        stopped = _without_cause(s, region, value, node, incident)
    else:
        stopped = None
    # A drill whose own Region fails meanwhile is on the way out already: it goes at once, not in waves.
    at_once = incident is not None and incident.intent == "drill" and value is Truth.TRUE
    made = _flapping(s, found, stopped) if stopped else _guarded(s, found, node, at_once=at_once)
    return _refused_already(found, made) or made


def _flapping(s: Situation, f: GuardInput, ends: Decision) -> Decision:
    """Return the decision to keep an incident open where its Region flaps, else `ends`.

    The guards are judged all the same: the question that waits is about their plan.
    """
    if ends.action != "stand_down" or f.incident is None:
        return ends
    kept = stays_open(f.state, f.incident, f.now)
    if kept is None:
        return ends
    about = _guarded(s, f, ends.tree, at_once=False)
    return replace(about, code=FLAPPING, action="hold", reason=f"{ends.reason}; {kept}")


def _refused_already(f: GuardInput, made: Decision) -> Decision | None:
    """Return the end of an unmoved incident that people denied, or left unanswered.

    It must not wait for evidence or a target to end: the time until it may be asked again begins with the no.
    """
    request = f.incident.request if f.incident else None
    if (
        f.incident is None
        or request is None
        or made.action != "hold"
        or begun(f.policy, f.incident, f.controls)
    ):
        return None
    if request.status == "denied" or (request.status == "expired" and made.plan is None):
        said = f"denied by {request.by}" if request.status == "denied" else "nobody answered in time"
        reason = f"{said}; and meanwhile {made.code}: {made.reason}"
        return replace(made, code=f"approval-{request.status}", action="stand_down", reason=reason)
    return None


def guard_input(s: Situation, region: str) -> GuardInput:
    """Return the input of the guards about `region`.

    The journal and the evidence must have been read.
    """
    assert s.state is not None
    about = s.state.open
    incident = about if about is not None and about.source == region else None
    policy = s.policy.about(region)
    return GuardInput(
        policy, region, s.now, s.here, s.state, incident, s.seen, s.controls, readings=s.readings,
        in_force=s.in_force,
    )  # fmt: skip


def _is_on_its_way_home(f: GuardInput) -> bool:
    """Return True where a Region that was left is judged for its return.

    What carries any traffic and must be left is left again, whatever was left or returned before (L11). A
    restore under way turns back by itself (`restore.must_turn`).
    """
    if f.incident is not None:
        return f.incident.intent == "restore"
    carries = may_carry(f.policy, f.region, f.controls, f.state.stand)
    return not (carries and must_be_left(f, f.region))


def _without_tree_unless(decision: Decision, *, tree: bool) -> Decision:
    return decision if tree else replace(decision, tree=None)


def _plainly(s: Situation, region: str, code: str, reason: str) -> Decision:
    return Decision(s.now, region, code, "hold", reason)


def _without_cause(
    s: Situation, region: str, value: Truth, tree: Node | None, incident: Incident | None
) -> Decision | None:
    """Return the decision where the condition calls for no evacuation; None where it does."""
    if value is Truth.TRUE:
        return None
    if value is Truth.UNKNOWN:
        action = "hold" if incident else "none"
        reason = f"not known whether {region} must be left: unknown never acts"
        return Decision(s.now, region, "unknown", action, reason, tree)
    every = [track for family in s.policy.signals for track in s.seen.of(family, region, region)]
    verdicts = [track.state.verdict for track in testifying(Verdict.HEALTHY, every)[0]]
    quiet = all(verdict is Verdict.HEALTHY for verdict in verdicts)
    code, reason = ("healthy", f"every signal about {region} is healthy")
    if not quiet:
        code, reason = "not-confirmed", _doubts(verdicts, region)
    return Decision(s.now, region, code, "stand_down" if incident else "none", reason, tree)


def _doubts(verdicts: Sequence[Verdict], region: str) -> str:
    """Return a sentence about the signals of a Region that are not healthy.

    It is for a Region that the condition does not call bad.
    """
    red = sum(verdict is Verdict.BREACHING for verdict in verdicts)
    dim = sum(verdict in (Verdict.SILENT, Verdict.UNKNOWN) for verdict in verdicts)
    if red:
        return (
            f"{red} of {len(verdicts)} signals speak against {region}; the policy's condition asks for more"
        )
    return f"nothing speaks against {region}; {dim} of {len(verdicts)} signals are silent or unknown"


def _guarded(s: Situation, found: GuardInput, tree: Node | None, *, at_once: bool) -> Decision:
    region, incident = found.region, found.incident
    checks: list[Check] = [guard(found) for guard in guards.TO_OPEN]
    target, at_target = guards.choose_target(found)
    checks += at_target
    answers = guards.ready_answers(found, target) if target is not None else ()
    found = replace(found, doubts=asked(answers))
    goal = whole = None
    if target is not None and s.controls is not None:
        taken = incident.taken if incident else ()
        whole = plan(s.policy, source=region, target=target, controls=s.controls, taken=taken)
        done, rest = (incident.waves, under_way(s.policy, incident, s.controls)) if incident else (0, ())
        waves = None if at_once else found.policy.evacuate.waves
        goal = next_wave(s.policy, whole, waves, done, rest)
    goal = under_doubt(goal, found.doubts)
    checks.append(guards.floor(found, goal))
    checks = [*checks[:2], *removal(found, whole), *checks[2:]]  # right after the guard of the policy
    gate = guards.approval(found, goal)
    decision = Decision(
        s.now, region, "evacuate", "act", f"leave {region} for {target}", tree, (*checks, gate), target, goal,
        gate=found.policy.gate_name("evacuate", found.doubts), answers=answers,
    )  # fmt: skip
    blocked = next((check for check in checks if check.value is not Truth.TRUE), None)
    if blocked is not None:
        gone = blocked.code == "already-left" or (
            blocked.code == "policy-removed" and blocked.value is Truth.FALSE and unmoved(found)
        )
        action = "stand_down" if incident and gone else "hold"
        return replace(decision, code=blocked.code, action=action, reason=blocked.sentence)
    if (anew := opened_in_shadow(found)) is not None:
        return replace(decision, code="policy-superseded", action="stand_down", reason=anew)
    if s.policy.enforcement == "shadow":
        # A person's request ends here, unless it has begun; one of our own lasts as long as its cause.
        ends = incident and incident.requested_by and not begun(found.policy, incident, s.controls)
        action = "stand_down" if ends else "hold"
        return replace(decision, code="shadow", action=action, reason=f"shadow: would {decision.reason}")
    if gate.code in ("approval-denied", "approval-expired"):
        action = "hold" if incident and not unmoved(found) else "stand_down"  # what has moved stands
        return replace(decision, code=gate.code, action=action, reason=gate.sentence)
    if gate.value is not Truth.TRUE:
        return replace(decision, code=gate.code, action="ask", reason=gate.sentence)
    return decision


def may_open(decision: Decision) -> bool:
    """Return True where a decision about a Region without an incident opens one.

    A restore opens where it may act or ask. Any other incident opens where the guards in `guards.OPENING` are
    true and `eligible` is not false; the guards that look at the target need not pass. An incident that
    cannot act yet holds, and pages people.
    """
    if decision.intent == "restore":
        return decision.action in ("act", "ask")
    early = {check.guard: check.value for check in decision.checks}
    passed = all(early.get(name) is Truth.TRUE for name in guards.OPENING)
    return passed and early.get("eligible") is not Truth.FALSE
