"""What a Task state can call. Each call returns at once and answers later through `done`.

`done` may be called on any thread. A call never raises: an unknown function, for example, is the
outcome `Lambda.ResourceNotFoundException`.
"""

from collections.abc import Callable
from typing import Any

from controller.rehearsal.engine.json_text import from_text, to_text
from controller.rehearsal.services.awslambda import Invoke, Outcome

Done = Callable[[Outcome], None]
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
