"""A stack's template: the names that its resources take, and what each needs before it can be made."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.rehearsal.service import ACCOUNT
from tests.infra.references import UNSEEN

Value = Mapping[str, Any]
EVERYWHERE = ("arc-cluster", "arc-control", "arc-panel", "arc-rule", "iam", "route53", "s3")
"""Services whose names are taken in every Region at once."""
NAMED = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "AlarmName"),
    "AWS::CloudWatch::CompositeAlarm": ("cloudwatch", "AlarmName"),
    "AWS::CloudWatch::Dashboard": ("dashboard", "DashboardName"),
    "AWS::DynamoDB::GlobalTable": ("dynamodb", "TableName"),
    "AWS::DynamoDB::Table": ("dynamodb", "TableName"),
    "AWS::Events::Rule": ("events", "Name"),
    "AWS::ApiGatewayV2::DomainName": ("apigateway", "DomainName"),
    "AWS::IAM::Role": ("iam", "RoleName"),
    "AWS::KMS::Alias": ("kms", "AliasName"),
    "AWS::Lambda::Function": ("lambda", "FunctionName"),
    "AWS::Logs::LogGroup": ("logs", "LogGroupName"),
    "AWS::Route53::RecordSet": ("route53", "Name"),
    "AWS::Route53RecoveryControl::Cluster": ("arc-cluster", "Name"),
    "AWS::Route53RecoveryControl::ControlPanel": ("arc-panel", "Name"),
    "AWS::Route53RecoveryControl::RoutingControl": ("arc-control", "Name"),
    "AWS::Route53RecoveryControl::SafetyRule": ("arc-rule", "Name"),
    "AWS::S3::Bucket": ("s3", "BucketName"),
    "AWS::SNS::Topic": ("sns", "TopicName"),
    "AWS::SQS::Queue": ("sqs", "QueueName"),
    "AWS::Scheduler::Schedule": ("scheduler", "Name"),
    "AWS::StepFunctions::StateMachine": ("states", "StateMachineName"),
    "AWS::Synthetics::Canary": ("synthetics", "Name"),
}
"""Type -> service, and the property that is its name there."""
UNNAMED = frozenset(
    f"AWS::{name}"
    for name in (
        *("ApiGatewayV2::Api", "ApiGatewayV2::ApiMapping", "ApiGatewayV2::Integration"),
        *("ApiGatewayV2::Route", "ApiGatewayV2::Stage", "KMS::Key", "KMS::ReplicaKey"),
        *("Lambda::Alias", "Lambda::EventInvokeConfig", "Lambda::EventSourceMapping"),
        *("Lambda::Permission", "Lambda::Version", "Route53::HealthCheck"),
        *("S3::BucketPolicy", "SNS::Subscription", "SNS::TopicPolicy", "SQS::QueuePolicy"),
    )
)
POLICIES = ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument")
"""Members that may name what does not exist."""
_ARN = re.compile(
    r"arn:aws:(dynamodb|kms|lambda|s3|sns|sqs|states):([\w-]*):(\d*):(?:[a-zA-Z]+[:/])?([^\s\"]+)"
)
_ALIAS = re.compile(r"alias/[\w-]+")


@dataclass(frozen=True, order=True)
class Name:
    """A name that one resource at a time can have. region: "" where it is taken everywhere."""

    service: str
    region: str
    name: str

    def __str__(self) -> str:
        return f"{self.service} {self.name}" + (f" in {self.region}" if self.region else "")


def names_of(type_: str, region: str, properties: Value) -> tuple[Name, ...]:
    """Return the names that a resource takes; none where CloudFormation draws one."""
    if type_ in UNNAMED:
        return ()
    service, member = NAMED[type_]
    name = properties.get(member)
    if name is None:
        return ()
    if type_ == "AWS::Route53::RecordSet":
        name = f"{name.rstrip('.')} {properties['Type']} {properties.get('SetIdentifier', '')}".rstrip()
    replicas = [each["Region"] for each in properties.get("Replicas", ())]
    places = [""] if service in EVERYWHERE else replicas or [region]
    return tuple(Name(service, place, str(name)) for place in places)


def arn_of(name: Name) -> str:
    """Return the ARN of what has a name."""
    kind = {"dynamodb": "table/", "kms": "", "lambda": "function:", "states": "stateMachine:"}
    account = "" if name.service == "s3" else ACCOUNT
    return f"arn:aws:{name.service}:{name.region}:{account}:{kind.get(name.service, '')}{name.name}"


def needed(type_: str, region: str, properties: Value) -> Iterator[Name]:
    """Yield what a resource's own words name and AWS looks up: it must be there before."""
    unseen = UNSEEN.get(type_)
    for key, value in properties.items():
        if key in (unseen, *POLICIES):
            continue
        for text in _texts(value):
            for service, place, account, name in _ARN.findall(text):
                ends = {"s3": "/", "lambda": ":"}.get(service)  # a key in a bucket, an alias of a function
                plain = name.partition(ends)[0] if ends else name
                plain = f"alias/{plain}" if service == "kms" and not plain.startswith("alias/") else plain
                if (
                    account == ("" if service == "s3" else ACCOUNT)
                    and "*" not in plain
                    and not _is_key(service, text)
                ):
                    yield Name(service, "" if service in EVERYWHERE else place, plain)
            if _ALIAS.fullmatch(text) and key != "AliasName":
                yield Name("kms", region, text)
    yield from _alias_target(type_, properties)


def _is_key(service: str, text: str) -> bool:
    return service == "kms" and ":key/" in text


def _alias_target(type_: str, properties: Value) -> Iterator[Name]:
    """Route 53 refuses an alias to a name of the same zone that is not there."""
    target = properties.get("AliasTarget", {}) if type_ == "AWS::Route53::RecordSet" else {}
    if target.get("HostedZoneId") == properties.get("HostedZoneId") and target:
        yield Name("route53", "", str(target["DNSName"]).rstrip("."))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if key not in POLICIES:
                yield from _texts(each)
