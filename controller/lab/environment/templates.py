"""A rehearsal from what would be deployed, read from synthesised templates.

Rules, alarms, canaries and workflow come from the templates.
```
 build/synth/templates/tidegate-controller-us-east-2.json ─> rules, queue, workflow, functions, its own alarms
                       tidegate-probes-us-east-1.json     ─> canaries, alarms, composites, forwarding
                       tidegate-routing.json              ─> records and checks of objects, if they move
```
The account in them becomes the rehearsal's. What lives in a Region that the rehearsal has not is left out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from controller.lab.environment.object_switch import NotDeployable as NotDeployable
from controller.lab.environment.object_switch import declared_switch
from controller.rehearsal.blueprint import (
    LIVE,
    PREFIX,
    AlarmPlan,
    Blueprint,
    CanaryPlan,
    RulePlan,
    qualified,
)
from controller.rehearsal.cloud import DEAD_LETTERS, QUEUE, SHARED, TABLES
from controller.rehearsal.service import ACCOUNT

CONTROLLER, PROBES = "controller-", "probes-"
"""Behind the deployment's prefix, the beginnings of the stacks that are read, before the Region."""
DRIVEN = ("AWS/SQS", "AWS/States", "CloudWatchSynthetics")
"""Namespaces of metrics that the rehearsal has, beside the application's own."""
NOT_OURS = ("AlarmActions", "OKActions", "InsufficientDataActions", "Tags")
_ACCOUNT = re.compile(r"(?<=:)\d{12}(?=:)")


@dataclass(frozen=True, slots=True)
class Resource:
    """Holds one resource of one template: the Region of its stack, type, properties."""

    region: str
    type: str
    properties: Mapping[str, Any]


def prefix_of(folder: Path) -> str:
    """Return the prefix of the deployment whose templates a folder holds.

    Raises `NotDeployable` where there are several.
    """
    named = (f.stem.partition(f"-{CONTROLLER}") for f in folder.glob(f"*-{CONTROLLER}*.json"))
    found = sorted({prefix for prefix, between, _ in named if between})
    if len(found) > 1:
        raise NotDeployable(f"{folder} holds templates of {len(found)} deployments: {', '.join(found)}")
    return found[0] if found else PREFIX


def redrawn(plan: Blueprint, folder: Path) -> Blueprint:
    """Return `plan` with everything that the templates in `folder` declare.

    Raises `NotDeployable`.
    """
    found = tuple(_resources(folder, plan.prefix))
    for region in plan.controllers:
        _complete(plan, [r for r in found if r.region == region], region)
    workflow, functions = _workflow(plan, [r for r in found if r.region == plan.controller])
    namespaces = (*DRIVEN, plan.application.capitalize())
    return replace(
        plan,
        rules=tuple(_rules(found, plan)),
        alarms=tuple(_alarms(found, plan, namespaces)),
        canaries=tuple(_canaries(found, plan)),
        workflow=workflow,
        functions=functions,
        **declared_switch(folder, plan),
    )


def _resources(folder: Path, prefix: str) -> Iterator[Resource]:
    """Yield every resource of the templates in `folder`.

    Raises `NotDeployable` where there are no templates, or one cannot be read.
    """
    kinds = (f"{prefix}-{CONTROLLER}", f"{prefix}-{PROBES}")
    files = [f for f in sorted(folder.glob("*.json")) if f.stem.startswith(kinds)]
    if not files:
        raise NotDeployable(
            f"{folder} holds no template of a controller ({kinds[0]}REGION.json): `make synth` writes them"
        )
    for file in files:
        region = file.stem.removeprefix(kinds[0]).removeprefix(kinds[1])
        try:
            text = _ACCOUNT.sub(ACCOUNT, file.read_text(encoding="utf-8"))
            declared = json.loads(text)["Resources"]
            yield from (Resource(region, r["Type"], r.get("Properties", {})) for r in declared.values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotDeployable(f"{file} is no template: {type(error).__name__}") from error


def _of(found: Any, type_: str) -> list[Resource]:
    return [resource for resource in found if resource.type == type_]


def _complete(plan: Blueprint, here: list[Resource], region: str) -> None:
    """Raise `NotDeployable` where the templates of a Region lack something.

    What the rehearsal makes by itself must be declared too, under the names that the code uses.
    """
    queues = {q.properties.get("QueueName") for q in _of(here, "AWS::SQS::Queue")}
    tables = {t.properties.get("TableName") for t in _of(here, "AWS::DynamoDB::Table")}
    wanted = [q for q in map(plan.called, (QUEUE, DEAD_LETTERS)) if q not in queues]
    wanted += [plan.called(t) for t in TABLES if t not in SHARED and plan.called(t) not in tables]
    if not _of(here, "AWS::Lambda::EventSourceMapping"):
        wanted.append("the mapping of the queue to Observe")
    if not _of(here, "AWS::Scheduler::Schedule"):
        wanted.append("the schedule of the tick")
    if wanted:
        raise NotDeployable(f"the templates of {region} lack {', '.join(wanted)}")


def _workflow(plan: Blueprint, here: list[Resource]) -> tuple[str, tuple[str, ...]]:
    """Return the workflow's definition, and the functions that its placeholders lead to.

    Each of these functions must be declared. Raises `NotDeployable`.
    """
    region, machines = plan.controller, _of(here, "AWS::StepFunctions::StateMachine")
    if len(machines) != 1:
        raise NotDeployable(f"the templates of {region} declare {len(machines)} state machines, not one")
    properties = machines[0].properties
    declared = {f.properties.get("FunctionName") for f in _of(here, "AWS::Lambda::Function")}
    leads = {n: qualified(str(arn)) for n, arn in properties.get("DefinitionSubstitutions", {}).items()}
    aliases = [a.properties for a in _of(here, "AWS::Lambda::Alias")]
    live = [a.get("FunctionName") for a in aliases if a.get("Name") == LIVE]
    lost = sorted(name for name, (function, _) in leads.items() if function not in declared)
    wrong = sorted(name for name, (function, _) in leads.items() if function != plan.called(name))
    stray = sorted(name for name, (_, alias) in leads.items() if alias != LIVE or {"Ref": name} not in live)
    if amiss := lost or wrong or stray:
        raise NotDeployable(f"the workflow of {region} calls what is not there: {', '.join(amiss)}")
    return str(properties["DefinitionString"]), (*leads, "Tick")


def _rules(found: tuple[Resource, ...], plan: Blueprint) -> Iterator[RulePlan]:
    for rule in _of(found, "AWS::Events::Rule"):
        targets = tuple(_target(t) for t in rule.properties["Targets"] if _region(t["Arn"]) in plan.regions)
        declared = rule.properties
        ours = [t for t in targets if "event-bus" not in t["Arn"] or _region(t["Arn"]) in plan.controllers]
        fed = rule.region in plan.controllers or all("event-bus" in t["Arn"] for t in ours)
        if rule.region in plan.regions and ours and fed:
            yield RulePlan(rule.region, declared["Name"], declared["EventPattern"], tuple(ours))


def _target(target: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in target.items() if key != "RoleArn"}


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _alarms(found: tuple[Resource, ...], plan: Blueprint, namespaces: tuple[str, ...]) -> Iterator[AlarmPlan]:
    """Yield metric alarms first, because a composite names alarms that are there."""
    for type_ in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for alarm in _of(found, type_):
            members = {k: v for k, v in alarm.properties.items() if k not in NOT_OURS}
            driven = members.get("Namespace") in namespaces or "AlarmRule" in members
            if alarm.region in plan.regions and driven:
                yield AlarmPlan(alarm.region, members)


def _canaries(found: tuple[Resource, ...], plan: Blueprint) -> Iterator[CanaryPlan]:
    """Yield every canary, at its rate.

    Each address becomes the rehearsal's of the same Region, or the public name.
    """
    for canary in _of(found, "AWS::Synthetics::Canary"):
        properties = canary.properties
        declared = properties.get("RunConfig", {}).get("EnvironmentVariables", {})
        urls = {
            key: _address(value, plan) if key.endswith("_URL") else value for key, value in declared.items()
        }
        subject = (urlsplit(urls.get("BASE_URL", "")).hostname or "").split(".")[0]
        script, every = properties["Code"]["Handler"].partition(".")[0], _seconds(properties["Schedule"])
        if canary.region in plan.regions:
            yield CanaryPlan(properties["Name"], canary.region, subject, script, urls, every)


def _address(url: str, plan: Blueprint) -> str:
    """Return the rehearsal's address of an endpoint; its name begins with its Region."""
    first, public = (urlsplit(url).hostname or "").split(".")[0], plan.name.rstrip(".")
    return f"http://{first}.{public}" if first in plan.controls else f"http://{public}"


def _seconds(schedule: Mapping[str, Any]) -> float:
    """Return the seconds of `rate(5 minutes)`. Raises `NotDeployable`."""
    found = re.fullmatch(r"rate\((\d+) minutes?\)", str(schedule.get("Expression")))
    if found is None:
        raise NotDeployable(f"a canary runs at {schedule.get('Expression')!r}: expected a rate in minutes")
    return 60.0 * int(found[1])
