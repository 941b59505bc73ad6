"""The doctor on `states:SendTask*`: AWS takes a grant of the machine's ARN, and its simulator wants `*`."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from controller.entry.doctor import permissions
from controller.entry.doctor.finding import Patient
from controller.settings import Right
from tests.entry.examined_deployment import HERE, patients, told
from tests.support.drill_run import ALONE, set_up
from tests.support.wire import connect

SEND, START = "states:SendTaskSuccess", "states:StartExecution"
MACHINE = "arn:aws:states:us-east-2:111122223333:stateMachine:tidegate"
EXECUTIONS = "arn:aws:states:us-east-2:111122223333:execution:tidegate:*"
NEEDS = {"Tick": (Right(actions=(START, SEND), resources=(MACHINE, EXECUTIONS)),)}
SPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


@dataclass
class Iam:
    """An IAM whose simulator has no resource type for `SendTask*`, as the reference has none.

    resources: of the role's one statement about Step Functions. above: members of each result. denies: a
    statement denies everything. readable: the role's policies may be read. attached: the policy is a managed
    one, and none is inline. strict: the simulator knows `SendTask*` on no ARN, whatever is granted.
    condition: of the statement.
    """

    resources: Collection[str] = (MACHINE, EXECUTIONS)
    actions: Collection[str] = (START, "states:SendTask*")
    above: str = ""
    denies: bool = False
    readable: bool = True
    attached: bool = False
    strict: bool = False
    condition: Mapping[str, Any] | None = None

    def serve(self, request: Any) -> AWSResponse:
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        wish = {key: values[0] for key, values in parse_qs(body).items()}
        action = wish["Action"]
        if action != "SimulatePrincipalPolicy" and not self.readable:
            text = (
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
            )
            return AWSResponse(request.url, 403, {}, MockRawResponse(text.encode()))
        content = {"SimulatePrincipalPolicy": self._simulated, "ListRolePolicies": self._names,
                   "GetRolePolicy": self._policy, "ListAttachedRolePolicies": self._managed,
                   "GetPolicy": self._newest, "GetPolicyVersion": self._version}[action](wish)  # fmt: skip
        text = (
            f'<{action}Response xmlns="{SPACE}"><{action}Result>{content}</{action}Result></{action}Response>'
        )
        return AWSResponse(request.url, 200, {"content-type": "text/xml"}, MockRawResponse(text.encode()))

    def _simulated(self, wish: Mapping[str, str]) -> str:
        named = any(key.startswith("ResourceArns.") for key in wish)
        every = (value for key, value in wish.items() if key.startswith("ActionNames."))
        results = "".join(
            f"<member><EvalActionName>{each}</EvalActionName><EvalDecision>{self._decided(each, named)}"
            f"</EvalDecision>{self.above}</member>"
            for each in every
        )
        return f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"

    def _decided(self, action: str, named: bool) -> str:
        if self.denies:
            return "explicitDeny"
        if "*" in self.resources:
            return "implicitDeny" if self.strict and named and action == SEND else "allowed"
        return "allowed" if named and not action.startswith("states:SendTask") else "implicitDeny"

    def _names(self, _wish: Mapping[str, str]) -> str:
        names = "" if self.attached else "<member>p</member>"
        return f"<PolicyNames>{names}</PolicyNames><IsTruncated>false</IsTruncated>"

    def _managed(self, _wish: Mapping[str, str]) -> str:
        named = "<member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::1:policy/p</PolicyArn></member>"
        listed = named if self.attached else ""
        return f"<AttachedPolicies>{listed}</AttachedPolicies><IsTruncated>false</IsTruncated>"

    def _newest(self, _wish: Mapping[str, str]) -> str:
        return "<Policy><DefaultVersionId>v2</DefaultVersionId></Policy>"

    def _version(self, wish: Mapping[str, str]) -> str:
        assert wish["VersionId"] == "v2"
        return f"<PolicyVersion><Document>{self._document()}</Document></PolicyVersion>"

    def _policy(self, wish: Mapping[str, str]) -> str:
        assert wish["RoleName"] == "tidegate-Tick"
        held = f"<PolicyDocument>{self._document()}</PolicyDocument>"
        return f"<RoleName>r</RoleName><PolicyName>p</PolicyName>{held}"

    def _document(self) -> str:
        statement: dict[str, Any] = {"Effect": "Allow", "Action": list(self.actions)}
        statement |= {"Resource": list(self.resources)}
        statement |= {"Condition": self.condition} if self.condition else {}
        return quote(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


@pytest.fixture(scope="module")
def patient() -> Patient:
    return next(each for each in patients(set_up(**ALONE)[0]) if each.deployment.region == HERE)


def examined(patient: Patient, iam: Iam) -> Patient:
    client, _ = connect("iam", iam.serve, "us-east-1")
    before = patient.ask
    deployment = patient.deployment.model_copy(update={"rights": NEEDS})
    return replace(
        patient, deployment=deployment, ask=lambda s, r, url: client if s == "iam" else before(s, r, url)
    )


@pytest.mark.parametrize(
    "iam",
    [
        Iam(),
        Iam(resources=(MACHINE,)),
        Iam(attached=True),
        Iam(resources=("*",)),
        Iam(resources=("*",), strict=True, readable=False),
        Iam(actions=(START, SEND)),
        Iam(resources=("arn:aws:states:*:111122223333:stateMachine:tidegate", EXECUTIONS)),
    ],
)
def test_the_machine_s_arn_is_right_and_so_is_a_star(patient: Patient, iam: Iam) -> None:
    assert [f.verdict for f in permissions.permissions(examined(patient, iam))] == ["ok"]


@pytest.mark.parametrize(
    ("iam", "decision"),
    [
        (Iam(actions=(START,)), "implicitDeny"),
        (Iam(resources=(EXECUTIONS,)), "implicitDeny"),
        (Iam(condition={"Bool": {"aws:SecureTransport": "false"}}), "implicitDeny"),
        (Iam(denies=True), "explicitDeny"),
        (Iam(above="<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false"
                   "</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"),
         "denied by the permissions boundary"),
        (Iam(above="<OrganizationsDecisionDetail><AllowedByOrganizations>false"
                   "</AllowedByOrganizations></OrganizationsDecisionDetail>"), "denied by the organisation"),
    ],
)  # fmt: skip
def test_what_nobody_granted_or_somebody_denies_is_bad(patient: Patient, iam: Iam, decision: str) -> None:
    assert f"Tick may not {SEND} ({decision})" in told(permissions.permissions(examined(patient, iam)))


def test_a_role_that_cannot_be_read_is_unknown_and_not_bad(patient: Patient) -> None:
    found = list(permissions.permissions(examined(patient, Iam(readable=False))))
    assert [each.verdict for each in found] == ["unknown"]
    assert "AccessDenied" in found[0].says
