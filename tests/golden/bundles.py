"""`python -m tests.golden.bundles`: plays runs and writes bundles of them, as this version derives extracts.

To be run once for each new form of an extract, and never for an older folder: what was exported once must be
checked for ever, as what it is.
"""

import lzma
import sys
from pathlib import Path

from controller.audit.bundle.manifest import FORMS
from controller.audit.bundle.write import Period, Record, period_of
from controller.aws.dynamodb.stored_records import DynamoAssessmentLog
from controller.entry.audit_sources import text_of
from controller.rehearsal.wire.botocore_client import virtual_clients
from tests.support.audit_bundle import ONCE, Forger, exported, told
from tests.support.drill_run import play

SIGNER = Forger(34)
HERE = Path(__file__).parent / "-".join(["forms", *(str(FORMS[name]) for name in sorted(FORMS))])
PLAYED = ("region-dark", "controller-dies", "restore", "drill")


def regenerate() -> None:
    HERE.mkdir(exist_ok=True)
    (HERE / "key.pem").write_text(SIGNER.public_key().pem, encoding="utf-8")
    here = told()
    _write("approved", exported(here.record, here.period, SIGNER))
    about = next(event.draft.incident for event in here.record.events if event.draft.incident)
    period = period_of(here.record.events, about, here.period.end)
    assert period is not None
    _write("approved-incident", exported(here.record, period, SIGNER))
    for name in PLAYED:
        stage, deps, _, _ = play(name)
        clients = virtual_clients(stage.cloud.wire, stage.runtime, stage.faults)
        logs = {
            region: DynamoAssessmentLog(
                client=clients("dynamodb", region, None, ONCE), table="tidegate-assessments"
            )
            for region in stage.deployments
        }
        policy, fleet = deps.packaged, deps.journal.read("*fleet*")
        record = Record("storefront", deps.journal.read("storefront"), "*fleet*", fleet, logs,
                        {policy.digest: text_of(policy)}, "0.1.0")  # fmt: skip
        now = stage.kernel.now()
        _write(name, exported(record, Period(now - 7200, now), SIGNER))


def _write(name: str, bundle: bytes) -> None:
    packed = lzma.compress(bundle, preset=9 | lzma.PRESET_EXTREME)
    (HERE / f"{name}.tar.xz").write_bytes(packed)
    sys.stdout.write(f"{HERE.name}/{name}: {len(bundle)} bytes, {len(packed)} packed\n")


if __name__ == "__main__":
    regenerate()
