"""The Lambda handlers, in one table: name -> handler.

Each checks its input, calls one step and returns plain data.
The same table feeds the deployment and the rehearsal; the workflow file names its tasks by these names.
"""

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from time import time
from typing import Any, TextIO

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from pydantic import BaseModel, ConfigDict, Field

from controller import wiring
from controller.core.text import sanitize
from controller.ports.errors import ControllerError
from controller.settings import PREFIX, Access, Arc, Deployment, Standby
from controller.steps.context.deps import Deps
from controller.steps.observe import observe
from controller.steps.payload import PayloadUnknown, StepPayload, counted, read_payload
from controller.steps.tick.tick import tick
from controller.steps.workflow.assess import assess
from controller.steps.workflow.confirm_readiness import confirm_readiness
from controller.steps.workflow.escalate import escalate, hold_unknown
from controller.steps.workflow.hand_over import hand_over
from controller.steps.workflow.request_approval import request_approval
from controller.steps.workflow.shift_traffic import shift_traffic
from controller.steps.workflow.verify_shift import verify_shift

Payload = dict[str, Any]
Handler = Callable[[Payload, Any], Payload]
_Frame = tuple[dict[str, Any], dict[str, Any]]
WARMING: Payload = {"tidegate": "warm"}
"""The event of the schedule that keeps a function in memory. It is answered, and nothing else is done."""
LOGGED_FIELDS = ("next", "code", "incident", "opened", "used", "ignored")


class Environment(BaseModel):
    """The environment of every handler. The policy and `arc.json` are files of the package."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    account: str = Field(alias="TIDEGATE_ACCOUNT")
    region: str = Field(alias="AWS_REGION")
    prefix: str = Field(alias="TIDEGATE_PREFIX", default=PREFIX)
    deployed: float = Field(alias="TIDEGATE_DEPLOYED")
    policy_file: str = Field(alias="TIDEGATE_POLICY", default="policy.json")
    arc_file: str = Field(alias="TIDEGATE_ARC", default="arc.json")
    standby_file: str = Field(alias="TIDEGATE_STANDBY", default="")
    consoles_file: str = Field(alias="TIDEGATE_CONSOLES", default="")
    review_file: str = Field(alias="TIDEGATE_REVIEW", default="")
    plans_file: str = Field(alias="TIDEGATE_PLANS", default="")
    heartbeat_file: str = Field(alias="TIDEGATE_HEARTBEAT", default="")
    journal_table: str = Field(alias="TIDEGATE_JOURNAL")
    evidence_table: str = Field(alias="TIDEGATE_EVIDENCE")
    assessments_table: str = Field(alias="TIDEGATE_ASSESSMENTS")
    people_table: str = Field(alias="TIDEGATE_PEOPLE")
    dead_letters: str = Field(alias="TIDEGATE_DEAD_LETTERS")
    people_days: int = Field(alias="TIDEGATE_PEOPLE_DAYS", default=400)
    topic: str = Field(alias="TIDEGATE_TOPIC")
    state_machine: str = Field(alias="TIDEGATE_STATE_MACHINE")
    key: str = Field(alias="TIDEGATE_KEY")
    evidence_role: str = Field(alias="TIDEGATE_EVIDENCE_ROLE", default="")
    arc_role: str = Field(alias="TIDEGATE_ARC_ROLE", default="")
    external_id: str = Field(alias="TIDEGATE_EXTERNAL_ID", default="")

    def deployment(self) -> Deployment:
        """Return the deployment that the environment and the package describe.

        With `TIDEGATE_STANDBY` that file says how traffic moves, else `arc.json`.
        The file of `TIDEGATE_CONSOLES`: controller Region -> the address of its console, for notices.
        That of `TIDEGATE_PLANS`: the policy's name of a Region switch plan -> its ARN. That of
        `TIDEGATE_HEARTBEAT`: who outside is told that this controller is well. The roles are those in other
        accounts, which ask for the external id.
        """
        files = {"policy_file", "arc_file", "standby_file", "consoles_file", "review_file", "plans_file"}
        files |= {"heartbeat_file", "evidence_role", "arc_role", "external_id"}
        names = self.model_dump(exclude=files)
        for place, role in (("evidence", self.evidence_role), ("arc_access", self.arc_role)):
            if role:
                names[place] = Access(role=role, external_id=self.external_id)
        if self.consoles_file:
            names["console_by_region"] = wiring.packaged(self.consoles_file)
        if self.review_file:
            names["review"] = wiring.packaged(self.review_file)
        if self.plans_file:
            names["plans"] = wiring.packaged(self.plans_file)
        if self.heartbeat_file:
            names["heartbeat"] = wiring.packaged(self.heartbeat_file)
        names["policy"] = wiring.packaged(self.policy_file)
        if self.standby_file:
            names["standby"] = Standby.model_validate(wiring.packaged(self.standby_file))
        else:
            names["arc"] = Arc.model_validate(wiring.packaged(self.arc_file))
        return Deployment(**names)


def observe_handler(deps: Deps, event: Payload) -> Payload:
    """Observe a batch from the queue, or one raw event from the direct rule.

    In a batch, one bad message fails alone.
    """
    records = event.get("Records")
    if not isinstance(records, list):
        seen = observe(deps, [json.dumps(event)])
        return {"used": seen.used, "ignored": [i.reason for i in seen.ignored], "opened": seen.opened}
    messages = [record if isinstance(record, dict) else {} for record in records]
    try:
        seen = observe(deps, [str(message.get("body", "")) for message in messages])
    except ControllerError as error:
        failures = [{"itemIdentifier": str(message.get("messageId"))} for message in messages]
        return {"batchItemFailures": failures, "error": type(error).__name__}
    probes = {probe.region: round(probe.received - probe.sent, 3) for probe in seen.probes}
    told = {"used": seen.used, "ignored": len(seen.ignored), "opened": seen.opened, "probes": probes}
    return {"batchItemFailures": [], **told}


def tick_handler(deps: Deps, _event: Payload) -> Payload:
    return dict(tick(deps))


def request_approval_handler(deps: Deps, event: Payload) -> Payload:
    """Ask people, and keep the task token for their answer.

    It returns nothing: the answer goes by the token.
    """
    request_approval(deps, read_payload(event["carry"]), str(event["token"]))
    return {}


def escalate_handler(deps: Deps, event: Payload) -> Payload:
    error = event.get("error") or {}
    cause = sanitize(str(error.get("Cause", "")), 400)
    try:
        payload = read_payload(event)
    except PayloadUnknown as unknown:
        return hold_unknown(deps, event, str(unknown))
    payload = counted("Escalate", payload, failed=bool(error))
    return _out(escalate(deps, payload, sanitize(str(error.get("Error", "")), 80), cause))


def _state(name: str, step: Callable[[Deps, StepPayload], StepPayload]) -> Callable[[Deps, Payload], Payload]:
    def run(deps: Deps, event: Payload) -> Payload:
        return _out(step(deps, counted(name, read_payload(event), failed="error" in event)))

    return run


def _out(payload: StepPayload) -> Payload:
    return payload.model_dump(mode="json", by_alias=True)


HANDLERS: Mapping[str, Callable[[Deps, Payload], Payload]] = {
    "Observe": observe_handler,
    "Tick": tick_handler,
    "Assess": _state("Assess", assess),
    "ConfirmReadiness": _state("ConfirmReadiness", confirm_readiness),
    "RequestApproval": request_approval_handler,
    "ShiftTraffic": _state("ShiftTraffic", shift_traffic),
    "VerifyShift": _state("VerifyShift", verify_shift),
    "Escalate": escalate_handler,
    "HandOver": _state("HandOver", hand_over),
}


def bound(
    deps: Deps, log: TextIO | None = None, service: str = PREFIX, prefix: str = PREFIX
) -> dict[str, Handler]:
    """Return every handler, ready to be invoked.

    Each writes structured log lines and metrics to `log`.
    Powertools keeps one logger per `service` name: give each `log` its own.
    prefix: of the deployment; it tells its metrics from those of others in the account.
    """
    stream = log or sys.stdout
    logger = Logger(service=service, stream=stream, level="INFO")
    return {name: _instrumented(name, step, deps, logger, stream, prefix) for name, step in HANDLERS.items()}


def _instrumented(
    name: str,
    step: Callable[[Deps, Payload], Payload],
    deps: Deps,
    logger: Logger,
    stream: TextIO,
    prefix: str,
) -> Handler:
    metric = partial(_metric, prefix, name)
    fields = {"handler": name, "region": deps.here, "application": deps.application}

    def invoke(event: Payload, _context: Any = None) -> Payload:
        started = deps.runtime.monotonic()
        try:
            result = step(deps, event)
        except Exception as error:
            why = {"error": type(error).__name__, "why": sanitize(str(error), 300)}
            logger.error("failed", extra={**fields, **why})
            stream.write(metric("Failed", 1.0, MetricUnit.Count))
            raise
        finally:
            for lost in deps.unrecorded:
                logger.error("assessment lost", extra={**fields, "why": lost})
            if deps.unrecorded:
                lost_now = float(len(deps.unrecorded))
                stream.write(metric("AssessmentsLost", lost_now, MetricUnit.Count))
            deps.unrecorded.clear()
        logger.info("done", extra={**fields, **{key: result[key] for key in LOGGED_FIELDS if key in result}})
        for region, seconds in dict(result.get("probes") or {}).items():
            # Goes missing when the intake fails; its alarm treats missing data as breaching.
            stream.write(metric("IntakeProbe", seconds, MetricUnit.Seconds, region=region))
        for region, count in dict(result.get("controls_on") or {}).items():
            stream.write(metric("ControlsOn", float(count), MetricUnit.Count, region=region))
        if "incident_open" in result:
            stream.write(metric("IncidentOpen", float(result["incident_open"]), MetricUnit.Count))
        if told := result.get("heartbeat"):
            if told["why"]:
                logger.error("heartbeat", extra={**fields, **told})
            # Zero or missing, it rings: people hear of it from us too, while we can still tell them.
            stream.write(metric("HeartbeatSent", float(told["sent"]), MetricUnit.Count))
        milliseconds = (deps.runtime.monotonic() - started) * 1000
        stream.write(metric("Duration", milliseconds, MetricUnit.Milliseconds))
        return result

    return invoke


def _metric(prefix: str, handler: str, name: str, value: float, unit: MetricUnit, **more: str) -> str:
    """Return one line in CloudWatch's embedded metric format."""
    members, metadata = _frame(prefix, handler, name, unit, tuple(more.items()))
    stamped = {**metadata, "Timestamp": int(time() * 1000)}
    return json.dumps({**members, "_aws": stamped, name: [value]}) + "\n"


@cache
def _frame(
    prefix: str, handler: str, name: str, unit: MetricUnit, more: tuple[tuple[str, str], ...]
) -> _Frame:
    """Return the line's members without time and value; they never change."""
    provider = AmazonCloudWatchEMFProvider(namespace="tidegate", service=prefix)
    provider.dimension_set = {"handler": handler, **dict(more)}
    provider.metric_set, provider.metadata_set = {}, {}
    provider.add_metric(name, unit, 0.0)
    whole: dict[str, Any] = dict(provider.serialize_metric_set())
    return whole, whole.pop("_aws")


@cache
def _deployed() -> dict[str, Handler]:
    environment = Environment.model_validate(wiring.lambda_environment())
    return bound(
        wiring.build(environment.deployment()), service=environment.prefix, prefix=environment.prefix
    )


def handler(event: Payload, context: Any) -> Payload:
    """Run the handler that the deployed Lambda function's name ends with.

    The name is the same by whatever version or alias the function is called.
    """
    deployed = _deployed()
    if event == WARMING:  # everything is imported and every client stands: that is all that it is for
        return {"warm": True}
    name = str(context.function_name).rpartition("-")[2]
    return deployed[name](event, context)
