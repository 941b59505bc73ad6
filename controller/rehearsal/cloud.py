"""The rehearsal cloud: every service of every Region on one kernel, behind one wire.

```
 boto3, aws CLI ─> Wire ─> services by (signing name, Region) ─┬─ ours
                                                              ├─ moto, for the few that may pass
                                                              └─ 501

 alarms, canaries ─> Events of their Region ─> Events of each controller's ─> queue ─> Observe
                                                                       └────> state machine (composites)
```
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from controller.ports.runtime import Runtime
from controller.rehearsal import blueprint as names
from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.controller_region import ControllerRegion, Function, Local
from controller.rehearsal.dns.records import record_tree
from controller.rehearsal.dns.resolver import HealthChecks, NameService
from controller.rehearsal.faults import Faults
from controller.rehearsal.guest_account import guest_of
from controller.rehearsal.moto_fallback import MotoFallback, passes
from controller.rehearsal.resources import QUEUE, Resources
from controller.rehearsal.self_metrics import SQS, STATES, probe_each_hour
from controller.rehearsal.service import ACCOUNT, AwsError, Call, Request, Response, Service
from controller.rehearsal.services.arc.config import CONFIG, PanelConfig
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE, RoutingControls
from controller.rehearsal.services.arc.safety_rules import SafetyRule, control_arn, panel_arn, rule_arn
from controller.rehearsal.services.awslambda import Functions
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.services.dynamodb.admin import GlobalTable
from controller.rehearsal.services.dynamodb.api import SHARED as SHARED
from controller.rehearsal.services.dynamodb.api import TABLES as TABLES
from controller.rehearsal.services.dynamodb.api import Tables
from controller.rehearsal.services.dynamodb.memory_store import MemoryStore
from controller.rehearsal.services.dynamodb.store import Store
from controller.rehearsal.services.eventbridge.bus import Events
from controller.rehearsal.services.eventbridge.delivery import Delivery
from controller.rehearsal.services.kms import Keys
from controller.rehearsal.services.readiness import Providers, SwitchPlan, provided
from controller.rehearsal.services.route53 import (
    described_zone,
    listed_checks,
    listed_records,
    reported_checks,
)
from controller.rehearsal.services.s3 import Objects, locked
from controller.rehearsal.services.secretsmanager import Secrets
from controller.rehearsal.services.sns import Outbox
from controller.rehearsal.services.sqs.api import Queues
from controller.rehearsal.services.sts import SecurityTokens
from controller.rehearsal.shop.shop import Shop, emit_each_minute, publish_each_minute, replicated
from controller.rehearsal.time.kernel import Kernel
from controller.rehearsal.wire.dispatch import Wire

JOURNAL = f"{names.PREFIX}-journal"
"""The journal's table where nobody chose another prefix."""
TICK_SECONDS = 60.0
STAGGER = 20.0
"""Seconds between the ticks of one controller and the next.

With three controllers there is a tick three times a minute.
"""


class Cloud:
    """The rehearsal cloud with all its services.

    store: Region -> the store of its tables (in memory by default). local: see `controller_region.Local`.
    beside: other deployments in the same account, controlled from the same Regions. They have their own
    controls in the one panel, and no customers.
    The order of parts matters: some draw from `rng`, so another order makes another run.
    """

    def __init__(
        self,
        plan: Blueprint,
        kernel: Kernel,
        runtime: Runtime,
        faults: Faults,
        rng: random.Random,
        store: Callable[[str], Store] | None = None,
        local: Local | None = None,
        beside: Sequence[Blueprint] = (),
    ) -> None:
        self.plan, self.kernel, self.runtime, self.faults = plan, kernel, runtime, faults
        self.errors: list[str] = []
        self.beside = tuple(beside)
        self.regions = tuple(dict.fromkeys(r for each in self.plans for r in each.regions))
        self.controller_regions = {
            region: self._controller_region(region, rng, local) for region in plan.controllers
        }
        open_store = store or (lambda _region: MemoryStore())
        everywhere = open_store("global")
        shared = {
            each.called(what): GlobalTable(everywhere, plan.controllers)
            for each in self.plans
            for what in SHARED
        }
        self.journal = shared[plan.called("journal")]
        here = self.controller_regions
        self.queues = {r: here[r].queues if r in here else Queues(kernel, r) for r in self.regions}
        self.events = {r: Events(kernel, r, self._targets(), faults) for r in self.regions}
        self.alarms = {r: Alarms(kernel, r, self.events[r].publish, faults) for r in self.regions}
        self.tables = {
            r: Tables(kernel, r, open_store(r), shared=shared if r in here else {}) for r in self.regions
        }
        self.guest, self.tokens = guest_of(kernel, plan, self._targets(), faults)
        self.outbox = Outbox(kernel, plan.controllers, [each.prefix for each in self.plans])
        self.arc = self._switch(random.Random(rng.getrandbits(64)))  # noqa: S311
        self.panel = PanelConfig(self.arc)
        self.objects = Objects(kernel, faults, plan.standby or {})
        self.switch: RoutingControls | Objects = self.arc if plan.standby is None else self.objects
        drawn = record_tree(plan.name, plan.controls)
        self.tree = replace(drawn, slices=plan.slices) if plan.slices else drawn
        # The name may be moved to another switch while it runs.
        self.health = HealthChecks(kernel, self.tree, lambda control: self.switch.is_on(control))
        draw = random.Random(rng.getrandbits(64)).random  # noqa: S311
        self.names = NameService(tree=self.tree, is_healthy=self.health.is_healthy, draw=draw)
        self.shop = Shop(regions=plan.controls, faults=faults, orders=replicated(kernel, faults))
        elsewhere = self._route53(locked(plan.controller, MotoFallback().handle))
        self.secrets = Secrets()
        self.built = Functions(self.plans, Providers(kernel, faults))
        self.wire = self._wired(self.objects.before(elsewhere))

    def _route53(self, elsewhere: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Return a handler of Route 53's reads. elsewhere: answers all other requests."""
        arn, watched = self.arc.arn, self.plan.standby or {}
        zone = described_zone(self.tree.name, listed_records(self.tree, arn, elsewhere))
        reported = reported_checks(self.objects.status, {control: arn(control) for control in watched}, zone)
        return listed_checks(self.tree, arn, reported, watched)

    def _controller_region(self, region: str, rng: random.Random, local: Local | None) -> ControllerRegion:
        changed = partial(self._execution_changed, region)
        return ControllerRegion(self.kernel, region, self.faults, rng, runtime=self.runtime, local=local,
                       errors=self.errors, changed=changed, put_metric=self.put_metric)  # fmt: skip

    def _wired(self, fallback: Callable[[Request], Response]) -> Wire:
        """Return the wire; what looks at the application is where the application is."""
        wire = Wire(self._services(), fallback, self.kernel.lock, passes, tokens=self.tokens)
        if self.guest is not None:
            wire.foreign[self.guest.account] = self.guest.services(wire.services)
        return wire

    def _services(self) -> dict[tuple[str, str], Service]:
        """Return the services by signing name and Region.

        ARC answers in the Region of each of its five endpoints.
        """
        services: dict[tuple[str, str], Service] = {}
        for region, controller in self.controller_regions.items():
            services["states", region] = controller.engine
            services["kms", region] = Keys(
                region, controller.vault, self.controller_regions[self.plan.controller].vault
            )
            services["sns", region] = self.outbox
            services["sts", region] = SecurityTokens(self.tokens)
        for region in self.regions:
            services["events", region] = self.events[region]
            services["monitoring", region] = self.alarms[region]
            services["sqs", region] = self.queues[region]
            services["dynamodb", region] = self.tables[region]
        plan = SwitchPlan(self.plan.application, tuple(self.plan.controls))
        services |= provided(self.kernel, self.faults, self.plan.controls, plan=plan, watched=self.regions)
        services |= {("lambda", region): self.built for region in self.controller_regions}
        services |= {("secretsmanager", region): self.secrets for region in self.controller_regions}
        services[CONFIG, "us-west-2"] = self.panel
        return services | {(SERVICE, region): self.arc for region in ENDPOINTS}

    @property
    def plans(self) -> tuple[Blueprint, ...]:
        """Return the plan of every deployment in the account, the first one's first."""
        return (self.plan, *self.beside)

    def _switch(self, rng: random.Random) -> RoutingControls:
        panel = panel_arn(1)
        grouped = [controls for plan in self.plans for controls in plan.controls.values()]
        every = [control for controls in grouped for control in controls]
        arns = {name: control_arn(panel, number) for number, name in enumerate(every, start=1)}
        slices = [each for plan in self.plans for each in zip(*plan.controls.values(), strict=True)]
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
        """Return the ARN of each routing control, by the control's name."""
        return self.controls_of(self.plan)

    def controls_of(self, plan: Blueprint) -> dict[str, str]:
        return {name: self.arc.arn(name) for controls in plan.controls.values() for name in controls}

    def dump(self) -> dict[str, Any]:
        """Return all state but the tables, in a form for JSON.

        The stores keep the tables.
        """
        with self.kernel.lock:
            parts: dict[str, Any] = {name: part.dump() for name, part in self._single().items()}
            for name, by_region in self._regional().items():
                parts[name] = {region: part.dump() for region, part in by_region.items()}
            return {**parts, "now": self.kernel.now()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a dump back, before `start`.

        Raises `KeyError` for a dump of a cloud with other Regions or parts.
        """
        with self.kernel.lock:
            for name, part in self._single().items():
                part.restore(state[name])
            for name, by_region in self._regional().items():
                for region, part in by_region.items():
                    part.restore(state[name][region])
            self.health.poll()

    def _single(self) -> dict[str, Any]:
        return {"switch": self.switch, "outbox": self.outbox}

    def _regional(self) -> dict[str, Mapping[str, Any]]:
        engines = {region: controller.engine for region, controller in self.controller_regions.items()}
        vaults = {region: controller.vault for region, controller in self.controller_regions.items()}
        own: dict[str, Mapping[str, Any]] = {"engines": engines, "vaults": vaults}
        away = {} if self.guest is None else self.guest.kept()
        return {"queues": self.queues, "events": self.events, "alarms": self.alarms, **own, **away}

    @property
    def functions(self) -> dict[str, Function]:
        """Return the functions of the first controller."""
        return self.controller_regions[self.plan.controller].functions

    def live(self) -> str:
        """Return the Region of the first controller that an operator can reach.

        Where there is none, return the Region of the first controller.
        """
        faults = self.faults
        awake = (r for r in self.plan.controllers if not faults.stopped(r) and r not in faults.cut_off)
        return next(awake, self.plan.controller)

    def start(self) -> None:
        """Create the resources of the deployments, and start the ticks."""
        with self.kernel.lock:
            for plan in self.plans:
                Resources(plan, self.call).create()
                emit_each_minute(self.kernel, self.shop, self.put_metric, plan.application.capitalize())
            publish_each_minute(self.kernel, self.faults, self.plan, self.put_metric)
            for plan in self.plans:
                probe_each_hour(self.kernel, plan.application, tuple(plan.controls), self.publish)
            for rank, controller in enumerate(self.controller_regions.values()):
                controller.gate.every(60.0, controller.meter.emit)
                for plan in self.plans:
                    self._begin(plan, controller, TICK_SECONDS + rank * STAGGER)

    def _begin(self, plan: Blueprint, controller: ControllerRegion, first: float) -> None:
        """Let a controller hear its queue, and tick."""
        queue = names.queue_arn(controller.region, ACCOUNT, plan.called(QUEUE))
        controller.queues.map_queue(queue, plan.called("Observe"), controller.invoke)
        tick = partial(controller.invoke, plan.called("Tick"), {}, lambda _outcome: None)
        controller.gate.every(TICK_SECONDS, tick, first_after=first)

    def make_journal(self) -> None:
        """Make the journal's table anew, as its stack does after it was deleted."""
        for region in self.plan.controllers:
            Resources(self.plan, self.call).journal(region)

    def call(
        self, service: str, operation: str, region: str, params: dict[str, Any], *, guest: bool = False
    ) -> dict[str, Any]:
        """Call a service as a deployment does, without the wire; guest: in the application's account."""
        services = self.wire.services
        if guest and self.guest is not None:
            services = self.wire.foreign[self.guest.account]
        found = services[service, region]
        with self.kernel.lock:
            return found.operations[operation](Call(service, operation, region, params, region))

    def put_metric(
        self, region: str, namespace: str, name: str, value: float, unit: str, timestamp: float,
        dimensions: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Put a datapoint into a Region, by PutMetricData; those about our own parts stay at home."""
        datum = {
            "MetricName": name,
            "Value": value,
            "Unit": unit,
            "Timestamp": timestamp,
            "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
        }
        data = {"Namespace": namespace, "MetricData": [datum]}
        self.call("monitoring", "PutMetricData", region, data, guest=namespace not in (SQS, STATES))

    def publish(self, region: str, event: dict[str, Any]) -> None:
        """Publish an event of the application, its alarms or its canaries, on the bus of their account."""
        with self.kernel.lock:
            if self.guest is None:
                self.events[region].publish(event)
            else:
                self.guest.events[region].publish(event | {"account": self.guest.account})

    def _execution_changed(self, region: str, detail: dict[str, Any]) -> None:
        kind = "Step Functions Execution Status Change"
        event = {"source": "aws.states", "detail-type": kind, "detail": detail}
        with self.kernel.lock:
            self.events[region].publish(event | {"resources": [detail["executionArn"]]})

    def _targets(self) -> dict[str, Callable[[Delivery], None]]:
        return {
            "bus": self._forward,
            "sqs": lambda d: self.queues[d.arn.split(":")[3]].put(d.arn, d.body, d.attributes),
            "states": self._start_execution,
        }

    def _forward(self, delivery: Delivery) -> None:
        region = delivery.arn.split(":")[3]
        if region in self.faults.cut_off:
            raise AwsError("ServiceUnavailable", "The bus cannot be reached.", status=503)
        if self.guest is not None:
            self.guest.check_admission(region, delivery.event)
        self.events[region].receive(delivery.event)

    def _start_execution(self, delivery: Delivery) -> None:
        params = {"stateMachineArn": delivery.arn, "input": delivery.body}
        self.call("states", "StartExecution", delivery.arn.split(":")[3], params)
