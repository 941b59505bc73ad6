"""A deployment to be examined, and what was found of it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from controller.entry.doctor.finding import Finding, Patient

HERE = "us-east-2"


def told(found: Finding | Iterable[Finding], verdict: str = "bad") -> str:
    """What the findings of a verdict say; "" where there is none."""
    every = [found] if isinstance(found, Finding) else list(found)
    return "; ".join(each.says for each in every if each.verdict == verdict)


def changed(patient: Patient, **members: Any) -> Patient:
    return replace(patient, deployment=patient.deployment.model_copy(update=members))
