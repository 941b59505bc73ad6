"""The three events of CloudWatch Synthetics, member by member as AWS sends them.

Source: CloudWatch User Guide, "Monitoring canary events with Amazon EventBridge", and the published
EventBridge schemas of `aws.synthetics`. `region` is where the canary runs, not what it tests.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from controller.rehearsal.service import ACCOUNT, iso

Event = dict[str, Any]
REASON_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class CanaryIdentity:
    """The members that do not change from run to run."""

    canary_id: str
    name: str
    region: str


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run.

    reason: None where it passed. Times in seconds since 1970.
    """

    run_id: str
    started: float
    completed: float
    reason: str | None


def artifact_location(canary: CanaryIdentity, started: float) -> str:
    start = datetime.fromtimestamp(started, UTC)
    folder = f"cw-syn-results-{ACCOUNT}-{canary.region}/canary/{canary.region}/{canary.name}"
    return f"{folder}/{start:%Y/%m/%d/%H/%M-%S}-{start.microsecond // 1000:03}"


def run_event(*, canary: CanaryIdentity, event_id: str, run: Run) -> Event:
    """Return TestRun Successful, or TestRun Failure where the run has a reason."""
    failed = run.reason is not None
    detail = {
        "account-id": ACCOUNT,
        "canary-id": canary.canary_id,
        "canary-name": canary.name,
        "canary-run-id": run.run_id,
        "artifact-location": artifact_location(canary, run.started),
        "test-run-status": "FAILED" if failed else "PASSED",
        "state-reason": "null" if run.reason is None else json.dumps(run.reason[:REASON_CHARACTERS]),
        "canary-run-timeline": {"started": int(run.started), "completed": int(run.completed)},
        "message": "Test run result is generated successfully",
    }
    kind = "Synthetics Canary TestRun " + ("Failure" if failed else "Successful")
    return _envelope(kind, event_id, run.completed, canary.region, detail)


def status_event(*, canary: CanaryIdentity, event_id: str, at: float, previous: str, current: str) -> Event:
    function = f"arn:aws:lambda:{canary.region}:{ACCOUNT}:function:cwsyn-{canary.name}-{canary.canary_id}:1"
    layer = f"arn:aws:lambda:{canary.region}:{ACCOUNT}:layer:cwsyn-{canary.name}-{canary.canary_id}:1"
    detail = {
        "account-id": ACCOUNT,
        "canary-id": canary.canary_id,
        "canary-name": canary.name,
        "current-state": current,
        "previous-state": previous,
        "source-location": "NULL",
        "updated-on": round(at, 3),
        "changed-config": {
            "executionArn": {"previous-value": function, "current-value": function},
            "testCodeLayerVersionArn": {"previous-value": layer, "current-value": layer},
        },
        "message": "Canary status has changed",
    }
    return _envelope("Synthetics Canary Status Change", event_id, at, canary.region, detail)


def _envelope(kind: str, event_id: str, at: float, region: str, detail: dict[str, Any]) -> Event:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": kind,
        "source": "aws.synthetics",
        "account": ACCOUNT,
        "time": iso(at),
        "region": region,
        "resources": [],
        "detail": detail,
    }
