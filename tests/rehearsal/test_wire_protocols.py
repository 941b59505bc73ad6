"""Requests as botocore writes them, answers as botocore reads them, for each protocol; and hostile ones."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.wire.dispatch import Request, Response, Scope, Wire
from controller.rehearsal.wire.service_models import operation_model
from tests.rehearsal.scripted_wire import SIGNED, Answer, Scripted, wire_to

AT = 1_760_954_820.25


def speak(
    protocol: str, name: str, operation: str, params: dict[str, Any], answer: Answer
) -> tuple[Call, dict[str, Any]]:
    """Send one call through botocore's own serializer and parser for `protocol`."""
    model = operation_model(name, operation)
    assert model is not None
    service = Scripted(operation, answer)
    wire, _ = wire_to(service, name)
    made = create_serializer(protocol).serialize_to_request(params, model)
    if protocol == "query" and "Version" not in made["body"]:
        made["body"]["Version"] = model.service_model.api_version
    prepared = AWSRequest(
        method=made["method"],
        url="http://127.0.0.1" + made["url_path"],
        headers=made["headers"],
        data=made["body"],
    ).prepare()
    headers = {key.lower(): value for key, value in prepared.headers.items()}
    headers = {key: value.decode() if isinstance(value, bytes) else value for key, value in headers.items()}
    headers["authorization"] = SIGNED.format("us-east-1", name)
    body = prepared.body.encode() if isinstance(prepared.body, str) else bytes(prepared.body or b"")
    response = wire.handle(Request(made["method"], made["url_path"], "", headers, body))
    assert "x-amzn-RequestId" in response.headers
    parsed = create_parser(protocol).parse(
        {"status_code": response.status, "headers": lowered(response.headers), "body": response.body},
        model.output_shape,
    )
    return service.calls[0], parsed


def lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


ALARM = {
    "AlarmName": "storefront <5xx> & more",
    "ActionsEnabled": True,
    "AlarmActions": ["arn:one", "arn:two"],
    "Dimensions": [{"Name": "Region", "Value": "us-east-1"}],
    "EvaluationPeriods": 3,
    "Threshold": 1.5,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.mark.parametrize("protocol", ["json", "smithy-rpc-v2-cbor", "query"])
def test_alarm_goes_in_and_out(protocol: str) -> None:
    call, _ = speak(protocol, "monitoring", "PutMetricAlarm", ALARM, {})
    assert call == Call("monitoring", "PutMetricAlarm", "us-east-1", ALARM, "us-east-1")
    given_alarm = {**ALARM, "StateUpdatedTimestamp": AT, "StateValue": "OK"}
    _, parsed = speak(protocol, "monitoring", "DescribeAlarms", {}, {"MetricAlarms": [given_alarm]})
    when = parsed["MetricAlarms"][0].pop("StateUpdatedTimestamp")
    assert abs(when.timestamp() - AT) < 0.001
    assert parsed["MetricAlarms"] == [{**ALARM, "StateValue": "OK"}]


@pytest.mark.parametrize("protocol", ["json", "smithy-rpc-v2-cbor", "query"])
def test_times_and_numbers_reach_the_service_as_numbers(protocol: str) -> None:
    moment = datetime.fromtimestamp(AT, UTC)
    datum = {"MetricName": "Errors", "Timestamp": moment, "Values": [1.0, -2.5], "StorageResolution": 10}
    call, _ = speak(protocol, "monitoring", "PutMetricData", {"Namespace": "Shop", "MetricData": [datum]}, {})
    sent = call.params["MetricData"][0]
    assert sent.pop("Timestamp") == pytest.approx(AT, abs=1)  # Query writes whole seconds
    assert sent == {"MetricName": "Errors", "Values": [1.0, -2.5], "StorageResolution": 10}


@pytest.mark.parametrize("protocol", ["json", "smithy-rpc-v2-cbor", "query"])
def test_errors_carry_the_old_code_where_the_model_has_one(protocol: str) -> None:
    error = AwsError("ResourceNotFound", "no such alarm \x00 <here>", 404)
    _, parsed = speak(protocol, "monitoring", "DescribeAlarms", {}, error)
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert parsed["Error"]["Code"] in ("ResourceNotFound", "DashboardNotFoundError")
    assert parsed["Error"]["Message"].endswith("<here>")


def test_sqs_keeps_the_error_code_of_its_query_api() -> None:
    error = AwsError("QueueDoesNotExist", "The specified queue does not exist.")
    _, parsed = speak("json", "sqs", "GetQueueUrl", {"QueueName": "q"}, error)
    assert parsed["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert parsed["Error"]["QueryErrorCode"] == "QueueDoesNotExist"


def test_sqs_message_attributes_are_bytes_inside() -> None:
    attributes = {"a": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    params = {"QueueUrl": "u", "MessageBody": "b", "MessageAttributes": attributes}
    call, _ = speak("json", "sqs", "SendMessage", params, {"MessageId": "m", "MD5OfMessageBody": "x"})
    assert call.params == params


def test_binary_items_go_in_and_out() -> None:
    item = {"k": {"B": b"\x00\xff"}, "s": {"BS": [b"a"]}, "m": {"M": {"x": {"L": [{"NULL": True}]}}}}
    call, parsed = speak(
        "json", "dynamodb", "PutItem", {"TableName": "t", "Item": item}, {"Attributes": item}
    )
    assert call.params["Item"] == item
    assert parsed["Attributes"] == item


def test_error_fields_are_modelled() -> None:
    error = AwsError("ConditionalCheckFailedException", "no", fields={"Item": {"k": {"S": "v"}}})
    wire, _ = wire_to(Scripted("PutItem", error))
    response = wire.handle(json_request(body=b'{"TableName": "t", "Item": {}}'))
    assert response.status == 400
    assert json.loads(response.body) == {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "no",
        "Item": {"k": {"S": "v"}},
    }


def json_request(
    target: str = "DynamoDB_20120810.PutItem",
    body: bytes = b"{}",
    authorization: str | None = None,
    **headers: str,
) -> Request:
    if authorization is None:
        authorization = SIGNED.format("us-east-1", "dynamodb")
    found = {"x-amz-target": target, "content-type": "application/x-amz-json-1.0", **headers}
    if authorization:
        found["authorization"] = authorization
    return Request("POST", "/", "", found, body)


PUT = b'{"TableName": "t", "Item": {"k": {"S": "v"}}}'


@pytest.mark.parametrize(
    ("target", "region"),
    [
        ("DynamoDB_20120810.UpdateContinuousBackups", "us-east-1"),  # an operation that is not here
        ("DynamoDBStreams_20120810.PutItem", "us-east-1"),  # another API under the same signing name
        ("DynamoDB_20120810.PutItem", "eu-west-1"),  # a Region that is not here
    ],
)
def test_what_is_not_here_goes_to_the_fallback(target: str, region: str) -> None:
    service = Scripted("PutItem", {})
    wire, fallback = wire_to(service)
    request = json_request(target, PUT, SIGNED.format(region, "dynamodb"))
    assert wire.handle(request).status == 299
    assert fallback.requests == [request]
    assert service.calls == []


def test_rest_requests_go_to_the_fallback_also_presigned() -> None:
    wire, fallback = wire_to(Scripted("PutItem", {}))
    presigned = Request(
        "GET", "/bucket/key", "X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"
    )
    signed = Request("GET", "/bucket/key", "", {"authorization": SIGNED.format("us-east-1", "s3")})
    assert [wire.handle(presigned).status, wire.handle(signed).status] == [299, 299]
    assert len(fallback.requests) == 2


def test_unsigned_requests_need_a_scope_from_the_transport() -> None:
    service = Scripted("PutItem", {})
    wire, fallback = wire_to(service)
    assert wire.handle(json_request(body=PUT, authorization="")).status == 403
    assert wire.handle(json_request(body=PUT, authorization="Bearer x")).status == 400
    assert (service.calls, fallback.requests) == ([], [])
    scope = Scope("dynamodb", "us-east-1")
    assert wire.handle(json_request(body=PUT, authorization=""), "", scope).status == 200


def test_the_endpoint_reaches_the_service() -> None:
    service = Scripted("PutItem", {})
    wire, _ = wire_to(service)
    wire.handle(json_request(body=PUT), "eu-west-1")
    wire.handle(json_request(body=PUT))
    assert [call.endpoint for call in service.calls] == ["eu-west-1", "us-east-1"]


def test_the_lock_is_held_while_a_service_runs_and_only_then() -> None:
    held: list[str] = []

    class Lock:
        def __enter__(self) -> None:
            held.append("taken")

        def __exit__(self, *_: object) -> None:
            held.append("left")

    service = Scripted("PutItem", AwsError("ValidationException", "no"))
    wire = Wire({("dynamodb", "us-east-1"): service}, lambda _: Response(299, {}, b""), Lock())
    wire.handle(json_request("DynamoDB_20120810.Nothing"))
    assert held == []
    wire.handle(json_request(body=PUT))
    assert held == ["taken", "left"]


def test_messages_do_not_show_what_they_carry() -> None:
    request = Request("POST", "/", "", {"authorization": "hidden-key"}, b"hidden-token")
    assert "hidden" not in repr((request, Response(200, {"x": "hidden"}, b"hidden")))


def test_request_ids_differ() -> None:
    wire, _ = wire_to(Scripted("PutItem", {}))
    assert len({wire.handle(json_request(body=PUT)).headers["x-amzn-RequestId"] for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"\xff\xfe", "SerializationException"),
        (b'{"TableName": 5, "Item": {}}', "SerializationException"),
        (b'{"TableName": "t", "Item": []}', "SerializationException"),
        (b'{"TableName": "t", "Item": {"k": {"B": "!"}}}', "SerializationException"),
        (b'{"TableName": "t", "Item": {"k": {"S": "\\ud800"}}}', "SerializationException"),
        (b'{"TableName": "t", "Item": {"k": {"S": NaN}}}', "SerializationException"),
        (b'{"TableName": ' + b"[" * 100_000, "SerializationException"),
        (b'{"TableName": "t", "Item": {"k": ' + b'{"M": {"k": ' * 5000 + b"{}" + b"}}" * 5000 + b"}}", None),
        (b'{"TableName": "t", "Item": {"k": ' + b'{"M": {"k": ' * 300 + b"{}" + b"}}" * 300 + b"}}", None),
        (b'{"Item": {}}', "ValidationException"),
        (b'{"TableName": null, "Item": {}}', "ValidationException"),
    ],
)
def test_broken_bodies_get_an_error_answer(body: bytes, code: str | None) -> None:
    service = Scripted("PutItem", {})
    wire, _ = wire_to(service)
    response = wire.handle(json_request(body=body))
    assert 400 <= response.status < 500
    assert service.calls == []
    if code:
        assert json.loads(response.body)["__type"].endswith("#" + code)


def test_json_has_no_nan() -> None:
    wire, _ = wire_to(Scripted("SetAlarmState", {}), "monitoring")
    body = b'{"AlarmName": "a", "StateValue": "OK", "StateReason": "r", "Unknown": NaN}'
    scope = SIGNED.format("us-east-1", "monitoring")
    response = wire.handle(json_request("GraniteServiceVersion20100801.SetAlarmState", body, scope))
    assert response.status == 400


@pytest.mark.parametrize(
    "form",
    [b"AlarmName=1&AlarmName..x=2", b".=1", b"AlarmActions.member.x=1&Threshold=x", b"a" + b".b" * 99],
)
def test_hostile_forms_are_refused(form: bytes) -> None:
    service = Scripted("PutMetricAlarm", {})
    wire, _ = wire_to(service, "monitoring")
    rest = b"AlarmName=a&EvaluationPeriods=1&ComparisonOperator=x&"
    body = b"Action=PutMetricAlarm&" + rest + form
    assert wire.handle(Request("POST", "/", "", FORM, body)).status == 400
    assert service.calls == []


def test_members_that_nobody_knows_are_dropped() -> None:
    service = Scripted("PutItem", {})
    wire, _ = wire_to(service)
    wire.handle(json_request(body=b'{"TableName": "t", "Item": {}, "Evil": {"a": 1}, "ReturnValues": null}'))
    assert service.calls[0].params == {"TableName": "t", "Item": {}}


FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "authorization": SIGNED.format("us-east-1", "monitoring"),
}
CBOR = {"smithy-protocol": "rpc-v2-cbor", "authorization": SIGNED.format("us-east-1", "monitoring")}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
@example(b"\x7f\x00")  # CBOR: a text in chunks, of which one is a number
def test_no_body_breaks_the_wire(body: bytes) -> None:
    wire, _ = wire_to(Scripted("PutMetricAlarm", {}), "monitoring")
    target = "GraniteServiceVersion20100801.PutMetricAlarm"
    path = "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm"
    scope = SIGNED.format("us-east-1", "monitoring")
    for request in (
        json_request(target, body, scope),
        Request("POST", path, "", CBOR, body),
        Request("POST", "/", "", FORM, b"Action=PutMetricAlarm&" + body),
        Request("POST", "/", "", FORM, body),
        Request("GET", "/", body.decode("latin-1"), {"authorization": scope}, b""),
    ):
        response = wire.handle(request)
        assert response.status == 299 or 400 <= response.status < 500, (request, response)


def test_an_error_in_a_service_is_raised_not_hidden() -> None:
    class Broken(Scripted):
        def run(self, call: Call) -> dict[str, Any]:
            raise ZeroDivisionError

    wire, _ = wire_to(Broken("PutItem", {}))
    with pytest.raises(ZeroDivisionError):
        wire.handle(json_request(body=PUT))
