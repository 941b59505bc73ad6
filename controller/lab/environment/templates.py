"""A rehearsal from what would be deployed, read from synthesised templates.

Rules, alarms, canaries and workflow come from the templates.
```
 build/synth/templates/tidegate-controller-us-east-2.json ─> rules, queue, workflow, functions, its own alarms
                       tidegate-probes-us-east-1.json     ─> canaries, alarms, composites, forwarding
                       tidegate-routing.json              ─> records and checks of objects, if they move
                       tidegate-evidence-access.json      ─> the roles in the application's own account
```
The controllers' account in them becomes the rehearsal's. Where the application has its own, that stays what
it is: the functions say which, and only the roles, rules and policies of buses that are declared are there.
What lives in a Region that the rehearsal has not is left out.
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
from controller.lab.environment.object_switch import packaged_policy as packaged_policy
from controller.rehearsal.blueprint import (
    LIVE,
    PREFIX,
    AlarmPlan,
    Blueprint,
    CanaryPlan,
    Guest,
    RulePlan,
    qualified,
)
from controller.rehearsal.resources import DEAD_LETTERS, QUEUE
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.dynamodb.api import SHARED, TABLES
from controller.rehearsal.services.sts import RolePlan

CONTROLLER, PROBES = "controller-", "probes-"
"""Behind the deployment's prefix, the beginnings of the stacks that are read, before the Region."""
ACCESS = "evidence-access"
"""Behind it, the stack of the roles in the application's own account."""
DRIVEN = ("AWS/SQS", "AWS/States", "CloudWatchSynthetics")
"""Namespaces of metrics that the rehearsal has, beside the application's own."""
NOT_OURS = ("AlarmActions", "OKActions", "InsufficientDataActions", "Tags")
_NUMBER = re.compile(r"(?<!\d)\d{12}(?!\d)")
_MOVED = "999999999999"
"""What an application's account becomes that has the rehearsal's own number."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Holds one resource of one template: the Region of its stack, type, properties.

    guest: it is deployed in the application's own account.
    """

    region: str
    type: str
    properties: Mapping[str, Any]
    guest: bool = False


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
    guest = _guest(found, plan)
    for region in plan.controllers:
        _complete(plan, [r for r in found if r.region == region], region)
    workflow, functions = _workflow(plan, [r for r in found if r.region == plan.controller])
    namespaces = (*DRIVEN, plan.application.capitalize())
    return replace(
        plan,
        rules=tuple(_rules(found, plan)),
        alarms=(*_elsewhere(found, plan), *_alarms(found, plan, namespaces)),
        canaries=tuple(_canaries(found, plan)),
        workflow=workflow,
        functions=functions,
        **declared_switch(folder, plan),
        guest=guest,
    )


def _resources(folder: Path, prefix: str) -> Iterator[Resource]:
    """Yield every resource of the templates in `folder`.

    Raises `NotDeployable` where there are no templates, or one cannot be read.
    """
    kinds = (f"{prefix}-{CONTROLLER}", f"{prefix}-{PROBES}", f"{prefix}-{ACCESS}")
    files = [f for f in sorted(folder.glob("*.json")) if f.stem.startswith(kinds)]
    if not files:
        raise NotDeployable(
            f"{folder} holds no template of a controller ({kinds[0]}REGION.json): `make synth` writes them"
        )
    told = {file: _read(file) for file in files}
    controllers = _owners(told, "TIDEGATE_ACCOUNT", "")
    application = _owners(told, "TIDEGATE_EVIDENCE_ROLE", r"arn:aws[a-z-]*:iam::") - controllers
    numbers = {each: _MOVED for each in application if each == ACCOUNT} | dict.fromkeys(controllers, ACCOUNT)
    for file, text in told.items():
        region = file.stem.removeprefix(kinds[0]).removeprefix(kinds[1])
        away = bool(application) and not file.stem.startswith(kinds[0])
        try:
            renumbered = _NUMBER.sub(lambda found: numbers.get(found[0], found[0]), text)
            for each in json.loads(renumbered)["Resources"].values():
                yield Resource(region, each["Type"], each.get("Properties", {}), away)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotDeployable(f"{file} is no template: {type(error).__name__}") from error


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise NotDeployable(f"{file} is no template: {type(error).__name__}") from error


def _owners(told: Mapping[Path, str], variable: str, before: str) -> set[str]:
    """Return the accounts that a variable of the functions names, after `before`."""
    pattern = re.compile(rf'"{variable}":\s*"{before}(\d{{12}})')
    return {found for text in told.values() for found in pattern.findall(text)}


def _guest(found: tuple[Resource, ...], plan: Blueprint) -> Guest | None:
    """Return the application's own account, and the roles there; None where all lives in one.

    Raises `NotDeployable` where the functions of a Region name several roles.
    """
    variables = {
        (f.region, v["TIDEGATE_EVIDENCE_ROLE"], v["TIDEGATE_EXTERNAL_ID"])
        for f in _of(found, "AWS::Lambda::Function")
        if "TIDEGATE_EVIDENCE_ROLE" in (v := f.properties.get("Environment", {}).get("Variables", {}))
        and f.region in plan.controllers
    }
    if not variables:
        return None
    roles = {region: role for region, role, _ in variables}
    accounts, words = {role.split(":")[4] for role in roles.values()}, {word for *_, word in variables}
    if len(variables) != len(roles) or len(accounts) != 1 or len(words) != 1:
        raise NotDeployable("the functions do not agree on the role in the application's account")
    (account,), (word,) = accounts, words
    there = tuple(
        _role(each.properties, account)
        for each in _of(found, "AWS::IAM::Role")
        if each.region == plan.called(ACCESS)
    )
    admits = {
        policy.region: _admitted(policy.properties["Statement"], account)
        for policy in _of(found, "AWS::Events::EventBusPolicy")
    }
    return Guest(account, word, roles, there, admits)


def _role(properties: Mapping[str, Any], account: str) -> RolePlan:
    """Return a role as its template has it: what it asks for, and what it allows."""
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    conditions = trust["Condition"]
    documents = [policy["PolicyDocument"] for policy in properties["Policies"]]
    allowed = frozenset(action for d in documents for s in d["Statement"] for action in s["Action"])
    trusts_us = trust["Principal"]["AWS"].split(":")[4] == ACCOUNT and conditions["ArnEquals"]
    word = conditions["StringEquals"]["sts:ExternalId"] if trusts_us else ""
    return RolePlan(f"arn:aws:iam::{account}:role/{properties['RoleName']}", word, allowed)


def _admitted(statement: Mapping[str, Any], account: str) -> frozenset[str]:
    """Return the sources that the policy of a bus takes from an account."""
    if statement["Effect"] != "Allow" or statement["Principal"]["AWS"].split(":")[4] != account:
        return frozenset()
    return frozenset(statement["Condition"]["ForAllValues:StringEquals"]["events:source"])


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
            yield RulePlan(rule.region, declared["Name"], declared["EventPattern"], tuple(ours), rule.guest)


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
                yield AlarmPlan(alarm.region, members, alarm.guest)


def _elsewhere(found: tuple[Resource, ...], plan: Blueprint) -> Iterator[AlarmPlan]:
    """Yield the application's own alarms, drafted, where templates declare none: its team has made them.

    Where they declare one, another that is missing stays missing.
    """
    own = plan.application.capitalize()
    if any(alarm.properties.get("Namespace") == own for alarm in _of(found, "AWS::CloudWatch::Alarm")):
        return
    rules = " ".join(c.properties["AlarmRule"] for c in _of(found, "AWS::CloudWatch::CompositeAlarm"))
    for alarm in plan.alarms:
        if alarm.members.get("Namespace") == own and f'"{alarm.members["AlarmName"]}"' in rules:
            yield alarm


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
