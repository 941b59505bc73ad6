"""The Lambda of the rehearsal: the description of functions, and their invocation.

GetFunctionConfiguration describes the controllers' functions, as far as it is read.
A rehearsed service starts a function by `Invoke`, and receives its end as an `Outcome`.
"""

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.rehearsal.blueprint import LIVE, Blueprint, function_arn, qualified
from controller.rehearsal.service import AwsError, Call, Service

LATEST = "$LATEST"
Answer = dict[str, Any]


class Functions:
    """The functions of every controller Region; `others` answers Lambda's other operations.

    builds: (Region, function) -> the checksum of the code that `live` points at. latest: the same of
    `$LATEST`, which nobody calls. A test changes either to deploy other code, whole or half.
    reserved: the same -> reserved concurrency, as somebody set it by hand.
    """

    def __init__(self, plans: Collection[Blueprint], others: Service) -> None:
        self._others = others
        self.builds = {
            (region, plan.called(name)): _digest(plan.workflow)
            for plan in plans
            for region in plan.controllers
            for name in plan.functions
        }
        self.latest = dict(self.builds)
        self.reserved: dict[tuple[str, str], int] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            **self._others.operations,
            "GetFunctionConfiguration": self._configuration,
            "GetFunctionConcurrency": self._concurrency,
        }

    def _concurrency(self, call: Call) -> Answer:
        name, _ = qualified(str(call.params["FunctionName"]))
        if (call.region, name) not in self.latest:
            raise AwsError("ResourceNotFoundException", f"Function not found: {_arn(call, name)}", 404)
        kept = self.reserved.get((call.region, name))
        return {} if kept is None else {"ReservedConcurrentExecutions": kept}

    def _configuration(self, call: Call) -> Answer:
        name, within = qualified(str(call.params["FunctionName"]))
        qualifier = str(call.params.get("Qualifier") or within or LATEST)
        arn = _arn(call, name)
        found = {LIVE: self.builds, LATEST: self.latest}.get(qualifier, {}).get((call.region, name))
        if found is None:
            whole = arn if qualifier == LATEST else f"{arn}:{qualifier}"
            raise AwsError("ResourceNotFoundException", f"Function not found: {whole}", 404)
        role = f"arn:aws:iam::{call.account}:role/{name}"
        build = {"CodeSha256": found, "PackageType": "Zip", "State": "Active"}
        version = "1" if qualifier == LIVE else LATEST
        return {"FunctionName": name, "FunctionArn": arn, "Version": version, "Role": role, **build}


def _arn(call: Call, name: str) -> str:
    prefix, _, handler = name.partition("-")
    return function_arn(call.region, call.account, handler, prefix)


def _digest(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an invocation: `payload`, or the `error`'s name with its `cause`."""

    payload: Any = field(default=None, repr=False)
    error: str | None = None
    cause: str | None = None


Invoke = Callable[[str, Any, Callable[[Outcome], None]], None]
"""`invoke(function, payload, done)`: returns at once; `done` is called later, on the kernel's thread."""
