"""The `states` service: Step Functions of one Region."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.service import Call
from controller.rehearsal.services.awslambda import Invoke
from controller.rehearsal.services.stepfunctions.executions import Callbacks, Executions
from controller.rehearsal.services.stepfunctions.interpreter import Interpreter
from controller.rehearsal.services.stepfunctions.machines import Machines
from controller.rehearsal.services.stepfunctions.records import (
    Execution,
    dumped,
    read_executions,
    read_machines,
)
from controller.rehearsal.services.stepfunctions.tasks import Integration, lambda_invoke
from controller.rehearsal.time.kernel import Kernel

Changed = Callable[[dict[str, Any]], None]


class StepFunctions:
    """Step Functions Standard workflows of one Region.

    Parameters
    ----------
    invoke: calls a Lambda function; returns at once.
    rng: the only source of randomness: tokens, names, jitter.
    integrations: more `service:action` calls for Task states, beside `lambda:invoke`.
    changed: called with the `detail` of each "Step Functions Execution Status Change" event.
    """

    def __init__(
        self,
        kernel: Kernel,
        region: str,
        invoke: Invoke,
        rng: random.Random,
        integrations: Mapping[str, Integration] | None = None,
        changed: Changed | None = None,
    ) -> None:
        table = {"lambda:invoke": lambda_invoke(invoke), **(integrations or {})}
        self._kernel, self._changed = kernel, changed
        self._machines = Machines(kernel, frozenset(table))
        self._interpreter = Interpreter(kernel, region, rng, invoke, table, self._tell)
        self._executions = Executions(kernel, rng, self._machines, self._interpreter)
        callbacks = Callbacks(kernel, self._interpreter.tasks, self._executions)
        self.operations: Mapping[str, Callable[[Call], dict[str, Any]]] = {
            "CreateStateMachine": self._machines.create,
            "UpdateStateMachine": self._machines.update,
            "DescribeStateMachine": self._machines.describe,
            "ListStateMachines": self._machines.list_all,
            "StartExecution": self._executions.start,
            "StopExecution": self._executions.stop,
            "DescribeExecution": self._executions.describe,
            "DescribeStateMachineForExecution": self._executions.machine_of,
            "ListExecutions": self._executions.list_all,
            "GetExecutionHistory": self._executions.history,
            "SendTaskSuccess": callbacks.succeed,
            "SendTaskFailure": callbacks.fail,
            "SendTaskHeartbeat": callbacks.beat,
        }

    def _tell(self, execution: Execution) -> None:
        """Report a change of an execution, as the detail of EventBridge's event.

        Times there are in milliseconds.
        """
        if self._changed is None:
            return
        changed = self._changed
        detail = {
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": round(execution.start * 1000),
            "stopDate": None if execution.stop is None else round(execution.stop * 1000),
            "input": execution.input,
            "inputDetails": {"included": True},
            "output": execution.output,
            "outputDetails": None if execution.output is None else {"included": True},
            "error": execution.error,
            "cause": execution.cause,
        }
        self._kernel.post(lambda: changed(detail))

    def dump(self) -> dict[str, Any]:
        """Return all state, in a form for JSON.

        It has machines, executions with positions and histories, and pending callbacks.
        It holds task tokens: keep it as private as the tokens are.
        """
        with self._kernel.lock:
            data = dumped(self._machines.by_arn, self._executions.by_arn)
            return {**data, "tokens": self._interpreter.tasks.tokens.dump()}

    def restore(self, data: dict[str, Any]) -> None:
        """Take back the dump in an engine that is still empty.

        Waits, retries and timeouts keep their times (what is due meanwhile happens at once);
        a call that was in flight is made again.
        """
        with self._kernel.lock:
            self._machines.by_arn.update({machine.arn: machine for machine in read_machines(data)})
            self._executions.by_arn.update({item.arn: item for item in read_executions(data)})
            self._interpreter.tasks.tokens.restore(data["tokens"])
            for execution in self._executions.by_arn.values():
                self._interpreter.take_up(execution)
