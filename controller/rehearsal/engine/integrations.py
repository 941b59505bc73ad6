"""What a Task state can call. Each call returns at once and answers later through `done`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controller.rehearsal.engine.json_text import from_text, to_text


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """How a call ended: a payload, or an error (the exception's class name) with its cause."""

    payload: Any | None = None
    error: str | None = None
    cause: str | None = None


Done = Callable[[Outcome], None]
Invoke = Callable[[str, Any, Done], None]
"""`invoke(function name or ARN, payload, done)`; `done` may be called on any thread."""
Integration = Callable[[dict[str, Any], Done], None]
"""`integration(parameters, done)`: the payload of its outcome is the task's whole output."""


def lambda_invoke(invoke: Invoke) -> Integration:
    """The optimised integration `lambda:invoke`, with the envelope that AWS puts around a payload."""

    def call(parameters: dict[str, Any], done: Done) -> None:
        function = str(parameters["FunctionName"])
        if "Qualifier" in parameters:
            function = f"{function}:{parameters['Qualifier']}"

        def wrap(outcome: Outcome) -> None:
            if outcome.error is not None:
                done(outcome)
                return
            done(
                Outcome(
                    payload={
                        "ExecutedVersion": "$LATEST",
                        "Payload": outcome.payload,
                        "SdkHttpMetadata": {"HttpStatusCode": 200},
                        "StatusCode": 200,
                    }
                )
            )

        invoke(function, parameters.get("Payload", {}), wrap)

    return call


def raised_cause(outcome: Outcome, request_id: Callable[[], str]) -> str | None:
    """The cause of a Lambda's error as AWS writes it: JSON with errorMessage and errorType.

    A cause that is such JSON already stays; so does one of the Lambda service itself.
    """
    error, cause = outcome.error or "", outcome.cause or ""
    if error.startswith(("Lambda.", "States.")):
        return outcome.cause
    try:
        if isinstance(from_text(cause), dict):
            return cause
    except ValueError:
        pass
    return to_text({"errorMessage": cause, "errorType": error, "requestId": request_id(), "stackTrace": []})
