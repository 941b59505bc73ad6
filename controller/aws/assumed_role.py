"""The credentials of a role in another account, for an hour at most.

The own Region's STS is asked first, then the next controller's.
```
 asked ──────────── half ─────────────────── expires     an hour at most: the role is chained
   └ used as it is ──┘└ a new one is asked for; where no STS answers, used on ──┘└ nothing: *unknown*
     refused? a new one is asked for at once
```
A session of one Region's STS is good in every Region (IAM User Guide, "Manage AWS STS in an AWS Region"; it
must be active in the account of the role). That nobody gives us a session is our own inability to look, and
never the silence of what we would look at: each failure here is `refused`.

The keys are in no `repr`, no sentence and no exception: what STS answered is never quoted, save for its
code and its message.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.client import BaseClient
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError, NoCredentialsError

from controller.aws.errors import OUTSIDE, code
from controller.core.text import sanitize
from controller.ports.errors import EvidenceUnavailable, SwitchRefused, SwitchUnavailable
from controller.ports.outside import ReadBack, RoutingControls
from controller.ports.runtime import Runtime, answer_within

PERMISSIONS: tuple[str, ...] = ("sts:AssumeRole",)
LIFE = 3600
"""Seconds: AWS gives a role that another role assumes an hour at most, whatever its own longest is."""
AGAIN = 10.0
"""Seconds after a failure in which nobody is asked again: a tick asks many questions at once."""


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Temporary credentials.

    renew, expires: seconds since 1970, by our own clock.
    """

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    renew: float
    expires: float


class AssumedRole:
    """The session of one role, renewed at half its life.

    clients: Region -> STS client, in the order in which they are asked. name: of the session, as the other
    account's CloudTrail shows it.
    """

    def __init__(
        self,
        *,
        clients: Mapping[str, BaseClient],
        role: str,
        external_id: str,
        name: str,
        runtime: Runtime,
        timeout: float = 1.0,
    ) -> None:
        self._clients, self._role, self._external_id, self._name = clients, role, external_id, name
        self._runtime, self._timeout = runtime, timeout
        self._held: SessionKeys | None = None
        self._failed: tuple[float, str] | None = None

    def ready(self) -> None:
        """Have a session, before a question that must not wait for one.

        Raises `EvidenceUnavailable`, refused.
        """
        now, held = self._runtime.now(), self._held
        if held is not None and now < held.renew:
            return
        told = self._fails()
        if told is None:
            told = self._renew(now)
        if told is not None and (held is None or now >= held.expires):
            raise EvidenceUnavailable(told, refused=True)

    def doubt(self) -> None:
        """Have a new session asked for next time.

        This one was refused: it may have been revoked, or be over. Where nobody gives a new one it is used
        on, for the refusal may have had another cause.
        """
        if self._held is not None:
            self._held = replace(self._held, renew=self._runtime.now())

    def keys(self) -> SessionKeys:
        """Return the session at hand, without asking anybody.

        Raises `NoCredentialsError` where there is none, or it is over.
        """
        held = self._held
        if held is None or self._runtime.now() >= held.expires:
            raise NoCredentialsError
        return held

    def _fails(self) -> str | None:
        """Return the sentence of a failure that was a moment ago."""
        if self._failed is None or self._runtime.monotonic() >= self._failed[0]:
            return None
        return self._failed[1]

    def _renew(self, now: float) -> str | None:
        """Ask one Region's STS after the other; return why none gave a session."""
        refusals = []
        for region, client in self._clients.items():
            answer = self._asked(region, client)
            keys = answer if isinstance(answer, str) else _read(answer, now)
            if isinstance(keys, SessionKeys):
                self._held, self._failed = keys, None
                return None
            refusals.append(f"STS in {region}: {keys}")
        told = f"nobody lets us be {sanitize(self._role, 150)}: {'; '.join(refusals)}"
        self._failed = self._runtime.monotonic() + AGAIN, told
        return told

    def _asked(self, region: str, client: Any) -> Mapping[str, Any] | str:
        def ask() -> Mapping[str, Any] | str:
            try:
                found: Mapping[str, Any] = client.assume_role(
                    RoleArn=self._role,
                    RoleSessionName=self._name,
                    ExternalId=self._external_id,
                    DurationSeconds=LIFE,
                )
            except OUTSIDE as error:
                return _refusal(error)
            return found

        try:
            return answer_within(self._runtime, ask, self._timeout, whom=f"STS in {region}: no answer")
        except EvidenceUnavailable:
            return "no answer"


def _refusal(error: Exception) -> str:
    """Return AWS's code and message, and of any other error its name alone.

    Its text may quote the answer.
    """
    if isinstance(error, ClientError):
        return sanitize(f"{code(error)}: {error.response.get('Error', {}).get('Message', '')}", 160)
    return code(error)


def _read(answer: Mapping[str, Any], now: float) -> SessionKeys | str:
    """Return the keys of an answer, or why there are none.

    Their life is counted by our own clock, and is never longer than asked. Where our clock is late, AWS ends
    the session first, and says so to each question.
    """
    try:
        found = answer["Credentials"]
        expires = min(float(found["Expiration"].timestamp()), now + LIFE)
        texts = [found[key] for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    except (LookupError, TypeError, AttributeError, ValueError):
        return "the answer cannot be read"
    if not all(isinstance(text, str) and text for text in texts):
        return "the answer cannot be read"
    if expires <= now:
        return "the session is over already: the clocks differ"
    access_key, secret_key, token = texts
    return SessionKeys(access_key, secret_key, token, renew=now + (expires - now) / 2, expires=expires)


class RoleCredentials(Credentials):  # type: ignore[misc]
    """botocore's credentials, as the session stands when a request is signed.

    It asks nobody.
    """

    def __init__(self, keys: Callable[[], SessionKeys]) -> None:
        super().__init__("", "", "", method="assumed-role")
        self._keys = keys

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        held = self._keys()
        return ReadOnlyCredentials(held.access_key, held.secret_key, held.token)


class SwitchByRole:
    """`RoutingControls` of another account: a session first, then the switch.

    Raises `SwitchUnavailable` where there is no session: nothing was sent. After a refusal a new session is
    asked for.
    """

    def __init__(self, switch: RoutingControls, role: AssumedRole) -> None:
        self._switch, self._role = switch, role

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        with self._entered():
            return self._switch.read(controls)

    def update(
        self,
        calls: Sequence[Sequence[tuple[str, bool]]],
        *,
        deadline: float,
        fence: Callable[[], None],
        override: Sequence[str] = (),
    ) -> ReadBack:
        with self._entered():
            return self._switch.update(calls, deadline=deadline, fence=fence, override=override)

    @contextmanager
    def _entered(self) -> Iterator[None]:
        try:
            self._role.ready()
        except EvidenceUnavailable as error:
            raise SwitchUnavailable(f"the routing controls live in another account: {error}") from error
        try:
            yield
        except SwitchRefused:
            self._role.doubt()
            raise
