"""A deployment to be examined, and what was found of it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from controller.aws.errors import OUTSIDE
from controller.entry.doctor.finding import Finding, Patient
from controller.lab.environment.environment import Stage
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.wiring import QUESTION
from tests.support.drill_run import operators

HERE = "us-east-2"


def told(found: Finding | Iterable[Finding], verdict: str = "bad") -> str:
    """What the findings of a verdict say; "" where there is none."""
    every = [found] if isinstance(found, Finding) else list(found)
    return "; ".join(each.says for each in every if each.verdict == verdict)


def changed(patient: Patient, **members: Any) -> Patient:
    return replace(patient, deployment=patient.deployment.model_copy(update=members))


def patients(stage: Stage) -> list[Patient]:
    clients = virtual_clients(stage.cloud.wire, stage.runtime, stage.faults)

    def ask(service: str, region: str, url: str | None, *keys: Any) -> Any:
        return clients(service, region, url, QUESTION, *keys)

    holds = operators(stage)
    return [Patient(d, holds[region], ask, OUTSIDE) for region, d in stage.deployments.items()]
