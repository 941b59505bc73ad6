"""The REST dialect: look-ups by path, answers and refusals as botocore reads them."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call, Request, Response, Scope
from controller.rehearsal.services.readiness import Providers
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.wire.dispatch import Wire
from controller.rehearsal.wire.rest_json import rest_of
from controller.rehearsal.wire.server import Server

REGION = "us-west-2"
ARC = "route53-recovery-readiness"
STATUS = "GetReadinessCheckStatus"


def fallback(request: Request) -> Response:
    return Response(418, {}, request.path.encode())


def wire(operations: dict[str, Any]) -> Wire:
    class Answers:
        def __init__(self) -> None:
            self.operations = operations

    return Wire({(ARC, REGION): Answers()}, fallback, Kernel(VirtualClock(0.0)).lock)


def get(path: str, query: str = "", method: str = "GET") -> Request:
    return Request(method, path, query)


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        (get("/readinesschecks/a%20b/status"), {"readinessCheckName": "a b"}),
        (get("/readinesschecks/arn:aws:x::1:check/a/status"), {"readinessCheckName": "arn:aws:x::1:check/a"}),
        (get("/readinesschecks//status"), None),
        (get("/readinesschecks/a/b/status"), None),
        (get("/readinesschecks/a/status", method="PUT"), None),
        (get("/"), None),
    ],
)
def test_a_request_is_found_by_its_path(request_: Request, found: dict[str, str] | None) -> None:
    rest = rest_of(request_, ARC, [STATUS])
    assert (rest and rest.path) == found


def test_no_operation_that_is_not_offered_is_found() -> None:
    assert rest_of(get("/readinesschecks/a/status"), ARC, ["GetCell"]) is None
    assert rest_of(get("/readinesschecks/a/status"), "dynamodb", [STATUS]) is None


def test_parameters_come_from_path_and_query_by_their_names() -> None:
    heard: list[Call] = []

    def answer(call: Call) -> dict[str, Any]:
        heard.append(call)
        return {"Readiness": "READY", "Resources": [{"LastCheckedTimestamp": 60.0}]}

    asked = get("/readinesschecks/orders/status", "maxResults=5&other=1")
    response = wire({STATUS: answer}).handle(asked, scope=Scope(ARC, REGION))
    assert heard[0].params == {"ReadinessCheckName": "orders", "MaxResults": "5"}
    expected = b'{"readiness":"READY","resources":[{"lastCheckedTimestamp":"1970-01-01T00:01:00Z"}]}'
    assert response.body == expected


def test_what_no_operation_is_for_goes_to_the_fallback() -> None:
    assert wire({}).handle(get("/readinesschecks/a/status"), scope=Scope(ARC, REGION)).status == 418


@pytest.fixture
def served() -> Any:
    """The providers behind a real socket, and what can be broken."""
    faults = Faults()
    providers = Providers(Kernel(VirtualClock(90.0)), faults)
    services = {("lambda", REGION): providers, (ARC, REGION): providers, ("servicequotas", REGION): providers}
    cloud = Wire(services, fallback, Kernel(VirtualClock(0.0)).lock)
    server = Server(cloud.handle, mute=faults.mute.__contains__)
    url = f"http://127.0.0.1:{server.serve()}"
    keys = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}

    def client(service: str, patience: float = 60.0) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=patience)
        return boto3.client(service, REGION, endpoint_url=url, config=config, **keys)

    yield faults, client
    server.stop()


def test_boto3_reads_every_answer_over_http_and_a_mute_service_answers_nothing(served: Any) -> None:
    faults, client = served
    assert client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1000
    check = client(ARC).get_readiness_check_status(ReadinessCheckName="orders us-west")
    assert check["Resources"][0]["LastCheckedTimestamp"].timestamp() == 60.0
    quota = client("service-quotas").get_service_quota(ServiceCode="apigateway", QuotaCode="L-8A5B8E43")
    assert quota["Quota"]["Value"] == 10_000.0
    faults.mute.add(ARC)
    with pytest.raises(ReadTimeoutError):
        client(ARC, patience=0.3).get_readiness_check_status(ReadinessCheckName="orders")


def test_boto3_reads_a_refusal() -> None:
    def refuse(_call: Call) -> dict[str, Any]:
        raise AwsError("AccessDeniedException", "not yours", 403)

    response = wire({STATUS: refuse}).handle(get("/readinesschecks/a/status"), scope=Scope(ARC, REGION))
    assert response.status == 403
    assert response.headers["x-amzn-ErrorType"] == "AccessDeniedException"
