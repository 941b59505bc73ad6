"""The Secrets Manager of the rehearsal: secrets that somebody made, by Region and name."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.service import AwsError, Call

SUFFIX = "AbCdEf"
"""The characters that AWS puts behind the name, in an ARN."""
Answer = dict[str, Any]


class Secrets:
    """The `secretsmanager` service of all Regions.

    values: (Region, name) -> the secret; a test puts it there, as a person does in an account.
    read: how often a value was read in each Region.
    """

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}
        self.read: Counter[str] = Counter()

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {"GetSecretValue": self._value, "DescribeSecret": self._description}

    def _value(self, call: Call) -> Answer:
        self.read[call.region] += 1
        return {**self._description(call), "SecretString": self.values[call.region, self._name(call)]}

    def _description(self, call: Call) -> Answer:
        name = self._name(call)
        if (call.region, name) not in self.values:
            raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        arn = f"arn:aws:secretsmanager:{call.region}:{call.account}:secret:{name}-{SUFFIX}"
        return {"ARN": arn, "Name": name}

    def _name(self, call: Call) -> str:
        return str(call.params["SecretId"])
