"""The context object that `$$` paths read."""

from functools import lru_cache
from typing import Any

from controller.rehearsal.engine.json_text import from_text
from controller.rehearsal.engine.records import Execution, Strand
from controller.rehearsal.engine.timestamps import to_iso


def context_of(execution: Execution, strand: Strand, token: str | None = None) -> dict[str, Any]:
    """`$$` for a state of `execution`. `token` only while a task with a callback is being scheduled."""
    context = {
        "Execution": {
            "Id": execution.arn,
            "Input": _parsed(execution.input),
            "Name": execution.name,
            "RoleArn": execution.role_arn,
            "StartTime": to_iso(execution.start),
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_arn.rpartition(":")[2]},
        "State": {
            "Name": strand.state,
            "EnteredTime": to_iso(strand.entered_at),
            "RetryCount": strand.retries,
        },
    }
    if token is not None:
        context["Task"] = {"Token": token}
    return context


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    return from_text(text)
