"""The Lambda of the rehearsal: the description of functions, and their invocation.

GetFunctionConfiguration describes the controllers' functions, as far as it is read.
A rehearsed service starts a function by `Invoke`, and receives its end as an `Outcome`.
"""

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.rehearsal.blueprint import Blueprint, function_arn
from controller.rehearsal.service import AwsError, Call, Service

Answer = dict[str, Any]


class Functions:
    """The functions of every controller Region; `others` answers Lambda's other operations.

    builds: (Region, function) -> the checksum of the deployed code; a test changes it to deploy other code.
    """

    def __init__(self, plans: Collection[Blueprint], others: Service) -> None:
        self._others = others
        self.builds = {
            (region, plan.called(name)): _digest(plan.workflow)
            for plan in plans
            for region in plan.controllers
            for name in plan.functions
        }

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {**self._others.operations, "GetFunctionConfiguration": self._configuration}

    def _configuration(self, call: Call) -> Answer:
        name = str(call.params["FunctionName"])
        prefix, _, handler = name.partition("-")
        arn = function_arn(call.region, call.account, handler, prefix)
        if (call.region, name) not in self.builds:
            raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404)
        role = f"arn:aws:iam::{call.account}:role/{name}"
        build = {"CodeSha256": self.builds[call.region, name], "PackageType": "Zip", "State": "Active"}
        return {"FunctionName": name, "FunctionArn": arn, "Role": role, **build}


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
