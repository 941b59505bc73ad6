"""The CloudWatch Synthetics API, as far as it reads, starts and stops canaries."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.service import ACCOUNT, AwsError, Call
from controller.rehearsal.services.synthetics.events import artifact_location
from controller.rehearsal.services.synthetics.runner import RUN_EVERY_SECONDS, Deployed, Synthetics
from controller.settings import CANARY_RUNTIME

RELEASED = 1_785_283_200.0
"""2026-07-29, for the one runtime that is there."""
PAGE = {"DescribeCanaries": 20, "DescribeCanariesLastRun": 100}


class SyntheticsApi:
    """The `synthetics` service; it answers with AWS's member names.

    A canary belongs to the Region where it runs.
    runtimes: version -> when it is withdrawn, in seconds since 1970; None: no day is known.
    described: (Region, canary) -> members that stand in its description too; a test lays them over.
    """

    def __init__(self, synthetics: Synthetics) -> None:
        self._synthetics = synthetics
        self.runtimes: dict[str, float | None] = {CANARY_RUNTIME: None}
        self.described: dict[tuple[str, str], dict[str, Any]] = {}
        self.operations: Mapping[str, Callable[[Call], dict[str, Any]]] = {
            "DescribeCanaries": self._describe,
            "DescribeCanariesLastRun": self._last_runs,
            "DescribeRuntimeVersions": self._versions,
            "GetCanary": lambda call: {"Canary": self._canary(self._find(call))},
            "StartCanary": self._start,
            "StopCanary": self._stop,
        }

    def _describe(self, call: Call) -> dict[str, Any]:
        found, rest = self._page(call)
        return {"Canaries": [self._canary(each) for each in found], **rest}

    def _canary(self, deployed: Deployed) -> dict[str, Any]:
        identity = deployed.identity
        return _canary(deployed) | self.described.get((identity.region, identity.name), {})

    def _versions(self, _call: Call) -> dict[str, Any]:
        """Return all versions in one page."""
        ends = {name: {} if at is None else {"DeprecationDate": at} for name, at in self.runtimes.items()}
        about = {"Description": "rehearsed", "ReleaseDate": RELEASED}
        return {"RuntimeVersions": [{"VersionName": name, **about, **end} for name, end in ends.items()]}

    def _last_runs(self, call: Call) -> dict[str, Any]:
        found, rest = self._page(call)
        return {"CanariesLastRun": [_last_run(each) for each in found if each.last_run], **rest}

    def _start(self, call: Call) -> dict[str, Any]:
        deployed = self._find(call)
        if deployed.state == "RUNNING":
            raise AwsError("ConflictException", "Canary is already running", 409)
        self._synthetics.start(call.region, deployed.canary.name)
        return {}

    def _stop(self, call: Call) -> dict[str, Any]:
        deployed = self._find(call)
        if deployed.state != "RUNNING":
            raise AwsError("ConflictException", f"Canary is in state {deployed.state}", 409)
        self._synthetics.stop(call.region, deployed.canary.name)
        return {}

    def _find(self, call: Call) -> Deployed:
        for each in self._synthetics.canaries(call.region):
            if each.canary.name == call.params.get("Name"):
                return each
        raise AwsError("ResourceNotFoundException", "Canary not found", 404)

    def _page(self, call: Call) -> tuple[list[Deployed], dict[str, str]]:
        wanted = call.params.get("Names")
        found = [
            each
            for each in self._synthetics.canaries(call.region)
            if wanted is None or each.canary.name in wanted
        ]
        token, most = call.params.get("NextToken", "0"), PAGE[call.operation]
        size = call.params.get("MaxResults", most)
        if not (isinstance(token, str) and token.isascii() and token.isdigit() and len(token) < 9):
            raise AwsError("ValidationException", "Invalid next token")
        if not (isinstance(size, int) and 1 <= size <= most):
            raise AwsError("ValidationException", f"MaxResults must be between 1 and {most}")
        end = int(token) + size
        return found[int(token) : end], {"NextToken": str(end)} if end < len(found) else {}


def _canary(deployed: Deployed) -> dict[str, Any]:
    identity = deployed.identity
    timeline = {"Created": deployed.created, "LastModified": deployed.created}
    timeline["LastStarted"] = deployed.last_started
    if deployed.last_stopped is not None:
        timeline["LastStopped"] = deployed.last_stopped
    return {
        "Id": identity.canary_id,
        "Name": identity.name,
        "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{identity.name}",
        "Schedule": {"Expression": _rate(deployed.canary.every), "DurationInSeconds": 0},
        "RunConfig": {"TimeoutInSeconds": int(RUN_EVERY_SECONDS)},
        "Status": {"State": deployed.state},
        "Timeline": timeline,
        "ArtifactS3Location": f"cw-syn-results-{ACCOUNT}-{identity.region}/canary/{identity.region}",
        "RuntimeVersion": CANARY_RUNTIME,
        "Tags": {},
    }


def _rate(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"rate({minutes} minute{'' if minutes == 1 else 's'})"


def _last_run(deployed: Deployed) -> dict[str, Any]:
    run = deployed.last_run
    assert run is not None
    status = {"State": "PASSED"}
    if run.reason is not None:
        reason = run.reason[:1024]
        status = {"State": "FAILED", "StateReason": reason, "StateReasonCode": "CANARY_FAILURE"}
    last = {
        "Id": run.run_id,
        "Name": deployed.canary.name,
        "Status": status,
        "Timeline": {"Started": run.started, "Completed": run.completed},
        "ArtifactS3Location": artifact_location(deployed.identity, run.started),
    }
    return {"CanaryName": deployed.canary.name, "LastRun": last}
