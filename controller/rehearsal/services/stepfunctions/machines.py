"""The state machines: create, update, describe, list."""

from typing import Any

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.stepfunctions.definition import load
from controller.rehearsal.services.stepfunctions.definition_fields import DefinitionError
from controller.rehearsal.services.stepfunctions.pagination import page
from controller.rehearsal.services.stepfunctions.records import Machine
from controller.rehearsal.services.stepfunctions.text import check_arn, check_name
from controller.rehearsal.time.kernel import Kernel

_MOST = 1_048_576  # bytes of a definition
SILENT = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
}


class Machines:
    def __init__(self, kernel: Kernel, integrations: frozenset[str]) -> None:
        self._kernel, self._integrations = kernel, integrations
        self.by_arn: dict[str, Machine] = {}

    def find(self, arn: object) -> Machine:
        known = self.by_arn.get(check_arn(arn, "stateMachine"))
        if known is None:
            raise AwsError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return known

    def create(self, call: Call) -> dict[str, Any]:
        """Answer CreateStateMachine.

        The same request again answers with the machine that is there.
        """
        name = check_name(call.params.get("name"))
        if call.params.get("type", "STANDARD") != "STANDARD":
            raise AwsError("StateMachineTypeNotSupported", "Only STANDARD state machines are rehearsed")
        definition = self._checked(call.params.get("definition"))
        arn = f"arn:aws:states:{call.region}:{call.account}:stateMachine:{name}"
        known = self.by_arn.get(arn)
        if known is None:
            now = self._kernel.now()
            known = Machine(arn, name, definition, str(call.params.get("roleArn", "")), now, now)
            self.by_arn[arn] = known
        elif known.definition != definition:
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        return {"stateMachineArn": arn, "creationDate": known.created}

    def update(self, call: Call) -> dict[str, Any]:
        """Answer UpdateStateMachine.

        Executions that run keep the definition they started with.
        """
        machine = self.find(call.params.get("stateMachineArn"))
        if "definition" in call.params:
            machine.definition = self._checked(call.params["definition"])
        machine.role_arn = str(call.params.get("roleArn", machine.role_arn))
        machine.updated = self._kernel.now()
        return {"updateDate": machine.updated}

    def _checked(self, definition: Any) -> str:
        if not isinstance(definition, str) or not 0 < len(definition) <= _MOST:
            raise AwsError(
                "InvalidDefinition", "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION'"
            )
        try:
            load(definition, self._integrations)
        except DefinitionError as exc:
            raise AwsError("InvalidDefinition", f"Invalid State Machine Definition: '{exc}'") from exc
        return definition

    def describe(self, call: Call) -> dict[str, Any]:
        machine = self.find(call.params.get("stateMachineArn"))
        return {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "status": "ACTIVE",
            "definition": machine.definition,
            "roleArn": machine.role_arn,
            "type": "STANDARD",
            "creationDate": machine.created,
            **SILENT,
        }

    def list_all(self, call: Call) -> dict[str, Any]:
        machines = list(self.by_arn.values())
        numbers = {machine.arn: number for number, machine in enumerate(machines)}
        shown, following = page(machines, lambda machine: numbers[machine.arn], call.params, scope="machines")
        return {
            "stateMachines": [
                {
                    "stateMachineArn": machine.arn,
                    "name": machine.name,
                    "type": "STANDARD",
                    "creationDate": machine.created,
                }
                for machine in shown
            ],
            **following,
        }
