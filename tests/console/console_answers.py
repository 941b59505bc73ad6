"""Answers that count at the console, and a policy that asks two people."""

from controller.core.journal.kind import Kind
from tests.support.console_world import Desk

TWO = {"oncall": [{"ask": ["group:sre-oncall"], "people": 2, "within": "15m"}]}


def given(desk: Desk) -> int:
    return desk.w.count(Kind.APPROVAL_GIVEN)
