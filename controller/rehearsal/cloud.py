"""The rehearsal cloud: every service of every Region on one kernel, behind one wire.

```
 boto3, aws CLI ─> Wire ─> services by (signing name, Region) ─┬─ ours
                                                              └─ moto, for whatever else is asked
 alarms, canaries ─> Events of their Region ─> Events of the controller's ─> queue ─> Observe
                                                                       └────> state machine (composites)
```
"""

import json
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from controller.ports.runtime import Runtime
from controller.rehearsal import blueprint as names
from controller.rehearsal.alarms.api import Alarms
from controller.rehearsal.api import ACCOUNT, AwsError, Call, Service
from controller.rehearsal.arc.controls import ENDPOINTS, SERVICE, RoutingControls
from controller.rehearsal.arc.rules import SafetyRule, control_arn, panel_arn, rule_arn
from controller.rehearsal.backstage import Backstage
from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.delivery import Delivery
from controller.rehearsal.engine.api import StepFunctions
from controller.rehearsal.events import Events
from controller.rehearsal.faults import Faults
from controller.rehearsal.invoke import Outcome
from controller.rehearsal.kernel import Kernel
from controller.rehearsal.names import HealthChecks, NameService
from controller.rehearsal.orders import ReplicatedOrders
from controller.rehearsal.outbox import Outbox
from controller.rehearsal.queue import Queues
from controller.rehearsal.records import record_tree
from controller.rehearsal.shop import Shop, emit_each_minute
from controller.rehearsal.table.api import Tables
from controller.rehearsal.table.catalog import GlobalTable
from controller.rehearsal.table.memory import MemoryStore
from controller.rehearsal.table.store import Store
from controller.rehearsal.vault import Vault
from controller.rehearsal.wire import Wire

Function = Callable[[Any, Any], Any]
QUEUE, DEAD_LETTERS = "tidegate-intake", "tidegate-dead-letters"
TICK_SECONDS = 60.0


class Cloud:
    """All of it. `functions` (name -> handler) is filled in by whoever builds the controller.

    store: Region -> where its tables are kept (memory by default).
    """

    def __init__(
        self,
        plan: Blueprint,
        kernel: Kernel,
        runtime: Runtime,
        faults: Faults,
        rng: random.Random,
        store: Callable[[str], Store] | None = None,
    ) -> None:
        self.plan, self.kernel, self.runtime, self.faults = plan, kernel, runtime, faults
        self.functions: dict[str, Function] = {}
        self.errors: list[str] = []
        here = plan.controller
        open_store = store or (lambda _region: MemoryStore())
        journal = GlobalTable(open_store("global"), plan.regions)
        self.queues = {r: Queues(kernel, r) for r in plan.regions}
        self.engine = StepFunctions(kernel, here, self.invoke, random.Random(rng.getrandbits(64)))  # noqa: S311
        self.events = {r: Events(kernel, r, self._targets(), faults) for r in plan.regions}
        self.alarms = {r: Alarms(kernel, r, self.events[r].publish, faults) for r in plan.regions}
        self.tables = {
            r: Tables(kernel, r, open_store(r), shared={"tidegate-journal": journal}) for r in plan.regions
        }
        self.vault, self.outbox = Vault(here, rng), Outbox(kernel, here)
        self.switch = self._switch(random.Random(rng.getrandbits(64)))  # noqa: S311
        self.tree = record_tree(plan.name, plan.controls)
        self.health = HealthChecks(kernel, self.tree, self.switch.is_on)
        draw = random.Random(rng.getrandbits(64)).random  # noqa: S311
        self.names = NameService(tree=self.tree, is_healthy=self.health.is_healthy, draw=draw)
        self.shop = Shop(regions=plan.controls, faults=faults, orders=ReplicatedOrders(kernel.now))
        self.wire = Wire(self._services(), Backstage().handle, kernel.lock)

    def _services(self) -> dict[tuple[str, str], Service]:
        """Signing name and Region -> service. ARC answers in each of its five endpoints' Regions."""
        here = self.plan.controller
        services: dict[tuple[str, str], Service] = {("states", here): self.engine}
        services |= {("kms", here): self.vault, ("sns", here): self.outbox}
        for region in self.plan.regions:
            services["events", region] = self.events[region]
            services["monitoring", region] = self.alarms[region]
            services["sqs", region] = self.queues[region]
            services["dynamodb", region] = self.tables[region]
        return services | {(SERVICE, region): self.switch for region in ENDPOINTS}

    def _switch(self, rng: random.Random) -> RoutingControls:
        panel = panel_arn(1)
        every = [control for controls in self.plan.controls.values() for control in controls]
        arns = {name: control_arn(panel, number) for number, name in enumerate(every, start=1)}
        slices = list(zip(*self.plan.controls.values(), strict=True))
        rules = [
            SafetyRule(f"slice-{number}-on-somewhere", rule_arn(panel, number), tuple(controls))
            for number, controls in enumerate(slices, start=1)
        ]
        return RoutingControls(
            self.kernel, self.faults, panel=panel, controls=arns, rng=rng, on=every, rules=rules,
            panel_name=self.plan.application,
        )  # fmt: skip

    @property
    def controls(self) -> dict[str, str]:
        """Routing control -> ARN."""
        return {name: self.switch.arn(name) for controls in self.plan.controls.values() for name in controls}

    def dump(self) -> dict[str, Any]:
        """Everything but the tables, which their stores keep, as JSON has it."""
        with self.kernel.lock:
            parts: dict[str, Any] = {name: part.dump() for name, part in self._single().items()}
            for name, by_region in self._regional().items():
                parts[name] = {region: part.dump() for region, part in by_region.items()}
            return {**parts, "now": self.kernel.now()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a dump back, before `start`. Raises `KeyError` for a dump of another estate."""
        with self.kernel.lock:
            for name, part in self._single().items():
                part.restore(state[name])
            for name, by_region in self._regional().items():
                for region, part in by_region.items():
                    part.restore(state[name][region])
            self.health.poll()

    def _single(self) -> dict[str, Any]:
        parts = {"switch": self.switch, "vault": self.vault, "outbox": self.outbox, "engine": self.engine}
        return dict(parts)

    def _regional(self) -> dict[str, Mapping[str, Any]]:
        return {"queues": self.queues, "events": self.events, "alarms": self.alarms}

    def start(self) -> None:
        """Create what a deployment creates, and begin to tick."""
        with self.kernel.lock:
            self._create()
            emit_each_minute(self.kernel, self.shop, self.put_metric)
            queue = names.queue_arn(self.plan.controller, ACCOUNT, QUEUE)
            self.queues[self.plan.controller].map_queue(queue, "Observe", self.invoke)
            self.kernel.every(TICK_SECONDS, partial(self.invoke, "Tick", {}, lambda _outcome: None))

    def _create(self) -> None:
        here = self.plan.controller
        for name, keys in TABLES.items():
            made = self._ensure("dynamodb", "CreateTable", here, _table(name, keys))
            if made and name != "tidegate-journal":
                ttl = {"Enabled": True, "AttributeName": "expires"}
                wish = {"TableName": name, "TimeToLiveSpecification": ttl}
                self.call("dynamodb", "UpdateTimeToLive", here, wish)
        self.call("sqs", "CreateQueue", here, {"QueueName": DEAD_LETTERS})
        redrive = {"deadLetterTargetArn": names.queue_arn(here, ACCOUNT, DEAD_LETTERS), "maxReceiveCount": 5}
        attributes = {"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "120"}
        self.call("sqs", "CreateQueue", here, {"QueueName": QUEUE, "Attributes": attributes})
        definition = self.plan.workflow
        for function in self.plan.functions:
            definition = definition.replace(
                "${" + function + "}", names.function_arn(here, ACCOUNT, function)
            )
        machine = {
            "name": "tidegate",
            "definition": definition,
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/tidegate",
        }
        self._ensure("states", "CreateStateMachine", here, machine)
        for rule in self.plan.rules:
            pattern = {"Name": rule.name, "EventPattern": json.dumps(rule.pattern), "State": "ENABLED"}
            self.call("events", "PutRule", rule.region, pattern)
            targets = {"Rule": rule.name, "Targets": [dict(target) for target in rule.targets]}
            self.call("events", "PutTargets", rule.region, targets)
        for alarm in self.plan.alarms:
            operation = "PutCompositeAlarm" if "AlarmRule" in alarm.members else "PutMetricAlarm"
            self.call("monitoring", operation, alarm.region, dict(alarm.members))

    def _ensure(self, service: str, operation: str, region: str, params: dict[str, Any]) -> bool:
        """Create what may be there already, kept from before a restart; whether it was made."""
        try:
            self.call(service, operation, region, params)
        except AwsError as error:
            if error.code not in ("ResourceInUseException", "StateMachineAlreadyExists"):
                raise
            return False
        return True

    def call(self, service: str, operation: str, region: str, params: dict[str, Any]) -> dict[str, Any]:
        """Call a service as the deployment would, but from inside."""
        found = self.wire.services[service, region]
        with self.kernel.lock:
            return found.operations[operation](Call(service, operation, region, params, region))

    def put_metric(
        self, region: str, namespace: str, name: str, value: float, unit: str, timestamp: float,
        dimensions: Mapping[str, str],
    ) -> None:  # fmt: skip
        """A datapoint of the application or of a canary, as the region's PutMetricData takes it."""
        datum = {
            "MetricName": name,
            "Value": value,
            "Unit": unit,
            "Timestamp": timestamp,
            "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
        }
        self.call("monitoring", "PutMetricData", region, {"Namespace": namespace, "MetricData": [datum]})

    def publish(self, region: str, event: dict[str, Any]) -> None:
        with self.kernel.lock:
            self.events[region].publish(event)

    def invoke(self, function: str, payload: Any, done: Callable[[Outcome], None]) -> None:
        """Run a function beside the kernel; payload and answer go through JSON, as they do in AWS."""
        handler = self.functions.get(function.rpartition(":")[2].rpartition("-")[2])
        body = json.dumps(payload)

        def work() -> None:
            outcome = _run(handler, body)
            if outcome.error is not None:
                self.errors.append(f"{function}: {outcome.error}: {outcome.cause}")
                del self.errors[:-50]
            self.kernel.post(lambda: done(outcome))

        self.runtime.spawn(work)

    def _targets(self) -> dict[str, Callable[[Delivery], None]]:
        return {
            "bus": lambda d: self.events[d.arn.split(":")[3]].receive(d.event),
            "sqs": lambda d: self.queues[d.arn.split(":")[3]].put(d.arn, d.body, d.attributes),
            "states": self._start_execution,
        }

    def _start_execution(self, delivery: Delivery) -> None:
        params = {"stateMachineArn": delivery.arn, "input": delivery.body}
        self.call("states", "StartExecution", delivery.arn.split(":")[3], params)


def _run(handler: Function | None, body: str) -> Outcome:
    if handler is None:
        return Outcome(error="Lambda.ResourceNotFoundException", cause="no such function")
    try:
        return Outcome(payload=json.loads(json.dumps(handler(json.loads(body), None))))
    except Exception as error:  # noqa: BLE001 - a Lambda's failure is an answer to its caller
        cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
        return Outcome(error=type(error).__name__, cause=json.dumps(cause))


TABLES: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "tidegate-journal": (("application", "S"), ("seq", "N")),
    "tidegate-evidence": (("application", "S"), ("signal", "S")),
    "tidegate-assessments": (("application", "S"), ("at", "N")),
}


def _table(name: str, keys: tuple[tuple[str, str], tuple[str, str]]) -> dict[str, Any]:
    kinds = ("HASH", "RANGE")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": type_} for key, type_ in keys],
        "KeySchema": [
            {"AttributeName": key, "KeyType": kind} for (key, _), kind in zip(keys, kinds, strict=True)
        ],
    }
