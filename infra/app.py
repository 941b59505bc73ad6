"""The app: every stack of one deployment, in the order in which they are deployed.

```
 foundation         keys-HOME ─> keys-* ─> audit-copy ─> state
 access             evidence-access, arc-access: where either lives in another account
 controller-REGION  the last rank first
 application-REGION (or endpoint-REGION) ─> routing
 probes-REGION      once the controllers' buses are there: observers first
 routing            here instead, while no arc.json names its cluster: a shadow needs none
```
"""

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from infra.access import Away
from infra.application import Application, holds_its_record
from infra.controller import Controller
from infra.dependencies import keep_once_made, order_by_names
from infra.grants import HANDS
from infra.keys import Keys
from infra.nag import acknowledge, check
from infra.pipeline import Pipeline
from infra.placing import Placing
from infra.probes import Probes
from infra.project import Project
from infra.routing import EndpointName, Routes
from infra.stack import Regional
from infra.state import AuditCopy, State
from infra.trust import hands

ROOT = Path(__file__).parents[1]


def build(
    project: Project,
    *,
    placing: Placing,
    outdir: Path,
    only: Collection[str] | None = None,
    checked: bool = False,
) -> cdk.App:
    """An app with every stack; `only` keeps those of these names. checked: with cdk-nag's findings.

    CDK's own template validation is off: it costs seven seconds, and the tests run cfn-lint.
    """
    app = cdk.App(
        outdir=str(outdir),
        context=context(),
        builtin_cloud_formation_validation=False,
        analytics_reporting=False,
        tree_metadata=False,
    )
    stages: dict[str, cdk.Stage] = {}

    def scope(name: str) -> Construct:
        if name not in stages:
            stages[name] = cdk.Stage(app, name, stage_name=name)
        return stages[name]

    made = list(stacks(scope, project, placing=placing, only=only))
    _in_order(made)
    for stack in made:
        order_by_names(stack)
        acknowledge(stack)
    configured = project.config.pipeline
    if configured is not None and placing.how == "cdk" and only is None:
        acknowledge(Pipeline(app, project=project, configured=configured, stages=stages))
        # With what CDK Pipelines adds. It wrote the stages down when it was told of them.
        for each in (c for c in app.node.children if isinstance(c, cdk.Stack)):
            order_by_names(each)
            keep_once_made(each)
    if checked:
        check(app)
    return app


def context() -> dict[str, object]:
    """`cdk.json`'s: an app that is run without the CDK's command line does not read it."""
    found: dict[str, object] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return found


def stacks(
    scope: Callable[[str], Construct],
    project: Project,
    *,
    placing: Placing,
    only: Collection[str] | None = None,
) -> Iterator[Regional]:
    def wanted(name: str) -> bool:
        return only is None or name in only

    called, home = project.names.stack, project.config.home
    controllers = project.policy.controllers
    for region in (home, *(r for r in controllers if r != home)):
        if wanted(called("keys", region)):
            yield Keys(scope("foundation"), project=project, region=region, placing=placing)
    if wanted(called("audit-copy")):
        yield AuditCopy(scope("foundation"), project=project, placing=placing)
    if wanted(called("state")):
        yield State(scope("foundation"), project=project, placing=placing)
    for place in HANDS:
        if hands(project, place) and wanted(called(f"{place}-access")):
            yield Away(scope("access"), place, project=project, placing=placing)
    for region in reversed(controllers):
        if wanted(called("controller", region)):
            yield Controller(scope(f"controller-{region}"), project=project, region=region, placing=placing)
    yield from _applications(scope, project, placing, wanted)
    routing = project.config.routing
    switched = routing is not None and wanted(called("routing"))
    if routing is not None and switched and not project.switch_later:
        yield Routes(scope("routing"), project=project, routing=routing, placing=placing)
    for region in reversed(project.probed):
        if wanted(called("probes", region)):
            yield Probes(scope(f"probes-{region}"), project=project, region=region, placing=placing)
    if routing is not None and switched and project.switch_later:
        yield Routes(scope("routing"), project=project, routing=routing, placing=placing)


def _applications(
    scope: Callable[[str], Construct], project: Project, placing: Placing, wanted: Callable[[str], bool]
) -> Iterator[Regional]:
    """The sample in each guarded Region, or the name of one's own endpoint there."""
    sample, routing, called = project.config.sample, project.config.routing, project.names.stack
    regions = tuple(reversed(tuple(project.policy.regions)))
    if sample is not None:
        for region in regions:
            if wanted(called("application", region)):
                there = scope(f"application-{region}")
                yield Application(there, project=project, sample=sample, region=region, placing=placing)
    if routing is not None and not holds_its_record(project):
        for region in regions:
            if wanted(called("endpoint", region)):
                there = scope(f"application-{region}")
                yield EndpointName(there, project=project, routing=routing, region=region, placing=placing)


def _in_order(made: list[Regional]) -> None:
    """What must be there first within a stage: names are fixed, so CloudFormation cannot see it."""
    for stack in made:
        for other in made:
            if stack.node.scope is other.node.scope and _rank(other) < _rank(stack):
                stack.add_stack_dependency(other)


def _rank(stack: Regional) -> int:
    replica = isinstance(stack, Keys) and stack.here != stack.project.config.home
    return 1 if replica else 2 if isinstance(stack, AuditCopy) else 3 if isinstance(stack, State) else 0
