"""An IAM that simulates what roles may do, for an examined deployment."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from controller.entry.doctor import permissions
from controller.entry.doctor.finding import Patient
from controller.settings import Right
from tests.support.wire import connect

MOVE, PUT = permissions.MOVES, "dynamodb:PutItem"
TABLE = "arn:aws:dynamodb:us-east-2:111122223333:table/tidegate-journal"
ALIAS = {"kms:ResourceAliases": ("alias/tidegate",)}
DECRYPT = Right(actions=("kms:Decrypt",), resources=("arn:aws:kms:us-east-2:111122223333:key/*",), keys=ALIAS)
NEEDS = {"ShiftTraffic": (Right(actions=(PUT,), resources=(TABLE,)), DECRYPT)}


def with_roles(patient: Patient, *allowed: str, asked: list[dict[str, list[str]]] | None = None) -> Patient:
    """An IAM in which each role allows these actions, and a deployment that needs `NEEDS`."""

    def serve(request: Any) -> AWSResponse:
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        wish = parse_qs(body)
        if asked is not None:
            asked.append(wish)
        results = "".join(
            f"<member><EvalActionName>{action}</EvalActionName>"
            f"<EvalDecision>{'allowed' if action in allowed else 'implicitDeny'}</EvalDecision></member>"
            for key, (action,) in wish.items() if key.startswith("ActionNames.")
        )  # fmt: skip
        space = "https://iam.amazonaws.com/doc/2010-05-08/"
        text = (
            f'<SimulatePrincipalPolicyResponse xmlns="{space}"><SimulatePrincipalPolicyResult>'
            f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
            "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
        )
        return AWSResponse(request.url, 200, {"content-type": "text/xml"}, MockRawResponse(text.encode()))

    iam, _ = connect("iam", serve, "us-east-1")
    before = patient.ask
    deployment = patient.deployment.model_copy(update={"rights": NEEDS})
    return replace(
        patient,
        deployment=deployment,
        ask=lambda s, r, url: iam if s == "iam" else before(s, r, url),
    )
