"""Two more pictures from the templates: the workflow's states, and the records that lead customers."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Templates = Mapping[str, Mapping[str, Any]]


def workflow(templates: Templates) -> str:
    """A state diagram. What a step says stands beside its arrow; what is caught is left out."""
    stack = next(name for name in sorted(templates) if name.partition("-")[2].startswith("controller-"))
    machine = next(_of(templates[stack], "AWS::StepFunctions::StateMachine"))[1]
    definition = json.loads(machine["DefinitionString"])
    lines = ["stateDiagram-v2", f"  [*] --> {definition['StartAt']}"]
    for name, state in definition["States"].items():
        lines += [f"  {line}" for line in _leads(name, state)]
    return "\n".join(lines) + "\n"


def _leads(name: str, state: Mapping[str, Any]) -> Iterator[str]:
    if state["Type"] == "Succeed":
        yield f"{name} --> [*]"
    for choice in state.get("Choices", ()):
        yield f"{name} --> {choice['Next']}: {choice.get('StringEquals', 'an incident')}"
    for key in ("Default", "Next"):
        if key in state:
            yield f"{name} --> {state[key]}" + (": else" if key == "Default" else "")


def records(templates: Templates) -> str:
    """A flowchart: the public name, its slices, each slice's Regions, and the control that watches each."""
    template = next(t for name, t in templates.items() if name.partition("-")[2] == "routing")
    controls = {key: p["Name"] for key, p in _of(template, "AWS::Route53RecoveryControl::RoutingControl")}
    checks = {
        key: controls[p["HealthCheckConfig"]["RoutingControlArn"]["Fn::GetAtt"][0]]
        for key, p in _of(template, "AWS::Route53::HealthCheck")
    }
    found = [p for _, p in _of(template, "AWS::Route53::RecordSet") if "SetIdentifier" in p]
    lines = ["flowchart LR"]
    for record in sorted(found, key=lambda p: (p["Name"], p["SetIdentifier"])):
        name = _node(record["Name"].rstrip("."))
        if "Weight" in record:
            below = _node(record["AliasTarget"]["DNSName"])
            lines.append(f'  {name} -- "weight {record["Weight"]}" --> {below}')
            continue
        region = record["SetIdentifier"]
        how = record.get("Region") or record.get("Failover", "").lower()
        control = checks[record["HealthCheckId"]["Fn::GetAtt"][0]]
        lines.append(f'  {name} -- "{how}, if {control} is On" --> {_node(f"endpoint in {region}")}')
    return "\n".join(lines) + "\n"


def _node(label: str) -> str:
    return f'{re.sub(r"[^A-Za-z0-9]", "_", label)}["{label}"]'


def _of(template: Mapping[str, Any], type_: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == type_:
            yield name, resource.get("Properties", {})
