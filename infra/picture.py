"""The architecture, drawn from the templates as Mermaid: what is there, and what leads where.

One stack of each kind is drawn; a Region's name in a node becomes `REGION`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Templates = Mapping[str, Mapping[str, Any]]
DRAWN = {
    "AWS::Synthetics::Canary": "canaries",
    "AWS::CloudWatch::Alarm": "alarms",
    "AWS::CloudWatch::CompositeAlarm": "composite alarms",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::Events::Rule": "rules",
    "AWS::SQS::Queue": "queues",
    "AWS::Lambda::Function": "functions",
    "AWS::StepFunctions::StateMachine": "state machine",
    "AWS::Scheduler::Schedule": "schedules",
    "AWS::SNS::Topic": "topic",
    "AWS::DynamoDB::Table": "tables",
    "AWS::DynamoDB::GlobalTable": "global table",
    "AWS::S3::Bucket": "buckets",
    "AWS::KMS::Key": "keys",
    "AWS::ApiGatewayV2::Api": "HTTP API",
    "AWS::Route53RecoveryControl::Cluster": "ARC cluster",
    "AWS::Route53RecoveryControl::RoutingControl": "routing controls",
    "AWS::Route53RecoveryControl::SafetyRule": "safety rules",
    "AWS::Route53::HealthCheck": "health checks",
    "AWS::Route53::RecordSet": "records",
}
_REGION = re.compile(r"-[a-z]{2}-[a-z]+-\d$")


def picture(templates: Templates) -> str:
    """A flowchart."""
    kinds = dict(_kinds(templates))
    lines = ["flowchart LR"]
    for kind, stack in kinds.items():
        lines.append(f'  subgraph {_id(kind)}["{kind}"]')
        lines += [
            f'    {_id(kind, type_)}["{count} {word}"]' for type_, word, count in _counted(templates[stack])
        ]
        lines.append("  end")
    lines += [f"  {edge}" for edge in sorted(set(_edges(templates, kinds)))]
    return "\n".join(lines) + "\n"


def _kinds(templates: Templates) -> Iterator[tuple[str, str]]:
    """Kind -> the largest stack of it, by name where they are equal. The pipeline is not drawn."""
    drawn = (stack for stack in sorted(templates) if not stack.startswith("cross-region"))
    ours = [stack for stack in drawn if not stack.partition("-")[2].startswith("pipeline")]
    by_kind: dict[str, list[str]] = {}
    for stack in ours:
        kind = _REGION.sub("-REGION", stack.partition("-")[2])
        by_kind.setdefault(kind, []).append(stack)
    for kind, stacks in by_kind.items():
        yield kind, max(reversed(stacks), key=lambda stack: len(templates[stack]["Resources"]))


def _counted(template: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    types = [resource["Type"] for resource in template["Resources"].values()]
    for type_, word in DRAWN.items():
        if type_ in types:
            yield type_, word, types.count(type_)


def _edges(templates: Templates, kinds: Mapping[str, str]) -> Iterator[str]:
    """Where rules, schedules, mappings and the workflow lead, by the ARNs in the templates."""
    for kind, stack in kinds.items():
        for resource in templates[stack]["Resources"].values():
            type_, properties = resource["Type"], resource.get("Properties", {})
            if type_ == "AWS::Events::Rule":
                for target in properties["Targets"]:
                    yield _edge(kind, type_, _led(kind, target["Arn"]))
            if type_ == "AWS::Scheduler::Schedule":
                there = "AWS::Events::Rule" if "event-bus" in str(properties["Target"]["Arn"]) else _FUNCTION
                yield _edge(kind, type_, (kind, there))
            if type_ == "AWS::Lambda::EventSourceMapping":
                yield _edge(kind, "AWS::SQS::Queue", (kind, _FUNCTION))
            if type_ == "AWS::StepFunctions::StateMachine":
                yield _edge(kind, type_, (kind, _FUNCTION))
            if type_ == "AWS::Route53::HealthCheck":
                yield _edge(kind, type_, (kind, "AWS::Route53RecoveryControl::RoutingControl"))
            if type_ == "AWS::Route53::RecordSet" and "HealthCheckId" in properties:
                yield _edge(kind, type_, (kind, "AWS::Route53::HealthCheck"))


_FUNCTION = "AWS::Lambda::Function"


def _led(kind: str, arn: str) -> tuple[str, str]:
    if ":event-bus/" in arn:
        return "controller-REGION", "AWS::Events::Rule"
    return kind, "AWS::SQS::Queue" if ":sqs:" in arn else "AWS::StepFunctions::StateMachine"


def _edge(kind: str, type_: str, to: tuple[str, str]) -> str:
    return f"{_id(kind, type_)} --> {_id(*to)}"


def _id(kind: str, type_: str = "") -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", kind + type_.removeprefix("AWS::"))
