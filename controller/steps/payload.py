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
Schema = Literal["tidegate.incident/v1"]
SCHEMAS: tuple[str, ...] = get_args(Schema)
"""The payloads that this version reads: its own and the one before, if there was one.

Within one, fields are only ever added, each with a default; those that are not known are left out.
"""


class PayloadUnknown(ValueError):  # noqa: N818
    """The payload has a schema that this version does not read.

    Nothing was done.
    """


class StepPayload(BaseModel):
    """The input and output of every state.

    `next` is where the workflow goes; waits are in seconds.

    deployed: when the version was deployed that started this execution; 0: not known. waited: the number of
    the last event that moved controls, once the workflow has waited until every endpoint shows it.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    schema_: Schema = Field(alias="schema")
    application: str = Field(max_length=64)
    incident: str = Field(max_length=128)
    epoch: int = Field(ge=0)
    loop: int = Field(default=0, ge=0)
    deployed: float = Field(default=0.0, ge=0)
    waited: int = Field(default=0, ge=0)
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
