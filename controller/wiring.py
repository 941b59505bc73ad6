"""The composition root: it picks and builds every adapter.

It is the only module that reads the environment.
"""

import json
import os
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config

from controller.aws.account import AwsAccount
from controller.aws.arc.switch import ArcSwitch, client_config
from controller.aws.assumed_role import AssumedRole, SwitchByRole
from controller.aws.cloudwatch.alarms import CloudWatchPoll
from controller.aws.cloudwatch.request_counts import CloudWatchRequests
from controller.aws.dynamodb.approvals import DynamoApprovals
from controller.aws.dynamodb.assessments import DynamoAssessments
from controller.aws.dynamodb.checkpoints import DynamoCheckpoints
from controller.aws.dynamodb.console_key import ConsoleKey
from controller.aws.dynamodb.evidence import DynamoEvidence
from controller.aws.dynamodb.journal import DynamoJournal
from controller.aws.dynamodb.journal_backup import DynamoJournalBackup
from controller.aws.dynamodb.leases import DynamoLeases
from controller.aws.dynamodb.people import DynamoPeople
from controller.aws.dynamodb.policies import DynamoPolicies
from controller.aws.dynamodb.readings import DynamoSnapshots
from controller.aws.dynamodb.replicas import Replicas
from controller.aws.errors import translated
from controller.aws.events.parse import parse
from controller.aws.events.rules import INTAKE as INTAKE
from controller.aws.heartbeat import PATIENCE, OutsideHeartbeat
from controller.aws.notices import Notices
from controller.aws.readiness import ARC_REGION, OF_ARC, SERVICES, AwsReadiness
from controller.aws.runtime import SystemRuntime
from controller.aws.s3_switch import StandbySwitch, Watched
from controller.aws.sdk_clients import Clients as Clients
from controller.aws.sdk_clients import access_key as access_key
from controller.aws.sdk_clients import boto3_clients as boto3_clients
from controller.aws.workflow import StepFunctionsWorkflow
from controller.core.evidence.registry import kept_of
from controller.core.incident.approval import SignedIn
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals, parse_policy
from controller.ports.errors import OutsideUnreachable
from controller.ports.outside import RoutingControls
from controller.ports.runtime import Runtime
from controller.ports.storage import Assessments, Recovery
from controller.settings import Access, Deployment, Standby
from controller.steps.context.deps import Deps
from controller.steps.context.names import NamedNotices, Names
from controller.steps.context.situation import every_query

Client = Callable[..., BaseClient]
"""(service, Region or None: the controller's own, config or None: `ONE_TRY`) -> client."""

ONCE = {"total_max_attempts": 1, "mode": "standard"}
"""We retry ourselves where it is safe: a retried append would take a lost success for a conflict."""
ONE_TRY = Config(retries=ONCE, connect_timeout=2, read_timeout=5)
BRIEF = Config(retries=ONCE, connect_timeout=1, read_timeout=2)
"""For calls after which another replica can be asked instead."""
QUESTION = Config(retries=ONCE, connect_timeout=1, read_timeout=1)
"""A question that has no answer after a second counts as unknown."""


def build(
    deployment: Deployment,
    *,
    clients: Clients | None = None,
    runtime: Runtime | None = None,
    rng: random.Random | None = None,
) -> Deps:
    """Build every port of one controller.

    Raises `PolicyError` for a compiled policy that does not load.
    """
    d, policy = deployment, parse_policy(deployment.policy, in_force=True)
    make, run = clients or boto3_clients(), runtime or system_runtime(d)
    order, client = tuple(dict.fromkeys((d.region, *policy.controllers))), partial(_client, make, d)
    journal = Replicas([client("dynamodb", r, BRIEF if order[1:] else ONE_TRY) for r in order], run.monotonic)
    new_id = (lambda: secrets.token_hex(16)) if rng is None else (lambda: f"{rng.getrandbits(128):032x}")
    people, names = _people(d, client, order, run, new_id)
    here, kept = client("dynamodb"), kept_of(policy, expected_signals(policy, d.evidence_account))
    evidence, arc = (_role(d, client, order, run, access) for access in (d.evidence, d.arc_access))
    polls, requests = _metrics(d, policy, make, run, evidence)
    return Deps(
        policy=policy,
        gates={name: gate.rule for name, gate in d.arc.gates.items()} if d.arc else {},
        review=d.review,
        began=run.monotonic(),
        account=d.evidence_account,
        here=d.region,
        deployed=d.deployed,
        journal=DynamoJournal(client=journal, table=d.journal_table, runtime=run),
        checkpoints=DynamoCheckpoints(client=journal, table=d.journal_table, region=d.region),
        leases=DynamoLeases(client=journal, table=d.journal_table, runtime=run),
        policies=DynamoPolicies(client=journal, table=d.journal_table),
        evidence=DynamoEvidence(client=here, table=d.evidence_table, now=run.now, kept=kept),
        assessments=_assessments(d, client, run, here),
        approvals=_approvals(d, client, journal, order[1:]),
        people=people,
        names=names,
        switch=switch_of(d, policy, clients=make, runtime=run, rng=rng, speed=d.speed, role=arc),
        polls=polls,
        requests=requests,
        readiness=_readiness(d, policy, make, run, evidence, arc),
        snapshots=DynamoSnapshots(client=here, table=d.evidence_table, now=run.now),
        workflow=_workflow(d, client, order[1:]),
        notices=NamedNotices(_notices(d, client), names),
        recovery=_recovery(d, client, journal, order, run),
        heartbeat=_heartbeat(d, policy, client, run),
        runtime=run,
        new_id=new_id,
        read_event=parse,
    )


def _quick(d: Deployment) -> float:
    """Return the seconds that a question may take; at speed they are real milliseconds."""
    return max(1.0, 0.2 * d.speed)


def _role(
    d: Deployment, client: Client, order: Sequence[str], run: Runtime, access: Access | None
) -> AssumedRole | None:
    """Return the role in another account: the own Region's STS is asked first, then the next controller's."""
    if access is None:
        return None
    return AssumedRole(
        clients={region: client("sts", region, QUESTION) for region in order}, role=access.role,
        external_id=access.external_id, name=f"{d.prefix}-{d.region}", runtime=run, timeout=_quick(d),
    )  # fmt: skip


def _metrics(
    d: Deployment, policy: Policy, make: Clients, run: Runtime, role: AssumedRole | None
) -> tuple[CloudWatchPoll, CloudWatchRequests]:
    """Return what asks CloudWatch where the alarms and the application's metrics live."""
    watch = {r: make("cloudwatch", r, d.endpoint_url, QUESTION, *_signed(role)) for r in policy.regions}
    more: Any = {"ready": role.ready, "doubt": role.doubt} if role else {}
    more |= {"clients": watch, "runtime": run, "timeout": _quick(d)}
    requests = CloudWatchRequests(metric=policy.traffic, **more)
    return CloudWatchPoll(account=d.evidence_account, **more), requests


def _signed(role: AssumedRole | None) -> tuple[Any, ...]:
    """Return what makes a client sign as a role: the last argument of `Clients`."""
    return () if role is None else (role.keys,)


def _readiness(
    d: Deployment, policy: Policy, make: Clients, run: Runtime, evidence: AssumedRole | None,
    arc: AssumedRole | None,
) -> AwsReadiness:  # fmt: skip
    """ARC's checks and plans are asked where ARC is, all else where the application is."""
    roles = {kind: arc if kind in OF_ARC else evidence for kind in SERVICES}
    asked = {
        (service, region): make(service, region, d.endpoint_url, QUESTION, *_signed(roles[kind]))
        for kind, service, region in _providers(policy)
    }
    quick = max(1.0, 0.05 * d.speed)
    entered = {kind: role for kind, role in roles.items() if role is not None}
    return AwsReadiness(clients=asked, plans=d.plans, runtime=run, timeout=quick, roles=entered)


def _client(
    make: Clients, d: Deployment, service: str, region: str | None = None, config: Config | None = None
) -> BaseClient:
    return make(service, region or d.region, d.endpoint_url, config or ONE_TRY)


def _people(
    d: Deployment, client: Client, order: Sequence[str], run: Runtime, new_id: Callable[[], str]
) -> tuple[DynamoPeople, Names]:
    """Build the table of names, and what shows them.

    It is asked with little patience: no step waits long for a name.
    """
    asked = Replicas([client("dynamodb", region, QUESTION) for region in order], run.monotonic)
    people = DynamoPeople(client=asked, table=d.people_table, runtime=run, new_id=new_id, days=d.people_days)
    return people, Names(people.name_of, run.monotonic)


def _assessments(d: Deployment, client: Client, run: Runtime, there: BaseClient) -> DynamoAssessments:
    """Return the assessments of the Region that `there` is a client of."""
    brief = client("dynamodb", there.meta.region_name, QUESTION)
    return DynamoAssessments(client=there, table=d.assessments_table, sleep=run.sleep, brief=brief)


def _recovery(
    d: Deployment, client: Client, journal: Replicas, order: Sequence[str], run: Runtime
) -> Recovery:
    """Return what restoring the journal needs; no client is made before it is asked for."""

    def backup(table: str, region: str) -> DynamoJournalBackup:
        there = client("dynamodb", region)
        return DynamoJournalBackup(
            client=journal, table=d.journal_table, backup=there, source=table, runtime=run
        )

    def witnesses() -> dict[str, Assessments]:
        return {region: _assessments(d, client, run, client("dynamodb", region)) for region in order}

    return Recovery(backup, witnesses)


def _approvals(d: Deployment, client: Client, table: Replicas, others: Sequence[str]) -> DynamoApprovals:
    return DynamoApprovals(
        client=table, kms=client("kms"), table=d.journal_table, key_id=d.key,
        others={region: client("kms", region) for region in others},
    )  # fmt: skip


def _workflow(d: Deployment, client: Client, others: Sequence[str]) -> StepFunctionsWorkflow:
    here, there = client("stepfunctions"), {region: client("stepfunctions", region) for region in others}
    return StepFunctionsWorkflow(client=here, state_machine_arn=d.state_machine, others=there)


def _notices(d: Deployment, client: Client) -> Notices:
    events = client("events", None, QUESTION)
    return Notices(sns=client("sns"), topic=d.topic, events=events, bus=d.bus, links=d.console_by_region)


def _heartbeat(d: Deployment, policy: Policy, client: Client, run: Runtime) -> OutsideHeartbeat | None:
    """Return whom to tell outside; no client is made before the first beat, for one function beats of all."""
    if (told := d.heartbeat) is None:
        return None
    quick = max(PATIENCE, 0.2 * d.speed)
    return OutsideHeartbeat(
        secrets=partial(client, "secretsmanager", None, QUESTION), secret=told.secret, kind=told.kind,
        host=told.host, source=f"{policy.application}/{d.region}", runtime=run, timeout=quick,
    )  # fmt: skip


def switch_of(
    deployment: Deployment, policy: Policy, *,
    clients: Clients | None = None, runtime: Runtime, rng: random.Random | None = None,
    speed: float = 1.0, confirm_within: float = 15.0, role: AssumedRole | None = None,
) -> RoutingControls:  # fmt: skip
    """Build only the object that moves traffic.

    It needs no table and no other service.
    `speed`: how fast `runtime` runs. `confirm_within`: see `ArcSwitch`. `role`: that of ARC's own account.
    """
    make, draw = clients or boto3_clients(), rng or random.SystemRandom()
    # A rehearsal's second is shorter than a second, but a loaded machine still needs real milliseconds.
    brief = client_config(connect_timeout=max(0.2, 1.0 / speed), read_timeout=max(0.2, 2.0 / speed))
    arc, standby = deployment.arc, deployment.standby
    if arc is not None:
        reach = partial(make, "route53-recovery-cluster")
        endpoints = {r: reach(r, url, brief, *_signed(role)) for r, url in arc.endpoints.items()}
        known = {**arc.controls, **{name: gate.control for name, gate in arc.gates.items()}}
        switch = ArcSwitch(
            endpoints, known, runtime=runtime, rng=draw, panel=arc.panel,
            avoid=tuple(policy.regions), wait_period=arc.wait_period_s, confirm_within=confirm_within,
        )  # fmt: skip
        return switch if role is None else SwitchByRole(switch, role)
    if standby is None:
        raise ValueError("the deployment names no switch")
    style = "path" if deployment.endpoint_url else "virtual"
    config = brief.merge(Config(s3={"addressing_style": style}))
    homes = {bucket.region for bucket in standby.bucket_by_region.values()}
    stores = {region: make("s3", region, deployment.endpoint_url, config) for region in sorted(homes)}
    return StandbySwitch(stores, objects_of(standby, policy), runtime=runtime, rng=draw)


def objects_of(standby: Standby, policy: Policy) -> dict[str, Watched | None]:
    """Return for each control the object that moves it.

    It is None for a control that is always On. Raises `ValueError`.
    """
    homes = {name: region for region, entry in policy.regions.items() for name in entry.controls}
    lost = [c for c in standby.objects if homes.get(c) not in standby.bucket_by_region]
    if lost:
        raise ValueError(f"no bucket is configured for {', '.join(lost)}")
    found: dict[str, Watched | None] = dict.fromkeys(homes)
    for control, key in standby.objects.items():
        bucket = standby.bucket_by_region[homes[control]]
        found[control] = Watched(bucket.region, bucket.name, key)
    return found


def _providers(policy: Policy) -> list[tuple[str, str, str]]:
    """Return (kind, service, Region) of everything that the policy's readiness checks ask."""
    kinds = {kind for kind, *_ in every_query(policy)}
    return sorted(
        (kind, service, region)
        for kind in kinds
        for service in SERVICES[kind]
        for region in ([ARC_REGION] if kind == "arc" else policy.regions)
    )


def system_runtime(deployment: Deployment) -> SystemRuntime:
    if deployment.clock is None:
        return SystemRuntime()
    clock = deployment.clock
    return SystemRuntime(
        speed=clock.speed, scenario_start=clock.start, wall_start=clock.wall_start, floor=0.02
    )


def lambda_environment() -> Mapping[str, str]:
    return dict(os.environ)


def packaged(path: str) -> dict[str, Any]:
    """Return a JSON file of the deployment package, such as the compiled policy."""
    return dict(json.loads(Path(path).read_text(encoding="utf-8")))


def caller_identity(deployment: Deployment) -> str:
    """Return the ARN of the AWS credentials that run this command.

    It asks STS in the deployment's Region. Raises `OutsideUnreachable`.
    """
    return str(_caller(deployment)["Arn"])


def caller_proof(deployment: Deployment) -> SignedIn:
    """Return what STS says of the AWS credentials that run this command, but for the session's name.

    The subject is the unique id of the role or user, which no other ever gets: CloudTrail has it as the
    beginning of `principalId`. Raises `OutsideUnreachable`.
    """
    said = _caller(deployment)
    subject = str(said.get("UserId", "")).partition(":")[0]
    return SignedIn("terminal", f"sts:{said.get('Account', '')}", subject)


def _caller(deployment: Deployment) -> Mapping[str, Any]:
    config = Config(connect_timeout=2, read_timeout=5)
    client: Any = boto3_clients()("sts", deployment.region, None, config)
    with translated(OutsideUnreachable, "asking STS who is calling"):
        found: Mapping[str, Any] = client.get_caller_identity()
        return found


def dead_letters(deployment: Deployment) -> int | None:
    """Count the events that no function could handle and a person must look at.

    None where the count is unknown.
    """
    client: Any = boto3_clients()("sqs", deployment.region, deployment.endpoint_url, BRIEF)
    try:
        with translated(OutsideUnreachable, "counting dead letters"):
            url = client.get_queue_url(QueueName=deployment.dead_letters)["QueueUrl"]
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    except OutsideUnreachable:
        return None
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def account_of(
    regions: Sequence[str], endpoint_url: str | None, clients: Clients | None = None
) -> AwsAccount:
    """Return a reader of the account's resources in these Regions.

    The account is that of the credentials at hand.
    """
    make, config = clients or boto3_clients(), Config(retries=ONCE, connect_timeout=3, read_timeout=20)
    return AwsAccount(client=lambda s, r: make(s, r, endpoint_url, config), regions=regions)


def console_key(deployment: Deployment, clients: Clients | None = None) -> bytes:
    """Return the key that seals the cookies of this Region's console.

    The first use makes it. Raises `OutsideUnreachable`.
    """
    d, make = deployment, clients or boto3_clients()
    table, kms = _client(make, d, "dynamodb"), _client(make, d, "kms")
    return ConsoleKey(client=table, kms=kms, table=d.journal_table, key_id=d.key, region=d.region).read()


def looking(seconds: float, tries: int = 1) -> Callable[..., Any]:
    """Return a maker of clients that only read and give up early.

    It takes (service, Region, endpoint), and last a role's keys. seconds: the longest wait for an answer.
    """
    retries = {**ONCE, "total_max_attempts": tries}
    make, config = boto3_clients(), Config(retries=retries, connect_timeout=seconds, read_timeout=seconds)
    return lambda service, region, url, *keys: make(service, region, url, config, *keys)


def chosen_context() -> str | None:
    """Return `TIDEGATE_CONTEXT`, for a command that does not say `--context`."""
    return os.environ.get("TIDEGATE_CONTEXT") or None


def state_home() -> Path:
    """Return the folder where this machine keeps a rehearsal's files: `$XDG_STATE_HOME/tidegate`."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "tidegate"
