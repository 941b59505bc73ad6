"""What the workflow carries from state to state: names and numbers, never evidence, never a secret."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

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


class Carry(BaseModel):
    """Input and output of every state. `next` is where the workflow goes; waits are in seconds."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    schema_: Literal["tidegate.incident/v1"] = Field(alias="schema")
    application: str = Field(max_length=64)
    incident: str = Field(max_length=128)
    epoch: int = Field(ge=0)
    loop: int = Field(default=0, ge=0)
    next: Next = "again"
    code: str = ""
    reason: str = ""
    wait_seconds: int = Field(default=20, ge=1, le=86400)
    ask_seconds: int = Field(default=900, ge=60, le=ASK_LONGEST)

    def to(self, where: Next, *, code: str = "", reason: str = "", wait: float = 20) -> "Carry":
        """The same carry, on its way to `where`."""
        changes = {"next": where, "code": code, "reason": reason[:500], "wait_seconds": max(1, int(wait))}
        return self.model_copy(update=changes)
