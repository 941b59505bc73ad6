"""The parts of one controller in its Region, beside its tables.

They are its functions, its queues, its state machine, its key, and its gate on the kernel's time.
"""

import json
import random
from collections.abc import Callable
from typing import Any

from controller.ports.runtime import Runtime
from controller.rehearsal.blueprint import LIVE, qualified
from controller.rehearsal.faults import Faults
from controller.rehearsal.self_metrics import Meter
from controller.rehearsal.services.awslambda import Outcome
from controller.rehearsal.services.kms import Vault
from controller.rehearsal.services.sqs.api import Queues
from controller.rehearsal.services.stepfunctions.api import StepFunctions
from controller.rehearsal.shop.shop import PutMetric
from controller.rehearsal.time.kernel import Kernel
from controller.rehearsal.time.region_gate import Gate

Function = Callable[[Any, Any], Any]
Local = Callable[[Kernel], Runtime]
"""A Region's gate -> the runtime of the handlers there.

The handlers so stop together with their Region.
"""


class ControllerRegion:
    """One controller Region with its functions, queues, state machine and key.

    functions: name -> handler, of the first deployment; the builder of the controller fills it in.
    beside: prefix -> the same of each deployment that shares the account.
    errors: the messages of failed invocations, one list for all Regions.
    changed: called at each change of an execution.
    """

    def __init__(
        self,
        kernel: Kernel,
        region: str,
        faults: Faults,
        rng: random.Random,
        *,
        runtime: Runtime,
        local: Local | None,
        errors: list[str],
        changed: Callable[[dict[str, Any]], None],
        put_metric: PutMetric,
    ) -> None:
        self.region, self._errors = region, errors
        self.gate = Gate(kernel, lambda: faults.stopped(region))
        self.runtime = runtime if local is None else local(self.gate)
        self.functions: dict[str, Function] = {}
        self.beside: dict[str, dict[str, Function]] = {}
        self.queues = Queues(self.gate, region)
        draw = random.Random(rng.getrandbits(64))  # noqa: S311 - a rehearsal must repeat
        self.meter = Meter(self.gate, region, self.queues, put_metric)

        def tell(detail: dict[str, Any]) -> None:
            self.meter.ended(detail)
            changed(detail)

        self.engine = StepFunctions(self.gate, region, self.invoke, draw, changed=tell)
        self.vault = Vault(region, rng)

    def invoke(self, function: str, payload: Any, done: Callable[[Outcome], None]) -> None:
        """Run a function beside the kernel.

        The payload and the answer pass through JSON, as they do in AWS.
        """
        whole, qualifier = qualified(function)
        prefix, _, name = whole.rpartition("-")
        known = qualifier in ("", LIVE)
        handler = self.beside.get(prefix, self.functions).get(name) if known else None
        body = json.dumps(payload)

        def work() -> None:
            outcome = _run(handler, body)
            if outcome.error is not None:
                self._errors.append(f"{self.region} {function}: {outcome.error}: {outcome.cause}")
                del self._errors[:-50]
            self.gate.post(lambda: done(outcome))

        if self.gate.stopped():
            self.gate.post(lambda: self._begin(work))
        else:
            self._begin(work)

    def _begin(self, work: Callable[[], None]) -> None:
        self.runtime.spawn(work)


def _run(handler: Function | None, body: str) -> Outcome:
    if handler is None:
        return Outcome(error="Lambda.ResourceNotFoundException", cause="no such function")
    try:
        return Outcome(payload=json.loads(json.dumps(handler(json.loads(body), None))))
    except Exception as error:  # noqa: BLE001 - a Lambda's failure is an answer to its caller
        cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
        return Outcome(error=type(error).__name__, cause=json.dumps(cause))
