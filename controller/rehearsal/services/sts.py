"""The STS of the rehearsal: sessions of roles in another account, each for an hour at most.

```
 AssumeRole ─> token ─> Wire: a request that carries it is that role's, in that role's account
```
It answers in each Region for itself, and a session of one Region is good in all (IAM User Guide, "Manage AWS
STS in an AWS Region"). Who calls is not known here: a role's trust is judged by its external id alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.rehearsal.service import AwsError, Call, Ids, Request
from controller.rehearsal.time.kernel import Kernel

LONGEST, SHORTEST = 3600.0, 900.0
"""Seconds of a session of a chained role: an hour at most."""
HEADER = "x-amz-security-token"
_IAM_NAMES = {"monitoring": "cloudwatch"}
"""Signing name -> how permissions spell the service, where that differs."""


@dataclass(frozen=True, slots=True)
class RolePlan:
    """A role that may be assumed: whom it lets in, and what it may then do.

    allows: actions as a policy has them, such as `cloudwatch:DescribeAlarms`.
    """

    arn: str
    external_id: str
    allows: frozenset[str]

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]


@dataclass(frozen=True, slots=True)
class RoleSession:
    """A session of a role, until `ends` (seconds since 1970)."""

    role: RolePlan
    ends: float

    def check(self, service: str, operation: str) -> None:
        """Raise `AwsError` where the role may not do this."""
        action = f"{_IAM_NAMES.get(service, service)}:{operation}"
        if action not in self.role.allows:
            told = f"User: {self.role.arn} is not authorized to perform: {action}"
            raise AwsError("AccessDenied", told, 403)


class Tokens:
    """The sessions that STS gave out, in all Regions."""

    def __init__(self, kernel: Kernel, roles: Sequence[RolePlan] = ()) -> None:
        self.kernel, self.roles = kernel, {role.arn: role for role in roles}
        self._ids = Ids("sts")
        self.given: dict[str, RoleSession] = {}
        """Token -> its session; whoever takes one out revokes it."""
        self._ever: set[str] = set()

    def open(self, role: RolePlan, seconds: float) -> tuple[str, RoleSession]:
        token = self._ids.next()
        session = self.given[token] = RoleSession(role, self.kernel.now() + seconds)
        self._ever.add(token)
        return token, session

    def of(self, request: Request) -> RoleSession | None:
        """Return the session that a request is signed with; None for the controllers' own credentials.

        A function's own credentials have a token too, which was not given out here.
        Raises `AwsError` for a session that is over, or was revoked.
        """
        token = request.headers.get(HEADER)
        if token is None or token not in self._ever:
            return None
        session = self.given.get(token)
        if session is None:
            told = "The security token included in the request is invalid."
            raise AwsError("InvalidClientTokenId", told, 403)
        if self.kernel.now() >= session.ends:
            told = "The security token included in the request is expired"
            raise AwsError("ExpiredToken", told, 403)
        return session


class SecurityTokens:
    """The `sts` service of one Region."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, object]]]:
        return {"AssumeRole": self._assume_role}

    def _assume_role(self, call: Call) -> dict[str, object]:
        arn, seconds = str(call.params.get("RoleArn")), int(call.params.get("DurationSeconds") or LONGEST)
        role = self._tokens.roles.get(arn)
        if role is None or call.params.get("ExternalId") != role.external_id:
            told = f"User is not authorized to perform: sts:AssumeRole on resource: {arn[:200]}"
            raise AwsError("AccessDenied", told, 403)
        if not SHORTEST <= seconds <= LONGEST:
            raise AwsError(
                "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit"
            )
        token, session = self._tokens.open(role, seconds)
        number = token.replace("-", "").upper()
        keys = {
            "AccessKeyId": f"ASIA{number[:16]}",
            "SecretAccessKey": f"rehearsed/{token}",
            "SessionToken": token,
            "Expiration": session.ends,
        }
        name = str(call.params.get("RoleSessionName"))
        assumed = f"arn:aws:sts::{role.account}:assumed-role/{arn.rpartition('/')[2]}/{name}"
        return {
            "Credentials": keys,
            "AssumedRoleUser": {"AssumedRoleId": f"AROA{number[:16]}:{name}", "Arn": assumed},
        }
