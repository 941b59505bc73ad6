"""The shipped state machine file on this engine: accepted, and its states do what they are drawn to do."""

import json
from pathlib import Path
from string import Template
from typing import Any

import pytest

from controller.rehearsal.engine import Outcome
from tests.rehearsal.engine_world import World

FILE = Path(__file__).parents[2] / "controller" / "workflow.asl.json"
STEPS = (
    "Observe",
    "Assess",
    "ConfirmReadiness",
    "RequestApproval",
    "ShiftTraffic",
    "VerifyShift",
    "Escalate",
    "HandOver",
)


def definition() -> str:
    return Template(FILE.read_text()).safe_substitute({name: name for name in STEPS})
