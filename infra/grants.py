"""Least privilege: the role of each function, from the `PERMISSIONS` beside the adapters that it uses.

```
 handler ─ USES ─> ports ─ ADAPTERS ─> PERMISSIONS (actions) ─┐
                                                              ├─> statements
                    what each action may touch ───────────────┘
```
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from controller.aws import assumed_role, heartbeat, notices, readiness, s3_switch, workflow
from controller.aws.arc import calls as arc_calls
from controller.aws.cloudwatch import alarms, request_counts
from controller.aws.dynamodb import (
    approvals,
    assessments,
    console_key,
    evidence,
    journal,
    leases,
    people,
    policies,
    readings,
)
from controller.core.policy.schema import OVERRIDE
from infra import names
from infra.project import Project

CONSOLE = "Console"
SEEN = (
    *("journal", "policies", "evidence", "snapshots", "assessments", "switch", "readiness", "notices"),
    "people",
)
"""What whoever decides looks at. Notices tell names, and whoever loads a policy writes its reviewers down."""
USES: Mapping[str, tuple[str, ...]] = {
    "Observe": (*SEEN, "leases", "approvals", "workflow"),
    "Tick": (*SEEN, "leases", "approvals", "workflow", "shift", "polls", "expiry", "heartbeat"),
    "Assess": (*SEEN, "leases"),
    "ConfirmReadiness": SEEN,
    "RequestApproval": (*SEEN, "approvals", "workflow"),
    "ShiftTraffic": (*SEEN, "leases", "shift"),
    "VerifyShift": (*SEEN, "leases", "shift", "requests"),
    "Escalate": ("assessments", "journal", "policies", "switch", "notices", "people"),
    CONSOLE: (*SEEN, "approvals", "workflow", "console_key", "requests"),
    "HandOver": ("assessments", "journal", "policies", "leases", "switch", "workflow", "notices", "people"),
}
"""Handler -> what of the outside its step touches. `switch` reads the routing controls, `shift` moves
them. `people` tells who acts and what they are called, `expiry` deletes names whose days are over."""

ARC_READS = tuple(action for action, _ in arc_calls.PERMISSIONS if "Update" not in action)
ARC_WRITES = tuple(action for action, _ in arc_calls.PERMISSIONS if "Update" in action)
OBJECT_READS = ("s3:ListBucket",)

ADAPTERS: Mapping[str, tuple[str, ...]] = {
    "journal": journal.PERMISSIONS,
    "leases": leases.PERMISSIONS,
    "policies": policies.PERMISSIONS,
    "evidence": evidence.PERMISSIONS,
    "snapshots": readings.PERMISSIONS,
    "assessments": assessments.PERMISSIONS,
    "approvals": approvals.PERMISSIONS,
    "people": people.KEEPS,
    "expiry": people.ENDS,
    "console_key": console_key.PERMISSIONS,
    "notices": notices.PERMISSIONS,
    "heartbeat": heartbeat.PERMISSIONS,
    "workflow": workflow.PERMISSIONS,
    "access": assumed_role.PERMISSIONS,
    "polls": alarms.PERMISSIONS,
    "requests": request_counts.PERMISSIONS,
    "readiness": readiness.PERMISSIONS,
    "switch": (*ARC_READS, *OBJECT_READS),
    "shift": (*ARC_WRITES, *(action for action, _ in s3_switch.PERMISSIONS if action not in OBJECT_READS)),
}

DESK = (
    *("account", "arc.config", "audit.signing", "audit.locked_store"),
    *("dynamodb.stored_records", "dynamodb.journal_backup"),
)
"""Adapters for a person at a desk, with that person's rights: no function has them, and no role of ours."""

STARRED: Mapping[str, str] = {
    "route53-recovery-cluster:ListRoutingControls": "the service knows no resource type for it",
    "cloudwatch:DescribeAlarms": "names several alarms in one call; alarms come and go with the policy",
    "cloudwatch:GetMetricData": "the service knows no resource type for it",
    "cloudwatch:GetMetricStatistics": "the service knows no resource type for it",
    "lambda:GetAccountSettings": "the service knows no resource type for it",
    "servicequotas:GetServiceQuota": "default quotas have no resource of the account's own",
    "route53-recovery-readiness:GetReadinessCheckStatus": "a check's ARN is not known from its name",
}
"""The only actions with `*` as their resource, each with its reason."""

PATTERNS: Mapping[str, str] = {
    "kms": "a key has no ARN before it is made, and no permission takes an alias; the condition names it",
    "states": "an execution is named when it starts; these are the executions of one state machine",
    "s3": "the objects of one bucket",
}
"""Service -> why its resources have a `*` within them."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy. conditions: as IAM writes them. why: the reason for each `*` in
    `resources`."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Any] | None = None
    effect: str = "Allow"
    why: str = ""

    @property
    def starred(self) -> list[str]:
        return [resource for resource in self.resources if "*" in resource]

    def written(self) -> dict[str, Any]:
        written: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return written | ({"Condition": dict(self.conditions)} if self.conditions else {})


Place = Literal["evidence", "arc"]
"""What may live in another account than the controllers."""
PLACES: Mapping[str, Place] = {
    "cloudwatch": "evidence",
    "lambda": "evidence",
    "servicequotas": "evidence",
    "arc-region-switch": "arc",
    "route53-recovery-readiness": "arc",
    "route53-recovery-cluster": "arc",
}
"""Service -> where it is asked; of all other services the controllers ask their own account's."""
HANDS: Mapping[Place, tuple[str, ...]] = {"evidence": ("look",), "arc": ("look", "move")}
"""Place -> the roles there for one controller Region: who only looks cannot move."""


def statements(project: Project, region: str, handler: str) -> list[Statement]:
    """What the role of `handler` in `region` may do, beside writing its own log."""
    found = _granted(project, region, USES[handler], None)
    for place in HANDS:
        hand = goes(project, handler, place)
        if hand is not None:
            role = names.role_arn(project.account_of(place), project.names.access_role(place, hand, region))
            found.append(Statement(f"Access{names.capital(place)}", ADAPTERS["access"], (role,)))
    if "shift" in USES[handler] and project.arc is not None and away(project, "arc") is None:
        found += _overrides(project)
    return found


def away_statements(project: Project, region: str, place: Place, hand: str) -> list[Statement]:
    """What the role in another account may do, for all functions of one controller Region that assume it."""
    ports = [port for name in handlers(project) if goes(project, name, place) == hand for port in USES[name]]
    found = _granted(project, region, tuple(dict.fromkeys(ports)), place)
    return found + (_overrides(project) if hand == "move" and project.arc is not None else [])


def handlers(project: Project) -> tuple[str, ...]:
    """The functions of this deployment."""
    return tuple(name for name in USES if name != CONSOLE or project.config.console is not None)


def away(project: Project, place: Place) -> str | None:
    """The account of a place, where it is not the controllers' own."""
    account = project.account_of(place)
    return None if account == project.account else account


def goes(project: Project, handler: str, place: Place) -> str | None:
    """Which role of a place a function assumes; None where it asks nothing there, or all is at home."""
    if away(project, place) is None:
        return None
    asked = {action for port in USES[handler] for action in wanted(project, port) if _place(action) == place}
    moves = set(ADAPTERS["shift"])
    return ("move" if asked & moves else "look") if asked else None


def _place(action: str) -> Place | None:
    return PLACES.get(action.split(":")[0])


def _granted(project: Project, region: str, ports: Sequence[str], place: Place | None) -> list[Statement]:
    """What of the ports' actions is done in one place; None: in the controllers' own account."""
    found: list[Statement] = []
    for port in ports:
        for actions, resources, conditions, why in _reach(project, region, port, place):
            if resources:
                service = actions[0].split(":")[0]
                sid = "".join(names.capital(word) for word in (port, service, str(len(found))))
                found.append(Statement(sid, tuple(actions), tuple(resources), conditions, why=why))
    return found


def _done_in(project: Project, action: str) -> Place | None:
    place = _place(action)
    return place if place is not None and away(project, place) else None


Reach = tuple[Sequence[str], Sequence[str], Mapping[str, Any] | None, str]


def _reach(project: Project, region: str, port: str, place: Place | None) -> Iterator[Reach]:
    """The actions of a port that are done in one place, grouped by what they touch."""
    there = [action for action in wanted(project, port) if _done_in(project, action) == place]
    return reach_of(project, region, port, there)


def reach_of(project: Project, region: str, port: str, actions: Sequence[str]) -> Iterator[Reach]:
    """Some actions of a port, grouped by what they touch."""
    starred = [action for action in actions if action in STARRED]
    if starred:
        yield starred, ["*"], None, "; ".join(f"{action}: {STARRED[action]}" for action in starred)
    left = [action for action in actions if action not in STARRED]
    by_service: dict[str, list[str]] = {}
    for action in left:
        by_service.setdefault(action.split(":")[0], []).append(action)
    for service, those in by_service.items():
        yield those, *_RESOURCES[service](project, region, port), PATTERNS.get(service, "")


def wanted(project: Project, port: str) -> tuple[str, ...]:
    """What of a port's permissions this deployment needs: by its switch, and by what its policy asks."""
    actions = ADAPTERS[port]
    if port in ("switch", "shift"):
        prefix = "s3:" if project.arc is None else "route53-recovery-cluster:"
        # In shadow nothing may move traffic, whatever a defect would try.
        return tuple(a for a in actions if a.startswith(prefix) and (project.live or port == "switch"))
    if port == "readiness":
        return tuple(action for action in actions if action in _asked(project))
    if port == "heartbeat" and project.heartbeat is None:
        return ()
    if port == "requests" and project.policy.traffic is None:
        return ()
    return actions


def _asked(project: Project) -> set[str]:
    """The readiness questions of this policy."""
    from controller.steps.context.situation import every_query

    calls = {
        "replication": ("cloudwatch:GetMetricStatistics",),
        "plan": ("arc-region-switch:GetPlanEvaluationStatus",),
        "arc": ("route53-recovery-readiness:GetReadinessCheckStatus",),
        "quotas": ("lambda:GetAccountSettings", "servicequotas:GetServiceQuota"),
    }
    return {action for kind, *_ in every_query(project.policy) for action in calls[kind]}


def _tables(project: Project, region: str, port: str) -> tuple[list[str], None]:
    account = project.account
    if port in ("journal", "policies", "leases", "approvals", "console_key"):
        return [project.names.table_arn(r, account, names.JOURNAL) for r in project.policy.controllers], None
    if port in ("people", "expiry"):
        return [project.names.table_arn(r, account, names.PEOPLE) for r in project.policy.controllers], None
    table = names.ASSESSMENTS if port == "assessments" else names.EVIDENCE
    return [project.names.table_arn(region, account, table)], None


def _keys(project: Project, _region: str, _port: str) -> tuple[list[str], Mapping[str, Any]]:
    """A permission cannot name a key by its alias, and the key's id is not known before it is made."""
    keys = [names.any_key_arn(r, project.account) for r in project.policy.controllers]
    return keys, {"ForAnyValue:StringEquals": {"kms:ResourceAliases": project.names.key}}


def _machines(project: Project, _region: str, _port: str) -> tuple[list[str], None]:
    """A tick beats for, and an answer goes to, executions of each controller's Region."""
    there = project.policy.controllers
    return [
        *(project.names.machine_arn(r, project.account) for r in there),
        *(project.names.execution_arn(r, project.account) for r in there),
    ], None


def _controls(project: Project, _region: str, _port: str) -> tuple[list[str], None]:
    if project.arc is None:
        return [], None
    return sorted([*project.arc.controls.values(), *(g.control for g in project.arc.gates.values())]), None


def _objects(project: Project, _region: str, port: str) -> tuple[list[str], None]:
    if project.standby is None:
        return [], None
    ends = "" if port == "switch" else "/*"
    return [f"arn:aws:s3:::{b.name}{ends}" for b in project.standby.bucket_by_region.values()], None


def _secrets(project: Project, region: str, _port: str) -> tuple[list[str], None]:
    """The one secret, in the controller's own Region. AWS puts six characters of its own behind the name."""
    told = project.heartbeat
    return [
        names.arn("secretsmanager", region, project.account, f"secret:{told.secret}-??????")
    ] if told else [], None


_RESOURCES: Mapping[str, Callable[[Project, str, str], tuple[list[str], Mapping[str, Any] | None]]] = {
    "dynamodb": _tables,
    "kms": _keys,
    "states": _machines,
    "route53-recovery-cluster": _controls,
    "s3": _objects,
    "sns": lambda p, r, _: ([p.names.topic_arn(r, p.account)], None),
    "events": lambda p, r, _: (
        [names.bus_arn(r, p.account)],
        {"StringEquals": {"events:source": "tidegate"}},
    ),
    "secretsmanager": _secrets,
    "arc-region-switch": lambda p, _r, _p: (sorted(p.config.plans.values()), None),
}
"""Service -> what this deployment may touch of it."""


def _overrides(project: Project) -> list[Statement]:
    """Setting a safety rule aside: denied, but where the policy has a gate of two people for it (S14)."""
    if not project.live or OVERRIDE in project.policy.approvals:
        return []
    action, _, condition = arc_calls.OVERRIDE_PERMISSION
    why = "it denies, whatever the control"
    return [Statement("NoOverride", (action,), ("*",), {"Bool": {condition: "true"}}, effect="Deny", why=why)]
