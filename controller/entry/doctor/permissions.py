"""The examination of permissions: what each function may and may not do.

Each function may do what its code needs, and nothing moves traffic in shadow.
The doctor asks IAM about what the templates gave each role (`rights` of the deployment). IAM answers for the
role as it is now, after everything that an account's boundaries and policies take away again.

```
 states:SendTask*   the reference gives no resource type, and AWS authorises on the machine's ARN
                    ├─ simulated with the ARN, or with `*` ─ allowed ────────────> right
                    └─ implicitly denied by both: the simulator cannot know
                                    └─ the role's own text grants the ARN ───────> right
```
AWS: IAM API Reference, SimulatePrincipalPolicy, GetRolePolicy. Control planes: a person asks them, an
evacuation never does.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from controller.entry.doctor.finding import Finding, Patient, judged, tried
from controller.settings import Right

GLOBAL = "us-east-1"
MOVES = "route53-recovery-cluster:UpdateRoutingControlStates"
WRITES = ("s3:DeleteObject", "s3:PutObject")
MOVER = "ShiftTraffic"
SAMPLE = "0000"
"""The stand-in for the unknown part of a name. A simulation takes no pattern."""
UNTYPED = frozenset({"states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"})
"""The actions that the simulator judges by `*` alone, while a grant of the machine's ARN works too.

They are on the way of each answer: to call a right grant bad would have people widen it.
"""


def permissions(patient: Patient) -> Iterator[Finding]:
    d, check = patient.deployment, "permissions"
    if not d.rights:
        yield Finding(check, d.region, "skipped", "this deployment names no roles (a rehearsal has none)")
        return

    def look() -> Finding:
        denied = [told for name, rights in d.rights.items() for told in _denied(patient, name, rights)]
        told = f"{len(d.rights)} roles allow what their functions need"
        return judged(check, d.region, [*denied, *_too_much(patient)], told)

    yield tried(patient, check, d.region, look)


def _denied(patient: Patient, handler: str, rights: Sequence[Right]) -> Iterator[str]:
    role = _role(patient, handler)
    for right in rights:
        for action, decision in _simulated(patient, role, right):
            if decision == "implicitDeny" and action in UNTYPED and _granted(patient, role, action, right):
                continue
            if decision != "allowed":
                yield f"{handler} may not {action} ({decision})"


def _granted(patient: Patient, role: str, action: str, right: Right) -> bool:
    """Return True where `*` is allowed, or the role's policies name the action and each machine."""
    anywhere = Right(actions=(action,), resources=("*",), keys=right.keys)
    decisions = [decision for _, decision in _simulated(patient, role, anywhere)]
    if decisions == ["allowed"] or decisions == ["explicitDeny"]:
        return decisions == ["allowed"]
    granted = [
        pattern
        for statement in _statements(patient, role.rpartition("/")[2])
        if statement.get("Effect") == "Allow" and not statement.get("Condition")
        if any(fnmatchcase(action.lower(), each.lower()) for each in _listed(statement.get("Action")))
        for pattern in _listed(statement.get("Resource"))
    ]
    machines = [arn for arn in right.resources if ":stateMachine:" in arn]
    wanted = machines or [patient.deployment.state_machine]
    return all(any(fnmatchcase(arn, pattern) for pattern in granted) for arn in wanted)


def _statements(patient: Patient, role: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of the role's policies, inline as our templates write them, or managed."""
    for document in _documents(patient.client("iam", GLOBAL), role):
        statements = document.get("Statement", [])
        yield from [statements] if isinstance(statements, dict) else statements


def _documents(iam: Any, role: str) -> Iterator[dict[str, Any]]:
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for arn in (each["PolicyArn"] for each in page["AttachedPolicies"]):
            newest = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            yield iam.get_policy_version(PolicyArn=arn, VersionId=newest)["PolicyVersion"]["Document"]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _too_much(patient: Patient) -> Iterator[str]:
    """Yield a problem where a role may move traffic in shadow.

    In shadow nothing may move traffic, whatever a defect tries.
    """
    d = patient.deployment
    if patient.deps.policy.enforcement == "live" or MOVER not in d.rights:
        return
    if d.arc is not None:
        right = Right(actions=(MOVES,), resources=tuple(d.arc.controls.values()))
    elif d.standby is not None:
        buckets = {bucket.name for bucket in d.standby.bucket_by_region.values()}
        right = Right(actions=WRITES, resources=tuple(f"arn:aws:s3:::{name}/*" for name in sorted(buckets)))
    else:
        return
    for action, decision in _simulated(patient, _role(patient, MOVER), right):
        if decision == "allowed":
            yield f"in shadow {MOVER} may move traffic ({action})"


def _role(patient: Patient, handler: str) -> str:
    name = f"{patient.deployment.prefix}-{handler}"
    found = patient.client("lambda").get_function_configuration(FunctionName=name)
    return str(found["Role"])


def _simulated(patient: Patient, role: str, right: Right) -> Iterator[tuple[str, str]]:
    """Yield (action, decision), with the worst decision over its resources.

    A decision is `allowed`, `implicitDeny` or `explicitDeny`, or names who above the role denies.
    """
    params: dict[str, Any] = {"PolicySourceArn": role, "ActionNames": list(right.actions)}
    named = [arn.replace("*", SAMPLE).replace("?", SAMPLE[0]) for arn in right.resources if arn != "*"]
    if named:
        params["ResourceArns"] = named
    if right.keys:
        params["ContextEntries"] = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            if isinstance(value, str)
            else {"ContextKeyName": key, "ContextKeyValues": list(value), "ContextKeyType": "stringList"}
            for key, value in right.keys.items()
        ]
    pages = patient.client("iam", GLOBAL).get_paginator("simulate_principal_policy").paginate(**params)
    for result in (each for page in pages for each in page["EvaluationResults"]):
        parts = [each["EvalResourceDecision"] for each in result.get("ResourceSpecificResults", ())]
        refused = [part for part in (result["EvalDecision"], *parts) if part != "allowed"]
        decision = (_above(result) or str(refused[0])) if refused else "allowed"
        yield str(result["EvalActionName"]), decision


def _above(result: dict[str, Any]) -> str:
    """Return who above the role does not allow the action; "" where nobody is said to deny it."""
    details = (
        ("PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary", "the permissions boundary"),
        ("OrganizationsDecisionDetail", "AllowedByOrganizations", "the organisation"),
    )
    denied = (f"denied by {who}" for where, key, who in details if result.get(where, {}).get(key) is False)
    return next(denied, "")
