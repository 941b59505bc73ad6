"""The terms that a policy is written in: durations, names and counts.

Times are written `43s`, `3m`, `1h`. `Problem` says what is wrong with a policy, and where in its file.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _whole(value: object) -> object:
    """Return `value`; raise `ValueError` unless it is an integer.

    Python takes True and 1.0 for the 1 of a `Literal`; a policy does not.
    """
    if type(value) is not int:
        raise ValueError("expected 1")
    return value


def _given(value: object) -> object:
    """Return `value`; raise `ValueError` where it is None.

    A key may be left out; a key that is there has a value.
    """
    if value is None:
        raise ValueError("expected a value; leave the key out to mean none")
    return value


def _count(value: object) -> object:
    if value != "all" and (type(value) is not int or not 1 <= value <= 100):
        raise ValueError("expected a whole number from 1 to 100, or `all`")
    return value


Given = BeforeValidator(_given)
One = Annotated[Literal[1], BeforeValidator(_whole)]
Count = Annotated[Annotated[int, Field(ge=1, le=100)] | Literal["all"], BeforeValidator(_count)]


def seconds(value: object) -> float:
    """Return the seconds of a duration: `"3m"` -> 180.0.

    Raises `ValueError` for anything that is not a number and a unit.
    """
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a duration such as "43s", "3m" or "1h"')
    return float(int(match[1]) * _UNITS[match[2]])


def _written(value: float) -> str:
    """Return the text that `seconds` reads back to the same value.

    It is in seconds, or in a larger unit where they have too many digits.
    """
    unit, size = next((unit, size) for unit, size in _UNITS.items() if value / size < 1e6)
    return f"{value / size:.0f}{unit}"


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    PlainSerializer(_written),
    Field(gt=0, json_schema_extra={"type": "string", "pattern": "^(?=0*[1-9])[0-9]{1,6}[smhd]$"}),
]
REGION = r"^[a-z]{2,4}(-[a-z]{2,4})?-(central|north|south|(north|south)?(east|west))-[0-9]$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
TEMPLATE = r"^([A-Za-z0-9_. -]|\{region\}){1,255}$"
GROUP = r"^group:[A-Za-z0-9_-]{1,64}$"
PURPOSE = r"^[A-Za-z0-9][A-Za-z0-9 _.,:()/-]{0,119}$"
EVENT = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"
SERVICE = r"^[A-Z][A-Z0-9_]{0,63}$"
METRIC = r"^[A-Za-z0-9_./#:-][A-Za-z0-9_./#: -]{0,254}$"
FILE = r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\.ya?ml$"

# What a text that does not match was expected to be.
SHAPES = {
    REGION: "the name of an AWS Region such as us-east-1",
    NAME: "a name of at most 63 letters, digits, - and _, which begins with a letter or a digit",
    TEMPLATE: "a name of letters, digits, spaces, and - _ . in which {region} stands for the Region",
    FILE: "the name of a file beside this one such as storefront.yaml",
    GROUP: "a group of people such as group:sre-oncall",
    PURPOSE: "a few words of at most 120 letters, digits, spaces and _ . , : ( ) / -",
    EVENT: "a name of at most 128 letters, digits, - _ and ., which begins with a letter or a digit",
    METRIC: "what CloudWatch knows by name: at most 255 letters, digits, spaces and _ . / # : -",
    SERVICE: "a service as AWS Health writes it, such as DYNAMODB",
}

Region = Annotated[str, StringConstraints(pattern=REGION)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Template = Annotated[str, StringConstraints(pattern=TEMPLATE)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def keys_of(value: Any) -> set[str] | None:
    """Return the keys of a mapping or of a model; None of anything else.

    The value is a model when a policy is written out.
    """
    if isinstance(value, BaseModel):
        return {name.rstrip("_") for name in type(value).model_fields}
    return set(value) if isinstance(value, dict) else None


Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem says what is wrong at one place of the file.

    where: the path of keys and indexes. at_key: the key itself is wrong, not what it holds.
    """

    where: Path
    message: str
    at_key: bool = False


class PolicyError(ValueError):
    """The policy is refused; the last good one stays."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, p.where))}: {p.message}" for p in problems))
        self.problems = tuple(problems)
