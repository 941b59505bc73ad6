"""The metric by which it is proved that customers moved, as a policy writes it."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints

from controller.core.terms import METRIC, Duration, Given, Region, Strict


def part(value: object) -> float:
    """`"10%"` -> 0.1. Raises `ValueError` for anything that is not a whole number of percent below 100."""
    match = re.fullmatch(r"([0-9]{1,2})%", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a part such as "10%", below "100%"')
    return int(match[1]) / 100


Part = Annotated[
    float,
    BeforeValidator(part),
    PlainSerializer(lambda value: f"{value * 100:.0f}%"),
    Field(json_schema_extra={"type": "string", "pattern": "^[0-9]{1,2}%$"}),
]
Metric = Annotated[str, StringConstraints(pattern=METRIC)]


class Traffic(Strict):
    """A CloudWatch metric that counts requests: the same in each Region, but for its dimensions."""

    namespace: Metric
    metric: Metric
    dimensions: Annotated[
        dict[Region, Annotated[dict[Metric, Metric], Field(min_length=1, max_length=30)]] | None, Given
    ] = None
    at_most: Part = Field(alias="atMost")
    within: Duration
    if_unknown: Literal["proceed", "hold"] = Field(alias="ifUnknown")
