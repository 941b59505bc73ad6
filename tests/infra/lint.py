"""Checks of the templates that no tool makes: each a function from stacks to sentences."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

from tests.infra import references

Templates = Mapping[str, Mapping[str, Any]]
OLDEST_RUNTIME = 12
"""The oldest `syn-python-selenium-N.0` of which AWS's page says that it is still supported."""
ATOM = re.compile(r'\s*(ALARM|OK|INSUFFICIENT_DATA)\("([^"]+)"\)\s*')


def of(templates: Templates, type_: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, template in templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] == type_:
                yield stack, name, resource.get("Properties", {})


def strong_tables_without_ttl(templates: Templates) -> Iterator[str]:
    for stack, name, table in of(templates, "AWS::DynamoDB::GlobalTable"):
        if table.get("MultiRegionConsistency") == "STRONG":
            if "TimeToLiveSpecification" in table:
                yield f"{stack}/{name}: a strongly consistent table takes no TTL"
            if len(table["Replicas"]) != 3:
                yield f"{stack}/{name}: a strongly consistent table has three replicas"


def recovery_checks_with_a_control(templates: Templates) -> Iterator[str]:
    for stack, name, check in of(templates, "AWS::Route53::HealthCheck"):
        config = check["HealthCheckConfig"]
        if config["Type"] == "RECOVERY_CONTROL" and not config.get("RoutingControlArn"):
            yield f"{stack}/{name}: no routing control"


def checks_of_objects_that_can_be_read(templates: Templates) -> Iterator[str]:
    """A health check of an object asks a bucket that is there, and whose policy lets it be read."""
    buckets = {
        (p["BucketName"], stack, name): p
        for stack, name, p in of(templates, "AWS::S3::Bucket")
        if "BucketName" in p
    }
    for stack, name, check in of(templates, "AWS::Route53::HealthCheck"):
        config = check["HealthCheckConfig"]
        if config["Type"] == "RECOVERY_CONTROL":
            continue
        if not config.get("Inverted"):
            yield f"{stack}/{name}: an object would mean On"
        bucket, _, region = (
            config["FullyQualifiedDomainName"].removesuffix(".amazonaws.com").partition(".s3.")
        )
        there = [each for each in buckets if each[0] == bucket and each[1].endswith(region)]
        if not there:
            yield f"{stack}/{name}: {bucket} is no bucket of a stack in {region}"
        for _, where, made in there:
            yield from (f"{stack}/{name}: {told}" for told in _unread(templates[where], made, config, bucket))
            given = buckets[bucket, where, made]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            if given[0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"] != "AES256":
                yield f"{stack}/{name}: its objects are encrypted by a key that no checker has"


def _unread(template: Mapping[str, Any], made: str, config: Mapping[str, Any], bucket: str) -> Iterator[str]:
    key = config["ResourcePath"]
    wanted = {"Fn::Join": ["", [{"Fn::GetAtt": [made, "Arn"]}, key]]}
    policies = [
        r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::S3::BucketPolicy"
    ]
    read = [
        statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Action"] == "s3:GetObject"
    ]
    if not any(wanted in resources for resources in read):
        yield f"nobody may read {key.lstrip('/')} of {bucket}"


def composites_of_alarms_here(templates: Templates) -> Iterator[str]:
    """A composite sees the alarms of its own Region alone, and its rule is a small language."""
    for stack, name, composite in of(templates, "AWS::CloudWatch::CompositeAlarm"):
        here = {
            alarm["AlarmName"]
            for where, _, alarm in of(templates, "AWS::CloudWatch::Alarm")
            if where == stack
        }
        for part in re.split(r"\s+(?:AND|OR)\s+", composite["AlarmRule"]):
            atom = ATOM.fullmatch(part)
            if atom is None:
                yield f"{stack}/{name}: {part!r} is no part of an alarm rule"
            elif atom[2] not in here:
                yield f"{stack}/{name}: {atom[2]} is no alarm of this stack"


def datapoints_within_periods(templates: Templates) -> Iterator[str]:
    for stack, name, alarm in of(templates, "AWS::CloudWatch::Alarm"):
        if alarm.get("DatapointsToAlarm", 1) > alarm["EvaluationPeriods"]:
            yield f"{stack}/{name}: more datapoints than periods"
        if alarm["Period"] * alarm["EvaluationPeriods"] > 86_400:
            yield f"{stack}/{name}: looks back more than a day"


def runtimes_that_are_there(templates: Templates) -> Iterator[str]:
    for stack, name, canary in of(templates, "AWS::Synthetics::Canary"):
        number = re.fullmatch(r"syn-python-selenium-(\d+)\.\d+", canary["RuntimeVersion"])
        if number is None or int(number[1]) < OLDEST_RUNTIME:
            yield f"{stack}/{name}: {canary['RuntimeVersion']} is withdrawn"


def callbacks_with_their_token(templates: Templates) -> Iterator[str]:
    for stack, name, machine in of(templates, "AWS::StepFunctions::StateMachine"):
        definition = json.loads(machine["DefinitionString"])
        for state, content in definition["States"].items():
            waits = str(content.get("Resource", "")).endswith(".waitForTaskToken")
            if waits and "$$.Task.Token" not in json.dumps(content.get("Parameters", {})):
                yield f"{stack}/{name}: {state} waits for a token that nobody gets"
            if waits and not any(key in content for key in ("HeartbeatSeconds", "HeartbeatSecondsPath")):
                yield f"{stack}/{name}: {state} waits without a heartbeat"
        used = set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"]))
        if used != set(machine["DefinitionSubstitutions"]):
            yield f"{stack}/{name}: placeholders and substitutions differ"


def targets_that_are_there(templates: Templates) -> Iterator[str]:
    """A rule's queue and machine are in its own stack, and its letters are not lost."""
    for stack, name, rule in of(templates, "AWS::Events::Rule"):
        queues = {q["QueueName"] for where, _, q in of(templates, "AWS::SQS::Queue") if where == stack}
        for target in rule["Targets"]:
            service, leaf = target["Arn"].split(":")[2], target["Arn"].split(":")[-1]
            if service == "sqs" and leaf not in queues:
                yield f"{stack}/{name}: {leaf} is no queue of this stack"
            letters = target.get("DeadLetterConfig", {}).get("Arn", "").split(":")[-1]
            if letters and letters not in queues:
                yield f"{stack}/{name}: {letters}, for its letters, is no queue of this stack"
            if service in ("sqs", "states", "events") and "DeadLetterConfig" not in target:
                yield f"{stack}/{name}: what cannot be delivered is lost"
            if service == "sqs" and len(json.dumps(target["InputTransformer"])) > 8192:
                yield f"{stack}/{name}: a transformer has at most 8192 characters"


def no_other_regions_alarms_start_it(templates: Templates) -> Iterator[str]:
    """`tidegate-…` rings the state machine: composites alone are so named."""
    for stack, name, alarm in of(templates, "AWS::CloudWatch::Alarm"):
        if alarm["AlarmName"].startswith("tidegate-"):
            yield f"{stack}/{name}: a metric alarm would start an execution at each change"


def names_in_order(templates: Templates) -> Iterator[str]:
    """CloudFormation makes side by side what no reference orders, and a literal is none."""
    for stack, template in templates.items():
        for who, named in references.without_an_order(template["Resources"]):
            yield f"{stack}: {who} names {named}, and may be made before it"
        for name in references.in_a_circle(template["Resources"]):
            yield f"{stack}: {name} would have to be made before itself"


def a_log_groups_arn_once(templates: Templates) -> Iterator[str]:
    """`GetAtt` of a log group's ARN ends in `:*`; what is written behind it makes another ARN."""
    for stack, template in templates.items():
        groups = [n for n, r in template["Resources"].items() if r["Type"] == "AWS::Logs::LogGroup"]
        for name, text in references.texts(template["Resources"]):
            if any(re.search(rf"\$\{{{group}\.Arn\}}:", text) for group in groups):
                yield f"{stack}/{name}: something stands behind the ARN of a log group"


def one_after_another(templates: Templates) -> Iterator[str]:
    """ARC answers 409 where controls or safety rules of one panel are made side by side."""
    for stack, template in templates.items():
        kinds = tuple(f"AWS::Route53RecoveryControl::{kind}" for kind in ("RoutingControl", "SafetyRule"))
        ours = [n for n, r in template["Resources"].items() if r["Type"] in kinds]
        before = references.paths(template["Resources"])
        for name, other in combinations(ours, 2):
            if name not in before[other] and other not in before[name]:
                yield f"{stack}: {name} and {other} may be made side by side"


def invoked_by_one_source(templates: Templates) -> Iterator[str]:
    """A service that may invoke a function is told by the ARN of what invokes, an API of the same stack."""
    for stack, name, permission in of(templates, "AWS::Lambda::Permission"):
        apis = [n for n, r in templates[stack]["Resources"].items() if r["Type"] == "AWS::ApiGatewayV2::Api"]
        if not set(references.references(permission.get("SourceArn", {}))) & set(apis):
            yield f"{stack}/{name}: whoever calls in the name of {permission['Principal']} gets in"


def keys_that_log_delivery_may_use(templates: Templates) -> Iterator[str]:
    """Step Functions hands its log to log delivery, which must be able to use the log group's key."""
    for stack, template in templates.items():
        shown = (o for o in template.get("Outputs", {}) if o == "KeyArn")
        for key in (template["Resources"]["Key"] for _ in shown):
            policy = key["Properties"]["KeyPolicy"]["Statement"]
            if not any(s["Principal"].get("Service") == "delivery.logs.amazonaws.com" for s in policy):
                yield f"{stack}: the workflow's log is lost, for log delivery may not use its key"


def roles_within_their_size(templates: Templates) -> Iterator[str]:
    """IAM takes 10,240 characters of inline policies of a role, 6,144 of a managed one, and ten of these."""
    for stack, template in templates.items():
        inline: dict[str, int] = {}
        for name, role in template["Resources"].items():
            given = role.get("Properties", {})
            if role["Type"] == "AWS::IAM::Role":
                sizes = [len(json.dumps(policy["PolicyDocument"])) for policy in given.get("Policies", ())]
                inline[name] = inline.get(name, 0) + sum(sizes)
                if len(given.get("ManagedPolicyArns", ())) > 10:
                    yield f"{stack}/{name}: more than ten managed policies"
            if role["Type"] == "AWS::IAM::Policy":
                for owner in references.references(given["Roles"]):
                    inline[owner] = inline.get(owner, 0) + len(json.dumps(given["PolicyDocument"]))
            if role["Type"] == "AWS::IAM::ManagedPolicy" and len(json.dumps(given["PolicyDocument"])) > 6144:
                yield f"{stack}/{name}: too large for a managed policy"
        yield from (f"{stack}/{name}: {n} characters inline" for name, n in inline.items() if n > 10_240)


def kept_but_for_a_failed_try(templates: Templates) -> Iterator[str]:
    """A retained resource keeps its name, and so the next try from being made."""
    for stack, template in templates.items():
        for name, resource in template["Resources"].items():
            if resource.get("DeletionPolicy", "Delete") not in ("Delete", "RetainExceptOnCreate"):
                yield f"{stack}/{name}: stays after a first try that failed"


def code_under_its_digest(templates: Templates) -> Iterator[str]:
    """CloudFormation does not look into a zip: under the same key it is the same code."""
    for type_ in ("AWS::Lambda::Function", "AWS::Synthetics::Canary", "AWS::Lambda::LayerVersion"):
        for stack, name, function in of(templates, type_):
            code = function.get("Code", function.get("Content", {}))
            if not re.search(r"[0-9a-f]{16,64}\.zip$", code.get("S3Key", "")):
                yield f"{stack}/{name}: {code.get('S3Key')} names no digest of its code"


CHECKS: tuple[Callable[[Templates], Iterator[str]], ...] = (
    strong_tables_without_ttl,
    recovery_checks_with_a_control,
    checks_of_objects_that_can_be_read,
    composites_of_alarms_here,
    datapoints_within_periods,
    runtimes_that_are_there,
    callbacks_with_their_token,
    targets_that_are_there,
    no_other_regions_alarms_start_it,
    names_in_order,
    a_log_groups_arn_once,
    one_after_another,
    invoked_by_one_source,
    keys_that_log_delivery_may_use,
    roles_within_their_size,
    kept_but_for_a_failed_try,
    code_under_its_digest,
)
