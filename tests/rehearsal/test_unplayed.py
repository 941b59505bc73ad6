"""What the rehearsal does not play answers 501, and never moto's empty world."""

import io
from collections import Counter
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from controller.lab.environment.environment import Stage
from controller.rehearsal.blueprint import queue_arn
from controller.rehearsal.moto_fallback import FALLS_THROUGH
from controller.rehearsal.service import ACCOUNT, Request
from controller.rehearsal.services.s3 import audit_bucket
from controller.rehearsal.wire.direct_client import attach
from controller.rehearsal.wire.server import Server
from controller.rehearsal.wire.service_models import namesakes
from tests.rehearsal.operation_walk import SIGNED, counted
from tests.support.drill_run import set_up

HERE, ELSEWHERE = "us-east-2", "eu-north-1"
SESSION = Session()
OTHERS = (
    "s3", "route53", "iam", "ec2", "ssm", "logs", "cloudformation", "rds",
    "cloudfront", "autoscaling", "health", "fis", "organizations", "tagging", "apigateway", "scheduler",
    "elasticloadbalancing", "ecs", "elasticache", "acm", "cloudtrail", "config", "glacier", "ses",
)  # fmt: skip
"""Signing names of services that nothing here plays, in all protocols that AWS has."""


@pytest.fixture(scope="module")
def stage() -> Stage:
    return set_up()[0]


@pytest.fixture
def aws(stage: Stage) -> Any:
    """A maker of clients that retry as boto3 does by default."""

    def client(service: str, region: str = HERE, **options: Any) -> Any:
        made = SESSION.create_client(
            service, region, endpoint_url="http://127.0.0.1", config=Config(**options),
            aws_access_key_id="rehearsal", aws_secret_access_key="rehearsal",
        )  # fmt: skip
        asked: list[Request] = []

        def handle(request: Request, *rest: Any) -> Any:
            asked.append(request)
            return stage.cloud.wire.handle(request, *rest)

        attach(made, handle, stage.runtime, latency=0)
        made.asked = asked
        return made

    return client


def played(stage: Stage) -> dict[str, str]:
    """The signing names of the services that are played, with a Region where they are."""
    return dict(stage.cloud.wire.services.keys())


def test_every_operation_of_a_service_that_is_played_is_ours_or_may_pass_or_is_501(stage: Stage) -> None:
    every = Counter[str]()
    for signing, region in played(stage).items():
        seen = counted(stage.cloud.wire, signing, region)
        assert seen["ours"], signing
        every += seen
    assert len(played(stage)) >= 15
    assert every["ours"] >= 94
    assert every["passes"] == 1, "who is calling is not ours to say: STS's GetCallerIdentity"
    assert every["501"] >= 665


def test_every_operation_of_services_that_are_not_played_is_501_or_may_pass(stage: Stage) -> None:
    seen = {signing: counted(stage.cloud.wire, signing, HERE) for signing in OTHERS}
    assert {signing for signing, each in seen.items() if each["passes"]} == set(FALLS_THROUGH) - {"sts"}
    assert not any(each["ours"] for each in seen.values())
    assert all(each["501"] for each in seen.values())
    assert sum(each["501"] for each in seen.values()) >= 3000


def test_a_service_that_is_played_elsewhere_is_not_played_here(stage: Stage) -> None:
    for signing in ("states", "dynamodb", "kms", "events", "monitoring", "sqs", "sns", "lambda"):
        seen = counted(stage.cloud.wire, signing, ELSEWHERE)
        assert set(seen) == {"501"}


def test_what_may_pass_is_an_operation_of_its_service_and_has_a_reason() -> None:
    named = 0
    for signing, reasons in FALLS_THROUGH.items():
        known = {name for model in namesakes(signing) for name in model.operation_names}
        assert set(reasons) <= known
        for reason in reasons.values():
            assert len(reason.split()) >= 5
            named += 1
    assert named == 11


STANDING = [
    # On something that stands in the rehearsal: an empty or an absent answer of moto's would be a lie.
    ("stepfunctions", "delete_state_machine", {"stateMachineArn": "MACHINE"}),
    ("stepfunctions", "list_activities", {}),
    ("stepfunctions", "list_tags_for_resource", {"resourceArn": "MACHINE"}),
    ("events", "list_event_buses", {}),
    ("events", "list_tags_for_resource", {"ResourceARN": "x"}),
    ("cloudwatch", "list_tags_for_resource", {"ResourceARN": "x"}),
    ("cloudwatch", "list_dashboards", {}),
    ("kms", "list_keys", {}),
    ("kms", "list_aliases", {}),
    ("kms", "describe_key", {"KeyId": "alias/tidegate"}),
    ("sns", "list_topics", {}),
    ("sns", "create_topic", {"Name": "mine"}),
    ("sqs", "list_dead_letter_source_queues", {"QueueUrl": "x"}),
    ("route53", "list_hosted_zones", {}),
    ("route53", "get_dnssec", {"HostedZoneId": "Z0REHEARSAL"}),
    ("route53", "get_health_check_last_failure_reason", {"HealthCheckId": "x"}),
    ("synthetics", "get_canary_runs", {"Name": "storefront"}),
    ("synthetics", "delete_canary", {"Name": "storefront"}),
    ("dynamodb", "transact_get_items",
     {"TransactItems": [{"Get": {"TableName": "tidegate-journal", "Key": {"k": {"S": "x"}}}}]}),
    ("dynamodb", "execute_statement", {"Statement": 'SELECT * FROM "tidegate-journal"'}),
    ("dynamodb", "execute_transaction", {"TransactStatements": [{"Statement": "x"}]}),
    ("dynamodb", "batch_execute_statement", {"Statements": [{"Statement": "x"}]}),
    ("dynamodb", "list_tags_of_resource", {"ResourceArn": "x"}),
    ("dynamodb", "describe_kinesis_streaming_destination", {"TableName": "tidegate-journal"}),
    ("dynamodb", "create_backup", {"TableName": "tidegate-journal", "BackupName": "mine"}),
    ("dynamodb", "list_global_tables", {}),
    ("dynamodbstreams", "list_streams", {}),
    ("lambda", "list_functions", {}),
    ("lambda", "get_function", {"FunctionName": "tidegate-Tick"}),
    ("lambda", "invoke", {"FunctionName": "tidegate-Tick"}),
    ("service-quotas", "list_services", {}),
    ("s3", "list_buckets", {}),
    ("s3", "create_bucket", {"Bucket": "mine"}),
    ("s3", "get_bucket_versioning", {"Bucket": audit_bucket(HERE)}),
    ("s3", "delete_bucket", {"Bucket": audit_bucket(HERE)}),
    ("iam", "list_roles", {}),
    ("ec2", "describe_instances", {}),
    ("cloudfront", "list_distributions", {}),
    ("secretsmanager", "list_secrets", {}),
    ("sts", "get_federation_token", {"Name": "me"}),
]  # fmt: skip


@pytest.mark.parametrize(("service", "call", "params"), STANDING, ids=[f"{s}.{c}" for s, c, _ in STANDING])
@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_boto3_raises_at_once_and_names_the_operation(
    stage: Stage, aws: Any, service: str, call: str, params: dict[str, Any], mode: str
) -> None:
    machine = f"arn:aws:states:{HERE}:{ACCOUNT}:stateMachine:tidegate"
    client = aws(service, retries={"mode": mode})
    given = {name: machine if value == "MACHINE" else value for name, value in params.items()}
    with pytest.raises(ClientError) as refused:
        getattr(client, call)(**given)
    signing = client.meta.service_model.signing_name
    operation = client.meta.method_to_api_mapping[call]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert f"The rehearsal does not play {signing}:{operation}" in str(refused.value)
    assert len(client.asked) == 1


def test_a_head_request_is_refused_without_a_body(stage: Stage) -> None:
    server = Server(stage.cloud.wire.handle)
    try:
        url = f"http://127.0.0.1:{server.serve()}"
        s3 = SESSION.create_client(
            "s3", HERE, endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
        )
        with pytest.raises(ClientError, match="501"):
            s3.head_bucket(Bucket="mine")
        with pytest.raises(ClientError, match="does not play s3:ListBuckets"):
            s3.list_buckets()
    finally:
        server.stop()


def test_it_says_where_it_is_played(aws: Any) -> None:
    with pytest.raises(
        ClientError, match=r"dynamodb:ListTables in eu-north-1; it plays it in us-east-1, us-"
    ):
        aws("dynamodb", ELSEWHERE).list_tables()


def test_a_request_that_no_model_knows_is_501_too(stage: Stage) -> None:
    signed = SIGNED.format(HERE, "frobnicate")
    rest = stage.cloud.wire.handle(Request("GET", "/v1/things", "", {"authorization": signed}))
    assert (rest.status, b"frobnicate:GET /v1/things" in rest.body) == (501, True)
    target = {"authorization": signed, "x-amz-target": "Frob.ListThings"}
    json = stage.cloud.wire.handle(Request("POST", "/", "", target, b"{}"))
    assert (json.status, b"frobnicate:ListThings" in json.body) == (501, True)
    form = stage.cloud.wire.handle(Request("GET", "/", "Action=ListThings", {"authorization": signed}))
    assert (form.status, b"frobnicate:ListThings" in form.body) == (501, True)


# What stands in the rehearsal and is answered


def test_the_machine_of_an_execution_is_described(stage: Stage, aws: Any) -> None:
    states = aws("stepfunctions")
    machine = f"arn:aws:states:{HERE}:{ACCOUNT}:stateMachine:tidegate"
    begun = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    before = states.describe_state_machine(stateMachineArn=machine)
    found = states.describe_state_machine_for_execution(executionArn=begun)
    assert (found["name"], found["stateMachineArn"]) == ("tidegate", machine)
    assert (found["definition"], found["roleArn"]) == (before["definition"], before["roleArn"])
    states.update_state_machine(
        stateMachineArn=machine, definition='{"StartAt": "E", "States": {"E": {"Type": "Succeed"}}}'
    )
    try:
        assert (
            states.describe_state_machine_for_execution(executionArn=begun)["definition"]
            == before["definition"]
        )
        with pytest.raises(states.exceptions.ExecutionDoesNotExist):
            states.describe_state_machine_for_execution(executionArn=begun + "x")
    finally:
        states.update_state_machine(stateMachineArn=machine, definition=before["definition"])
        states.stop_execution(executionArn=begun)


def test_a_rule_is_disabled_and_enabled(stage: Stage, aws: Any) -> None:
    events = aws("events")
    name = next(rule.name for rule in stage.cloud.plan.rules if rule.region == HERE)
    events.disable_rule(Name=name)
    assert events.describe_rule(Name=name)["State"] == "DISABLED"
    assert name not in stage.cloud.events[HERE].rules.matching({"source": "aws.cloudwatch"})
    events.enable_rule(Name=name)
    assert events.describe_rule(Name=name)["State"] == "ENABLED"
    for call in (events.disable_rule, events.enable_rule):
        with pytest.raises(events.exceptions.ResourceNotFoundException):
            call(Name="none")


def test_the_rules_of_a_target_are_listed(aws: Any) -> None:
    events = aws("events")
    queue = queue_arn(HERE, ACCOUNT, "tidegate-intake")
    named = events.list_rule_names_by_target(TargetArn=queue)["RuleNames"]
    assert named
    for name in named:
        assert queue in [each["Arn"] for each in events.list_targets_by_rule(Rule=name)["Targets"]]
    assert events.list_rule_names_by_target(TargetArn=queue + "x")["RuleNames"] == []


def test_the_alarms_of_a_metric_are_described(aws: Any) -> None:
    cloudwatch = aws("cloudwatch")
    alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    found = cloudwatch.describe_alarms_for_metric(**metric)["MetricAlarms"]
    assert alarm["AlarmName"] in [each["AlarmName"] for each in found]
    narrow = cloudwatch.describe_alarms_for_metric(
        **metric, Statistic=alarm["Statistic"], Period=alarm["Period"]
    )
    assert alarm["AlarmName"] in [each["AlarmName"] for each in narrow["MetricAlarms"]]
    other = cloudwatch.describe_alarms_for_metric(**metric, Period=alarm["Period"] + 60)
    assert other["MetricAlarms"] == []
    bare = cloudwatch.describe_alarms_for_metric(Namespace="None", MetricName="none")
    assert bare["MetricAlarms"] == []


def test_metrics_are_listed(aws: Any) -> None:
    cloudwatch = aws("cloudwatch", "us-west-2")
    data = [
        {"MetricName": f"m{n:03}", "Value": 1.0, "Dimensions": [{"Name": "slice", "Value": str(n % 2)}]}
        for n in range(501)
    ]
    for start in range(0, 501, 100):
        cloudwatch.put_metric_data(Namespace="Mine", MetricData=data[start : start + 100])
    first = cloudwatch.list_metrics(Namespace="Mine")
    assert (len(first["Metrics"]), first["NextToken"]) == (500, "500")
    rest = cloudwatch.list_metrics(Namespace="Mine", NextToken=first["NextToken"])
    assert [each["MetricName"] for each in rest["Metrics"]] == ["m500"]
    asked = {"Namespace": "Mine", "MetricName": "m007"}
    dimensions = [{"Name": "slice", "Value": "1"}]
    assert cloudwatch.list_metrics(**asked)["Metrics"] == [{**asked, "Dimensions": dimensions}]
    assert len(cloudwatch.list_metrics(Namespace="Mine", Dimensions=dimensions)["Metrics"]) == 250
    assert cloudwatch.list_metrics(**asked, Dimensions=[{"Name": "slice", "Value": "0"}])["Metrics"] == []
    assert cloudwatch.list_metrics(Namespace="None")["Metrics"] == []


# What passes


def test_the_account_is_told(aws: Any) -> None:
    assert aws("sts").get_caller_identity()["Account"] == ACCOUNT


def test_a_bundle_is_kept_in_the_audits_bucket_and_in_no_other(stage: Stage, aws: Any) -> None:
    s3, bucket = aws("s3", stage.cloud.plan.controller), audit_bucket(stage.cloud.plan.controller)
    s3.put_object(Bucket=bucket, Key="a/1.tar", Body=io.BytesIO(b"bundle"))
    assert s3.get_object(Bucket=bucket, Key="a/1.tar")["Body"].read() == b"bundle"
    assert s3.head_object(Bucket=bucket, Key="a/1.tar")["ObjectLockMode"] == "COMPLIANCE"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/1.tar"]
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.put_object(Bucket="mine", Key="a", Body=b"x")
