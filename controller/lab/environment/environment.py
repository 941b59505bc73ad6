"""A whole rehearsal, set up and ready to break.

It holds the cloud, the shop, its customers, the canaries and the controllers.
```
 virtual   one thread, jumps through time         tests, drills, simulation
 wall      loopback servers, real HTTP and DNS    demo, up
```
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled
from controller.lab.environment.estate import Intake, estate
from controller.lab.policy_files.shipped import shipped
from controller.ports.errors import ControllerError
from controller.ports.runtime import Runtime
from controller.rehearsal.blueprint import PREFIX, Blueprint, Guest, machine_arn, topic_arn
from controller.rehearsal.cloud import Cloud
from controller.rehearsal.controller_region import Function, Local
from controller.rehearsal.faults import Faults
from controller.rehearsal.resources import DEAD_LETTERS
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.rehearsal.services.dynamodb.store import Store
from controller.rehearsal.services.readiness import plan_arn
from controller.rehearsal.services.route53 import ZONE
from controller.rehearsal.services.s3 import audit_bucket
from controller.rehearsal.services.synthetics.api import SyntheticsApi
from controller.rehearsal.services.synthetics.runner import Canary, Synthetics, load_check
from controller.rehearsal.shop.customers import Clients
from controller.rehearsal.shop.monitors import Monitors
from controller.rehearsal.shop.network import Network
from controller.rehearsal.time.kernel import Kernel
from controller.settings import Access, Arc, Bucket, Clock, Deployment, Records, Standby
from controller.steps.context.deps import Deps
from controller.steps.context.situation import every_query
from controller.steps.operator.commands import Done

JOURNEY = "canaries/api_journey.py"


@dataclass(frozen=True)
class Parts:
    """Holds what the command line hands in.

    So this package needs neither boto3 nor the handlers. workflow: the state machine file's text. functions:
    names that it invokes, and the tick. intake: the rules that feed the queue. redraw: changes the drafted
    estate, such as `templates.redrawn`. beside: other deployments in the same account. standby: the objects
    by which its controllers move traffic.
    """

    workflow: str
    functions: tuple[str, ...]
    intake: Intake
    redraw: Callable[[Blueprint], Blueprint] = lambda plan: plan
    prefix: str = PREFIX
    beside: Sequence[tuple[Policy, "Parts"]] = ()
    standby: Standby | None = None


@dataclass
class Stage:
    """Holds everything that runs.

    `advance(seconds)` lets scenario time pass, in virtual or in wall time. answers: (seconds since 1970,
    what an operator's command answered), in order.
    """

    policy: Policy
    kernel: Kernel
    runtime: Runtime
    faults: Faults
    cloud: Cloud
    network: Network
    customers: Clients
    synthetics: Synthetics
    deployments: Mapping[str, Deployment]
    advance: Callable[[float], None]
    go: Callable[[], None]
    close: Callable[[], None]
    dns_port: int | None
    operator: Deps | None = None
    answers: list[tuple[float, str]] = field(default_factory=list)

    def later(self, work: Callable[[Deps], Done | None]) -> None:
        """Let a person do `work` beside the kernel, and keep what the command answered.

        Nothing happens unless the stage has an operator's `Deps`.
        """
        operator = self.operator
        if operator is not None:
            self.runtime.spawn(lambda: self._answered(operator, work))

    def _answered(self, operator: Deps, work: Callable[[Deps], Done | None]) -> None:
        try:
            done = work(operator)
        except ControllerError as error:
            done = Done(False, str(error))
        if done is not None:
            word = "told" if done.done else "refused"
            self.answers.append((self.kernel.now(), f"the operator is {word}: {done.sentence}"))

    @property
    def deployment(self) -> Deployment:
        """Return the first controller's deployment."""
        return self.deployments[self.cloud.plan.controller]

    def begin(
        self,
        functions: Mapping[str, Mapping[str, Function]],
        beside: Mapping[str, Mapping[str, Mapping[str, Function]]] | None = None,
    ) -> None:
        """Deploy the controllers' functions (by Region) and start customers, canaries and ticks.

        beside: prefix -> the same of another deployment.
        """
        for prefix, theirs in (beside or {}).items():
            for region, handlers in theirs.items():
                self.cloud.controller_regions[region].beside[prefix] = dict(handlers)
        for region, handlers in functions.items():
            self.cloud.controller_regions[region].functions.update(handlers)
        self.cloud.start()
        plans = [canary for each in self.cloud.plans for canary in each.canaries]
        checks = {
            script: load_check(shipped(f"canaries/{script}.py")) for script in {p.script for p in plans}
        }
        with self.kernel.lock:
            for plan in plans:
                own = {"BASE_URL": f"http://{plan.subject}.{self.cloud.plan.name.rstrip('.')}"}
                check, environment = checks[plan.script], plan.environment or own
                self.synthetics.add(Canary(plan.name, plan.runs_in, check, environment, plan.every))
            monitors = Monitors(
                kernel=self.kernel,
                runtime=self.runtime,
                publish=self.cloud.publish,
                faults=self.faults,
                network=self.network,
            )
            for monitor in self.cloud.plan.monitors:
                monitors.add(monitor)
        self.customers.start()
        self.go()


def cloud_for(
    policy: Policy,
    parts: Parts,
    kernel: Kernel,
    runtime: Runtime,
    rng: random.Random,
    *,
    store: Callable[[str], Store] | None = None,
    kept: Mapping[str, Any] | None = None,
    standby: Standby | None = None,
    local: Local | None = None,
) -> Cloud:
    """Return the cloud of a policy.

    `store` and `kept` bring back a cloud that was stopped. `standby`: without ARC. local: see
    `controller_region.Local`.
    """
    plan = parts.redraw(_drafted(policy, parts))
    others = [
        also.redraw(replace(_drafted(other, also), served_as=policy.application))
        for other, also in parts.beside
    ]
    if standby is not None:
        plan = replace(plan, standby=_objects(policy, standby))
    cloud = Cloud(plan, kernel, runtime, Faults(), rng, store, local, others)
    if kept is not None:
        cloud.restore(kept)
    return cloud


def _drafted(policy: Policy, parts: Parts) -> Blueprint:
    return estate(policy, parts.workflow, parts.functions, parts.intake, parts.prefix)


def _objects(policy: Policy, standby: Standby) -> dict[str, tuple[str, str, str]]:
    homes = {name: region for region, entry in policy.regions.items() for name in entry.controls}
    buckets = standby.bucket_by_region
    return {c: (*_place(buckets[homes[c]]), key) for c, key in standby.objects.items()}


def _place(bucket: Bucket) -> tuple[str, str]:
    return bucket.region, bucket.name


def assemble(
    policy: Policy,
    cloud: Cloud,
    network: Network,
    rng: random.Random,
    *,
    deployments: Mapping[str, Deployment],
    advance: Callable[[float], None],
    go: Callable[[], None] = lambda: None,
    close: Callable[[], None] = lambda: None,
    dns_port: int | None = None,
) -> Stage:
    """Put together the parts that are the same in virtual and in wall time."""
    customers = Clients(
        runtime=cloud.runtime,
        network=network,
        name=cloud.plan.name,
        locations=tuple(cloud.plan.controls),
        random=random.Random(rng.getrandbits(64)),  # noqa: S311 - traffic, not secrets
    )
    synthetics = Synthetics(
        kernel=cloud.kernel,
        runtime=cloud.runtime,
        publish=cloud.publish,
        put_metric=cloud.put_metric,
        faults=cloud.faults,
        network=network,
    )
    canaries = SyntheticsApi(synthetics)
    services = cloud.wire.services if cloud.guest is None else cloud.wire.foreign[cloud.guest.account]
    services |= {("synthetics", region): canaries for region in cloud.plan.regions}
    return Stage(
        policy, cloud.kernel, cloud.runtime, cloud.faults, cloud, network, customers, synthetics,
        deployments, advance, go, close, dns_port,
    )  # fmt: skip


def _access(guest: Guest | None, here: str) -> Access | None:
    if guest is None:
        return None
    return Access(role=guest.role_by_region[here], external_id=guest.external_id)


def deployed(
    policy: Policy,
    cloud: Cloud,
    *,
    endpoint_url: str | None = None,
    arc_urls: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    standby: Standby | None = None,
    beside: Blueprint | None = None,
) -> dict[str, Deployment]:
    """Return controller Region -> its controller's deployment in this cloud.

    beside: the one of `policy`, where it is not the cloud's first.
    """
    plan = beside or cloud.plan
    urls = arc_urls or {region: f"https://{region}.arc.rehearsal.invalid" for region in ENDPOINTS}
    cloud.panel.endpoints.update(urls)
    controls = cloud.controls_of(plan)
    arc = None if standby else Arc(endpoints=dict(urls), panel=cloud.arc.panel, controls=controls)
    plans = {name: plan_arn(name, ACCOUNT) for kind, name, *_ in every_query(policy) if kind == "plan"}
    return {
        here: Deployment(
            account=ACCOUNT,
            region=here,
            prefix=plan.prefix,
            deployed=cloud.kernel.now(),
            policy=compiled(policy),
            journal_table=plan.called("journal"),
            evidence_table=plan.called("evidence"),
            assessments_table=plan.called("assessments"),
            people_table=plan.called("people"),
            topic=topic_arn(here, ACCOUNT, plan.prefix),
            state_machine=machine_arn(here, ACCOUNT, plan.prefix),
            key=controller.vault.arn,
            dead_letters=plan.called(DEAD_LETTERS),
            forwarding=() if plan.guest else plan.forwarding,
            audit_bucket=Bucket(name=audit_bucket(cloud.plan.controller), region=cloud.plan.controller),
            arc=arc,
            standby=standby,
            endpoint_url=endpoint_url,
            clock=clock,
            plans=plans,
            records=Records(name=cloud.plan.name, zone=ZONE),
            evidence=_access(cloud.plan.guest, here),
        )
        for here, controller in cloud.controller_regions.items()
    }
