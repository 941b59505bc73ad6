"""The composition root: picks and builds every adapter. The only reader of the environment."""

import json
import os
import random
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config

from controller.aws.alarms import CloudWatchPoll
from controller.aws.approvals import DynamoApprovals
from controller.aws.arc import ArcSwitch, client_config
from controller.aws.assessments import DynamoAssessments
from controller.aws.events import parse
from controller.aws.evidence import DynamoEvidence
from controller.aws.failure import translated
from controller.aws.journal import DynamoJournal
from controller.aws.lease import DynamoLeases
from controller.aws.notify import Notices
from controller.aws.rules import (
    ALARM_PATHS,
    ALARM_PATTERN,
    ALARM_TEMPLATE,
    CANARY_PATHS,
    CANARY_PATTERN,
    CANARY_TEMPLATE,
)
from controller.aws.runtime import SystemRuntime
from controller.aws.workflow import StepFunctionsWorkflow
from controller.core.admission import parse_policy
from controller.core.policy import Policy
from controller.ports.errors import OutsideUnreachable
from controller.ports.runtime import Runtime
from controller.settings import Deployment
from controller.steps.context import Deps

Clients = Callable[[str, str, str | None, Config], BaseClient]
"""(service, Region, endpoint URL or None, config) -> client. A rehearsal passes its own."""

INTAKE = (
    ("tidegate-alarms", ALARM_PATTERN, ALARM_PATHS, ALARM_TEMPLATE),
    ("tidegate-canaries", CANARY_PATTERN, CANARY_PATHS, CANARY_TEMPLATE),
)
"""Rules that feed the queue: name, event pattern, input paths and input template."""

ONCE = {"total_max_attempts": 1, "mode": "standard"}
"""We retry ourselves where it is safe: a retried append would take a lost success for a conflict."""


def build(
    deployment: Deployment,
    *,
    clients: Clients | None = None,
    runtime: Runtime | None = None,
    rng: random.Random | None = None,
) -> Deps:
    """One controller's outside. Raises `PolicyError` for a compiled policy that does not load."""
    d = deployment
    policy = parse_policy(d.policy)
    make = clients or boto3_clients()
    run = runtime or system_runtime(d)
    once = Config(retries=ONCE, connect_timeout=2, read_timeout=5)

    def client(service: str, region: str = d.region, config: Config = once) -> BaseClient:
        return make(service, region, d.endpoint_url, config)

    dynamodb = client("dynamodb")
    speed = d.clock.speed if d.clock else 1.0
    # A rehearsal's second is shorter than a second, but a loaded machine still needs real milliseconds.
    brief = {"connect_timeout": max(0.2, 1.0 / speed), "read_timeout": max(0.2, 2.0 / speed)}
    arc = client_config(**brief)
    switch = {r: make("route53-recovery-cluster", r, url, arc) for r, url in d.arc.endpoints.items()}
    poll = Config(retries=ONCE, connect_timeout=1, read_timeout=1)
    polls = {r: client("cloudwatch", r, poll) for r in policy.regions}
    return Deps(
        policy=policy,
        account=d.account,
        here=d.region,
        deployed=d.deployed,
        journal=DynamoJournal(client=dynamodb, table=d.journal_table, runtime=run),
        leases=DynamoLeases(client=dynamodb, table=d.journal_table, runtime=run),
        evidence=DynamoEvidence(
            client=dynamodb, table=d.evidence_table, now=run.now, gap=0.8 * _patience(policy)
        ),
        assessments=DynamoAssessments(client=dynamodb, table=d.assessments_table),
        approvals=DynamoApprovals(client=dynamodb, kms=client("kms"), table=d.journal_table, key_id=d.key),
        switch=ArcSwitch(
            switch,
            d.arc.controls,
            runtime=run,
            rng=rng or random.SystemRandom(),
            panel=d.arc.panel,
            avoid=tuple(policy.regions),
            wait_period=d.arc.wait_period_s,
        ),
        polls=CloudWatchPoll(clients=polls, account=d.account, runtime=run, timeout=max(1.0, 0.2 * speed)),
        workflow=StepFunctionsWorkflow(client=client("stepfunctions"), state_machine_arn=d.state_machine),
        notices=Notices(sns=client("sns"), topic=d.topic, events=client("events"), bus=d.bus),
        runtime=run,
        new_id=(lambda: secrets.token_hex(16)) if rng is None else (lambda: f"{rng.getrandbits(128):032x}"),
        read_event=parse,
    )


def boto3_clients() -> Clients:
    """Real clients. A rehearsal's endpoint needs no account, so it gets credentials that open nothing."""
    import boto3
    from botocore.session import Session

    shared = Session()  # keeps the service models: a session for each client would read them all again
    session = boto3.Session(botocore_session=shared)

    def make(service: str, region: str, endpoint_url: str | None, config: Config) -> BaseClient:
        rehearsal = endpoint_url is not None and endpoint_url.startswith("http://127.0.0.1:")
        keys = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"} if rehearsal else {}
        client: BaseClient = session.client(
            service, region_name=region, endpoint_url=endpoint_url, config=config, **keys
        )
        return client

    return make


def _patience(policy: Policy) -> float:
    """The shortest `silentAfter`: thinned evidence must never look like silence."""
    return min(source.silent_after for sources in policy.signals.values() for source in sources)


def system_runtime(deployment: Deployment) -> SystemRuntime:
    if deployment.clock is None:
        return SystemRuntime()
    clock = deployment.clock
    return SystemRuntime(
        speed=clock.speed, scenario_start=clock.start, wall_start=clock.wall_start, floor=0.02
    )


def lambda_environment() -> Mapping[str, str]:
    """The environment of the running Lambda."""
    return dict(os.environ)


def packaged(path: str) -> dict[str, Any]:
    """A JSON file of the deployment package, such as the compiled policy."""
    data: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return data


def caller_identity(deployment: Deployment) -> str:
    """Who runs this command: the ARN of the AWS credentials at hand (STS, the deployment's Region)."""
    config = Config(connect_timeout=2, read_timeout=5)
    client: Any = boto3_clients()("sts", deployment.region, None, config)
    with translated(OutsideUnreachable, "asking STS who is calling"):
        return str(client.get_caller_identity()["Arn"])


def chosen_context() -> str | None:
    """`TIDEGATE_CONTEXT`, where a command does not say `--context`."""
    return os.environ.get("TIDEGATE_CONTEXT") or None


def state_home() -> Path:
    """Where this machine keeps what a rehearsal remembers: `$XDG_STATE_HOME/tidegate`."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "tidegate"
