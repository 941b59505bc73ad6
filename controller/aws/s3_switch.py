"""The switch without an ARC cluster: `RoutingControls` on objects in S3.

Route 53's health checks watch these objects.

```
 object absent    health check fails     inverted: healthy      control On
 object present   health check succeeds  inverted: unhealthy    control Off
 bucket down      health check fails     inverted: healthy      control On: the primary stays as it is
```
Each bucket lies outside the Region that it moves, so leaving a Region asks nothing of it. There is no batch:
all On are made and read back before any Off is sent. AWS: S3 User Guide, "Conditional writes", "Conditional
deletes"; Route 53 Developer Guide, "Invert health check status". S3 reads show the latest write.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from controller.aws.errors import OUTSIDE, code
from controller.core.text import sanitize
from controller.ports.errors import SwitchRefused, SwitchUnavailable
from controller.ports.outside import ReadBack
from controller.ports.runtime import Runtime

PERMISSIONS = (
    ("s3:DeleteObject", "object"),
    ("s3:GetObject", "object"),  # AWS: a conditional delete needs both
    ("s3:ListBucket", "bucket"),
    ("s3:PutObject", "object"),
)
"""(action, resource type) pairs, as in AWS's Service Authorization Reference. A shadow deployment has
`s3:ListBucket` alone."""

PAUSE = 0.5
"""Seconds before a call that got no answer is made again; all calls go to one endpoint."""
CHECKERS = (
    *("15.177.0.0/18", "54.183.255.128/26", "54.228.16.0/26", "54.232.40.64/26", "54.241.32.64/26"),
    *("54.243.31.192/26", "54.244.52.192/26", "54.245.168.0/26", "54.248.220.0/26", "54.250.253.192/26"),
    *("54.251.31.128/26", "54.252.79.128/26", "54.252.254.192/26", "54.255.254.192/26", "107.23.255.0/26"),
    *("176.34.159.192/26", "177.71.207.128/26"),
)
"""The addresses of Route 53's health checkers, which alone may read the objects (`ROUTE53_HEALTHCHECKS` of
AWS's ip-ranges.json; a check by name goes by IPv4 alone). The doctor compares GetCheckerIpRanges."""
_MOST_PAGES = 10
_MEANWHILE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
"""The condition did not hold: look again."""
_LATER = frozenset(
    {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "Throttling"}
)

Changes = Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True, order=True)
class Watched:
    """The object that a control's health check asks for."""

    region: str
    bucket: str
    key: str


class StandbySwitch:
    """The controls on S3 objects, read and moved by name.

    All times in seconds.

    Parameters
    ----------
    stores: Region -> S3 client with short timeouts and no retries of its own.
    objects: control -> its object; None: it has no health check and is always On.
    read_within: how long `read` tries.
    """

    def __init__(
        self,
        stores: Mapping[str, BaseClient],
        objects: Mapping[str, Watched | None],
        *,
        runtime: Runtime,
        rng: random.Random,
        read_within: float = 5.0,
    ) -> None:
        self._stores: dict[str, Any] = dict(stores)
        self._objects, self._runtime, self._rng = dict(objects), runtime, rng
        self._read_within = read_within

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        """Return the states of the controls: name -> on.

        Raises `SwitchUnavailable` where a bucket does not answer, `SwitchRefused` where S3 denies or a
        control is not known.
        """
        seen = self._look(controls, self._runtime.monotonic() + self._read_within)
        return {name: tag is None for name, tag in seen.items()}

    def update(
        self,
        calls: Sequence[Changes],
        *,
        deadline: float,
        fence: Callable[[], None],
        override: Sequence[str] = (),  # noqa: ARG002 - it has no safety rules to set aside
    ) -> ReadBack:
        """Apply the changes one object at a time, On before Off.

        Else as `ports.outside.RoutingControls.update` promises. After a failure every slice is On somewhere
        still; a part of the changes may be applied.
        """
        changes = [change for call in calls for change in call]
        goal = dict(changes)
        if len(goal) != len(changes):
            raise ValueError("a control is named twice")
        self._refuse_fixed(goal)
        for on in (True, False):
            self._reach([name for name, wanted in changes if wanted is on], on, deadline, fence)
        return ReadBack(goal)

    def _reach(self, names: Sequence[str], on: bool, deadline: float, fence: Callable[[], None]) -> None:
        """Send until S3 shows the goal.

        A lost reply is found by looking, never by sending again first.
        """
        first = tags = self._look(names, deadline)
        trouble = ""
        while wrong := [name for name in names if (tags[name] is None) is not on]:
            for name in wrong:
                fence()
                if self._runtime.monotonic() >= deadline:
                    left = ", ".join(f"{each} {'On' if on else 'Off'}" for each in wrong)
                    raise SwitchUnavailable(f"the deadline passed before {left}{trouble}")
                failed = self._send(name, on, tags[name])
                if failed:
                    trouble = f": {failed}"
                    self._runtime.sleep(PAUSE)
                    break
            tags = self._look(names, deadline)
            if again := [name for name in names if on and tags[name] not in (None, first[name])]:
                # Not the Off that was read before: somebody else turned it Off again, and is not fought.
                raise SwitchRefused(f"changed by somebody else meanwhile: {', '.join(again)}")

    def _send(self, name: str, on: bool, tag: str | None) -> str:
        """Make one conditional call; return the failure if another try may help.

        Returns "" where it succeeded; raises `SwitchRefused` where no other try helps.
        """
        watched = self._objects[name]
        if watched is None:
            raise SwitchRefused(f"{name} is always On: it has no object")
        store, place = self._stores[watched.region], {"Bucket": watched.bucket, "Key": watched.key}
        try:
            if on:
                store.delete_object(**place, IfMatch=tag)
            else:
                store.put_object(
                    **place, Body=self._body(name), IfNoneMatch="*", ContentType="application/json"
                )
        except OUTSIDE as error:
            if code(error) not in _MEANWHILE and not _passing(error):
                raise SwitchRefused(f"S3 refused {name} {'On' if on else 'Off'}: {_said(error)}") from error
            return _said(error)
        return ""

    def _body(self, name: str) -> bytes:
        """Return the content of the object, which anybody can read.

        The nonce gives each Off an ETag of its own.
        """
        said = {"control": name, "off_since": self._runtime.now(), "nonce": f"{self._rng.getrandbits(64):x}"}
        return json.dumps(said).encode()

    def _look(self, names: Sequence[str], deadline: float) -> dict[str, str | None]:
        """Return the ETag of each control's object, None where there is none."""
        unknown = [name for name in names if name not in self._objects]
        if unknown:
            raise SwitchRefused(f"no object is configured for {', '.join(unknown)}")
        watched = {name: found for name in names if (found := self._objects[name]) is not None}
        buckets = sorted({(one.region, one.bucket) for one in watched.values()})
        tags = {place: self._list(*place, deadline) for place in buckets}
        return {
            name: tags[at.region, at.bucket].get(at.key) if (at := watched.get(name)) else None
            for name in names
        }

    def _list(self, region: str, bucket: str, deadline: float) -> dict[str, str]:
        while True:
            try:
                return self._pages(self._stores[region], bucket)
            except OUTSIDE as error:
                if not _passing(error):
                    raise SwitchRefused(f"S3 does not show {bucket}: {_said(error)}") from error
                if self._runtime.monotonic() + PAUSE >= deadline:
                    raise SwitchUnavailable(
                        f"{bucket} in {region} does not answer: {_said(error)}"
                    ) from error
            self._runtime.sleep(PAUSE)

    def _pages(self, store: Any, bucket: str) -> dict[str, str]:
        request: dict[str, Any] = {"Bucket": bucket}
        tags: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = store.list_objects_v2(**request)
            tags |= {str(one["Key"]): str(one["ETag"]) for one in answer.get("Contents", ())}
            if not answer.get("IsTruncated"):
                return tags
            request["ContinuationToken"] = answer["NextContinuationToken"]
        raise SwitchRefused(f"{bucket} holds too many objects to be a switch")

    def _refuse_fixed(self, goal: Mapping[str, bool]) -> None:
        """Refuse to turn Off a control without an object.

        It cannot be turned Off: nothing may be sent before that is said.
        """
        fixed = [n for n, on in goal.items() if not on and n in self._objects and self._objects[n] is None]
        if fixed:
            raise SwitchRefused(f"always On, for no health check watches it: {', '.join(fixed)}")


def _passing(error: Exception) -> bool:
    """Return True where the same call may succeed later."""
    if not isinstance(error, ClientError):
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code(error) in _LATER or (isinstance(status, int) and status >= 500)


def _said(error: Exception) -> str:
    return sanitize(str(error), 200)
