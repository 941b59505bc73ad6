"""The sources of an audit export, for the deployment that a command names."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from controller.audit.bundle.manifest import FLEET as FLEET_FILE
from controller.audit.bundle.manifest import JOURNAL
from controller.audit.bundle.write import Record, whole_beginning
from controller.aws.audit.locked_store import S3LockedStore
from controller.aws.audit.signing import KmsSigner
from controller.aws.dynamodb.assessments import KEPT
from controller.aws.dynamodb.stored_records import DynamoAssessmentLog, DynamoJournalLines
from controller.core.canonical_json import ascii_json
from controller.core.journal.event import Event
from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.entry.context import Context
from controller.ports.audit import AssessmentLog
from controller.ports.errors import JournalUnreadable, OutsideUnreachable
from controller.settings import Deployment
from controller.steps.context.situation import FLEET

GOING = 3600.0
"""Seconds before it expires in which a record counts as gone: it may go while others are read."""
PATIENCE = 20.0
"""Seconds that one answer may take. It is long because no customer traffic waits for an export."""


def record_of(found: Context, policies: Iterable[Policy] = (), *, broken: bool = False) -> Record:
    """Return the journals, the assessments and the policies that an export needs.

    The journals are the application's and the fleet's. The assessments are those of each controller Region.
    The policies are the deployments' own, and `policies`. broken: a journal that cannot be read, or lacks
    what an assessment saw of it, is taken as it stands in its table. Raises `OutsideUnreachable`, and without
    `broken` `JournalUnreadable`.
    """
    deployments, deps = (found.deployment, *found.others), found.deps()
    own = [parse_policy(d.policy, in_force=True) for d in deployments]
    application = own[0].application
    named = {JOURNAL: application, FLEET_FILE: FLEET}
    read: dict[str, tuple[Event, ...]] = {}
    said: list[str] = []
    lines: dict[str, tuple[str, ...]] = {}
    for name, whose in named.items():
        try:
            read[name] = deps.journal.read(whose)
        except JournalUnreadable as error:
            if not broken:
                raise
            said.append(str(error))
            lines[name] = tuple(_lines(found.deployment).lines(whose))
            read[name] = whole_beginning(whose, lines[name])
    return Record(
        application=application,
        events=read[JOURNAL],
        fleet_name=FLEET,
        fleet=read[FLEET_FILE],
        logs=_logs(deployments),
        policies={policy.digest: text_of(policy) for policy in (*policies, *own)},
        version=version("tidegate"),
        kept_from=deps.runtime.now() - KEPT + GOING,
        again=lambda name: deps.journal.read(named[name]),
        as_it_stands=broken,
        broken="; ".join(said),
        lines=lines,
    )


def _lines(deployment: Deployment) -> DynamoJournalLines:
    return DynamoJournalLines(client=_client("dynamodb", deployment), table=deployment.journal_table)


def text_of(policy: Policy) -> str:
    """Return the text whose SHA-256 is the policy's digest."""
    return ascii_json(policy.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _logs(deployments: Iterable[Deployment]) -> Mapping[str, AssessmentLog]:
    return {
        d.region: DynamoAssessmentLog(client=_client("dynamodb", d), table=d.assessments_table)
        for d in deployments
    }


def signer_of(found: Context) -> KmsSigner:
    """Return the signing key in the first controller Region that answers.

    The key is the same in each Region. Raises `OutsideUnreachable`.
    """
    every = [KmsSigner(client=_client("kms", d), key_id=d.signing_key)
             for d in (found.deployment, *found.others)]  # fmt: skip
    for signer in every[:-1]:
        with suppress(OutsideUnreachable):
            signer.public_key()
            return signer
    every[-1].public_key()
    return every[-1]


def store_of(deployment: Deployment) -> S3LockedStore | None:
    """Return the locked store for bundles; None where the deployment names no bucket."""
    bucket = deployment.audit_bucket
    if bucket is None:
        return None
    return S3LockedStore(client=_client("s3", deployment, bucket.region), bucket=bucket.name)


def _client(service: str, deployment: Deployment, region: str | None = None) -> Any:
    from controller import wiring

    return wiring.looking(PATIENCE)(service, region or deployment.region, deployment.endpoint_url)
