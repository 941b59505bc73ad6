"""The payload of the workflow: names and numbers, never evidence, never a secret.

The workflow carries it from state to state.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from controller.core.text import sanitize

Next = Literal[
    "act",
    "ask",
    "shift",
    "watch",
    "settled",
    "hold",
    "again",
    "escalate",
    "stand_down",
    "hand_over",
    "superseded",
]

ASK_LONGEST = 31_536_000
"""Seconds: a year, the longest that an execution may wait."""
WORN = 18_000
"""Events of an execution's history, at most, after which a fresh one drives on. AWS fails it at 25,000."""
WORN_BOUND = 21_000
"""The same once people were asked, or while a call may be under way: a new epoch asks them anew."""
WORN_OUT = 23_500
"""The same where nobody could hand over: the execution ends, and the tick starts the next."""
COSTS: Mapping[str, int] = {
    "Assess": 21,
    "ConfirmReadiness": 21,
    "RequestApproval": 24,
    "ShiftTraffic": 15,
    "VerifyShift": 21,
    "Escalate": 25,
    "HandOver": 19,
}
"""State -> events of one visit, with all its retries, and of the choice and the wait that may follow.

```
 entered, exited 2 + (scheduled, started, ended 3; a callback 4) × (1 + retries) + choice 2 + wait 2
```
"""
Schema = Literal["tidegate.incident/v1"]
SCHEMAS: tuple[str, ...] = get_args(Schema)
"""The payloads that this version reads: its own and the one before, if there was one.

Within one, fields are only ever added, each with a default; those that are not known are left out.
"""

_FOLLOWS: Mapping[Next, str] = {
    "act": "ConfirmReadiness",
    "ask": "RequestApproval",
    "shift": "ShiftTraffic",
    "watch": "VerifyShift",
    "hold": "Assess",
    "again": "Assess",
    "hand_over": "HandOver",
}
_WORST_LOOP = 23
"""Events that a loop had in the version before, which counted loops alone."""


class PayloadUnknown(ValueError):  # noqa: N818
    """The payload has a schema that this version does not read.

    Nothing was done.
    """


class StepPayload(BaseModel):
    """The input and output of every state.

    `next` is where the workflow goes; waits are in seconds.

    deployed: when the version was deployed that started this execution; 0: not known. waited: the number of
    the last event that moved controls, once the workflow has waited until every endpoint shows it.
    history: how many events the execution's history has by now, at most.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    schema_: Schema = Field(alias="schema")
    application: str = Field(max_length=64)
    incident: str = Field(max_length=128)
    epoch: int = Field(ge=0)
    loop: int = Field(default=0, ge=0)
    deployed: float = Field(default=0.0, ge=0)
    waited: int = Field(default=0, ge=0)
    history: int = Field(default=0, ge=0)
    next: Next = "again"
    code: str = ""
    reason: str = ""
    wait_seconds: int = Field(default=20, ge=1, le=86400)
    ask_seconds: int = Field(default=900, ge=60, le=ASK_LONGEST)

    def to(self, where: Next, *, code: str = "", reason: str = "", wait: float = 20) -> "StepPayload":
        """Return the same payload, on its way to `where`."""
        changes = {"next": where, "code": code, "reason": reason[:500], "wait_seconds": max(1, int(wait))}
        return self.model_copy(update=changes)


def read_payload(payload: Mapping[str, Any]) -> StepPayload:
    """Return the step's payload from a raw one of a known schema.

    Known are this version's schema and the one before. Raises `PayloadUnknown`, which names the schema.
    """
    schema = payload.get("schema")
    if schema not in SCHEMAS:
        raise PayloadUnknown(
            f"payload schema {sanitize(str(schema), 60)!r} is not one of: {', '.join(SCHEMAS)}"
        )
    return StepPayload.model_validate(payload)


def counted(state: str, payload: StepPayload, *, failed: bool) -> StepPayload:
    """Return the payload as `state` gets it, with the events of that state counted.

    failed: the state before it failed, and so did not count itself. Nor does `RequestApproval`, whose output
    is its input.
    """
    events = (payload.history or payload.loop * _WORST_LOOP) + COSTS[state]
    if failed or payload.next == "ask":
        events += COSTS[_FOLLOWS.get(payload.next, "Assess")]
        events += COSTS["Escalate"] if failed and state != "Escalate" else 0
    return payload.model_copy(update={"history": events})
