"""The IAM policies of people: who looks, who acts, who breaks the glass. No role of ours has them.

```
 look             status, why, incidents, assessments, runbook, doctor: reads, and writes nothing
 act              with look: approve, deny, evacuate, restore, drill, arm, disarm, mute, ack, stand-down, …
 break-glass      the switch, and the line that the journal keeps of it; none without a switch of ours
 break-glass-arc  the routing controls alone, for ARC's account where it is another: break-glass has none then
 audit            with look: audit export, and the locked archive
```
What a port needs comes from the `PERMISSIONS` beside its adapter, as for the functions (`infra/grants.py`).
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from controller.aws.arc import calls as arc_calls
from controller.aws.arc import config as arc_config
from controller.aws.audit import locked_store, signing
from controller.aws.dynamodb import people
from controller.core.policy.schema import OVERRIDE
from infra import names
from infra.grants import ADAPTERS, HANDS, PATTERNS, STARRED, Statement, away, reach_of
from infra.project import Project
from infra.role_policies import POLICIES, Document, Unfit, document, parted

READS = ("Get", "List", "Query", "Describe")
SEEN = ("journal", "policies", "leases", "evidence", "snapshots", "assessments", "switch")
"""What a person looks at by way of a port, of which only what reads is granted."""
ACTS = ("journal", "policies", "leases", "approvals", "workflow", "notices")
"""What a person's word goes through. The snapshots and assessments are the functions' own to write."""
BREAKS = ("journal", "policies", "notices")
KNOWS_NO_TYPE = "the service knows no resource type for it"
EXAMINED = {
    **dict.fromkeys(arc_config.PERMISSIONS, "ARC's configuration is read as a whole, by a person"),
    "route53:GetCheckerIpRanges": KNOWS_NO_TYPE,
    "route53:GetHealthCheckStatus": "a health check's id is not known from its name",
    "route53:ListHealthChecks": KNOWS_NO_TYPE,
    **{action: STARRED[action] for action in ("cloudwatch:DescribeAlarms", "lambda:GetAccountSettings")},
    "synthetics:DescribeCanaries": "names several canaries in one call; they come and go with the policy",
    "synthetics:DescribeRuntimeVersions": KNOWS_NO_TYPE,
}
"""What the doctor asks without a narrower resource -> why it has a `*`."""
OF_MACHINE = "kms:EncryptionContext:aws:states:stateMachineArn"
"""What Step Functions says of a definition to KMS, when somebody has it decrypted."""
TOGETHER = ("look", "act", "audit")
"""What one role may have. Who breaks the glass needs no other duty."""
ASKED_OF_FUNCTIONS = ("lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration")
ROLES = ("GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies", "SimulatePrincipalPolicy")


def write_operators(project: Project, folder: Path) -> None:
    """Write `DUTY.json`, `DUTY-2.json`, …, as `aws iam create-policy` takes them.

    Raises `Unfit` before it writes.
    """
    made = _files(policies(project))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, statements in made.items():
        text = json.dumps(document(statements), indent=1) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def _files(duties: Mapping[str, Sequence[Statement]]) -> dict[str, Document]:
    """Return the name of each policy -> its statements. Raises `Unfit`."""
    made: dict[str, Document] = {}
    for duty, statements in duties.items():
        try:
            parts = parted(statements)
        except Unfit as refused:
            raise Unfit(f"{duty}: {refused}") from refused
        made |= {duty if n == 1 else f"{duty}-{n}": part for n, part in enumerate(parts, start=1)}
    together = [name for name in made if name.partition("-")[0] in TOGETHER]
    if len(together) > POLICIES:
        told = f"who has {names.listed(TOGETHER)} needs {len(together)} policies"
        raise Unfit(f"{told}, and IAM takes {POLICIES} of a role")
    return made


def policies(project: Project) -> dict[str, list[Statement]]:
    """Return duty -> the statements of its policy; a duty without anything to do has none."""
    breaking, elsewhere = _breaking(project), away(project, "arc") is not None
    every = {
        "look": [
            *_ports(project, SEEN, reading=True),
            *_names(project, people.READS),
            *_examined(project),
            *_elsewhere(project),
            *_definitions(project),
        ],
        "act": [*_ports(project, ACTS), *_names(project, people.KEEPS)],
        "break-glass": [*([] if elsewhere else breaking), *(_told(project) if breaking else ())],
        "break-glass-arc": breaking if elsewhere else [],
        "audit": _audited(project),
    }
    return {duty: _numbered(found) for duty, found in every.items() if found}


def _ports(project: Project, ports: Sequence[str], *, reading: bool = False) -> Iterator[Statement]:
    """Yield what ports need in every controller's Region, each action once for all that it touches."""
    for port in ports:
        actions = tuple(a for a in ADAPTERS[port] if not reading or a.partition(":")[2].startswith(READS))
        yield from _everywhere(project, port, _ours(project, actions))


def _ours(project: Project, actions: Sequence[str]) -> list[str]:
    """Leave out the switch that this deployment does not have."""
    other = "s3:" if project.arc is not None else "route53-recovery-cluster:"
    return [action for action in actions if not action.startswith(other)]


def _everywhere(project: Project, port: str, actions: Sequence[str]) -> Iterator[Statement]:
    found: dict[str, Statement] = {}
    for region in project.policy.controllers:
        for those, resources, conditions, why in reach_of(project, region, port, actions):
            if resources:
                same = json.dumps([those, conditions], default=dict)
                known = found[same].resources if same in found else ()
                both = tuple(dict.fromkeys((*known, *resources)))
                found[same] = Statement("", tuple(those), both, conditions, why=why)
    yield from found.values()


def _names(project: Project, actions: Sequence[str]) -> Iterator[Statement]:
    yield from _everywhere(project, "people", actions)


def _examined(project: Project) -> Iterator[Statement]:
    """Yield what the doctor asks of control planes, each as narrow as its service lets it be."""
    account, controllers, called = project.account, project.policy.controllers, project.names
    yield Statement("", tuple(EXAMINED), ("*",), why="; ".join(dict.fromkeys(EXAMINED.values())))
    tables = tuple(called.table_arn(r, account, t) for r in controllers for t in names.TABLE_KEYS)
    yield Statement("", ("dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive"), tables)
    machines = tuple(called.machine_arn(r, account) for r in controllers)
    yield Statement("", ("states:DescribeStateMachine",), machines)
    queues = (
        *(names.queue_arn(r, account, called.dead_letters) for r in controllers),
        *(names.queue_arn(r, account, called.forward_letters) for r in project.forwarding),
    )
    yield Statement("", ("sqs:GetQueueAttributes", "sqs:GetQueueUrl"), queues)
    functions = tuple(called.function_arn(r, account, "*") for r in controllers)
    yield Statement("", ASKED_OF_FUNCTIONS, functions, why="the functions of one deployment")
    roles = (names.role_arn(account, called.of("*")),)
    asked = tuple(f"iam:{name}" for name in ROLES)
    yield Statement("", asked, roles, why="CloudFormation names the roles of one deployment")
    attached = (f"arn:aws:iam::{account}:policy/{called.of('*')}",)
    yield Statement("", ("iam:GetPolicy", "iam:GetPolicyVersion"), attached, why="as the roles")
    secret = called.of(names.HEARTBEAT)
    secrets = tuple(names.arn("secretsmanager", r, account, f"secret:{secret}-??????") for r in controllers)
    yield Statement("", ("secretsmanager:DescribeSecret",), secrets)
    routing = project.config.routing
    if routing is not None:
        zone = (f"arn:aws:route53:::hostedzone/{routing.zone}",)
        yield Statement("", ("route53:GetHostedZone", "route53:ListResourceRecordSets"), zone)


def _elsewhere(project: Project) -> Iterator[Statement]:
    """Yield the roles in other accounts by which a person looks there: those that trust `accounts.desk`."""
    for place in HANDS:
        account = away(project, place)
        if account is not None:
            called = (project.names.access_role(place, "look", r) for r in project.policy.controllers)
            roles = tuple(names.role_arn(account, name) for name in called)
            yield Statement("", ADAPTERS["access"], roles)


def _definitions(project: Project) -> Iterator[Statement]:
    """Yield what reads a workflow's definition: the caller of DescribeStateMachine must decrypt it.

    The same key holds task tokens and the console's key; their encryption contexts name no state machine.
    """
    account, controllers = project.account, project.policy.controllers
    keys = tuple(names.any_key_arn(r, account) for r in controllers)
    conditions = {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": project.names.key},
        "StringEquals": {OF_MACHINE: [project.names.machine_arn(r, account) for r in controllers]},
    }
    yield Statement("", ("kms:Decrypt",), keys, conditions, why=PATTERNS["kms"])


def _breaking(project: Project) -> list[Statement]:
    """Return what moves traffic by hand, in shadow too: it is people's right, not the functions'."""
    if project.arc is None and not project.objects_move:
        return []
    reads, writes = ADAPTERS["switch"], ADAPTERS["shift"]
    found = [
        *_everywhere(project, "switch", _ours(project, reads)),
        *_everywhere(project, "shift", _ours(project, writes)),
    ]
    action, _, condition = arc_calls.OVERRIDE_PERMISSION
    why = "it denies, whatever the control"
    if project.arc is not None and OVERRIDE not in project.policy.approvals:
        denied = {"Bool": {condition: "true"}}
        found.append(Statement("", (action,), ("*",), denied, effect="Deny", why=why))
    return found


def _told(project: Project) -> Iterator[Statement]:
    """Yield what brings the record of a move into the journal: in the controllers' account always."""
    yield from _ports(project, BREAKS)
    yield from _names(project, people.KEEPS)


def _audited(project: Project) -> list[Statement]:
    account, home = project.account, project.config.home
    keys = tuple(names.any_key_arn(region, account) for region in project.policy.controllers)
    alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": project.names.signing_key}}
    objects = (f"arn:aws:s3:::{project.names.audit_bucket(account, home)}/*",)
    return [
        Statement("", signing.PERMISSIONS, keys, alias, why=PATTERNS["kms"]),
        Statement("", locked_store.PERMISSIONS, objects, why=PATTERNS["s3"]),
    ]


def _numbered(statements: Sequence[Statement]) -> list[Statement]:
    """Merge what is about the same resources, and give each statement the name that IAM wants."""
    found: dict[str, Statement] = {}
    for each in statements:
        same = json.dumps([each.effect, each.resources, each.conditions], default=dict)
        known = found.get(same)
        actions = tuple(sorted({*(known.actions if known else ()), *each.actions}))
        found[same] = Statement("", actions, each.resources, each.conditions, each.effect, each.why)
    named = []
    for number, each in enumerate(found.values(), start=1):
        service = names.capital(each.actions[0].partition(":")[0])
        sid = f"{service}{number}"
        named.append(Statement(sid, each.actions, each.resources, each.conditions, each.effect, each.why))
    return named
