"""The bundle of every scenario verifies: exported from its tables, signed, and checked offline."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from controller import wiring
from controller.audit.bundle.verify import verify
from controller.audit.bundle.write import Period, Record, export
from controller.aws.audit.signing import KmsSigner
from controller.aws.dynamodb.stored_records import DynamoAssessmentLog
from controller.entry.audit_sources import text_of
from controller.lab.scenarios import SCENARIOS
from controller.ports.errors import JournalUnreadable
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.steps.context.situation import FLEET
from tests.support.drill_run import play

PERIOD = 86_400.0
LOST = "journal-forged"
"""Its journal is lost and stays so: the backup was refused."""


def recorded(name: str) -> tuple[Record, Period, KmsSigner]:
    stage, deps, _, _ = play(name)
    clients = virtual_clients(stage.cloud.wire, stage.runtime, stage.faults)
    logs = {
        region: DynamoAssessmentLog(
            client=clients("dynamodb", region, None, wiring.ONE_TRY), table=d.assessments_table
        )
        for region, d in stage.deployments.items()
    }
    events, now = deps.journal.read("storefront"), stage.kernel.now()
    policies = {deps.packaged.digest: text_of(deps.packaged)}
    record = Record("storefront", events, FLEET, deps.journal.read(FLEET), logs, policies, "0.1.0")
    here = next(region for region in stage.deployments if region not in stage.faults.controllers_dead)
    signer = KmsSigner(client=clients("kms", here, None, wiring.ONE_TRY), key_id="alias/tidegate-signing")
    return record, Period(now - PERIOD, now), signer


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != LOST])
def test_the_bundle_of_a_scenario_is_whole(name: str, tmp_path: Path) -> None:
    record, period, signer = recorded(name)
    out = tmp_path / "bundle.tar"
    export(record, period, signer, out)
    found = verify(io.BytesIO(out.read_bytes()), signer.public_key().pem.encode())
    assert (found.verdict, found.wrong) == ("whole", None)
    assert found.manifest is not None
    assert found.manifest.journal.last == len(record.events) > 0
    assert all(log.records for log in found.manifest.assessments.values())


def test_a_journal_that_is_lost_and_not_restored_is_exported_as_broken_evidence_alone(tmp_path: Path) -> None:
    record, period, signer = recorded(LOST)
    out = tmp_path / "bundle.tar"
    with pytest.raises(JournalUnreadable, match=r"it ends at event 0; an assessment of .* saw event 1"):
        export(record, period, signer, out)
    assert not out.exists()
    export(replace(record, as_it_stands=True), period, signer, out)
    found = verify(io.BytesIO(out.read_bytes()), signer.public_key().pem.encode())
    assert found.verdict == "broken evidence"


def test_every_scenario_is_here() -> None:
    assert len(SCENARIOS) >= 40
