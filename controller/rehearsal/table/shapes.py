"""The tables that a controller has, as it asks for them."""

from collections.abc import Mapping
from typing import Any

TABLES: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "tidegate-journal": (("application", "S"), ("seq", "N")),
    "tidegate-evidence": (("application", "S"), ("signal", "S")),
    "tidegate-assessments": (("application", "S"), ("at", "N")),
}


def table(name: str, keys: tuple[tuple[str, str], tuple[str, str]]) -> dict[str, Any]:
    kinds = ("HASH", "RANGE")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": type_} for key, type_ in keys],
        "KeySchema": [
            {"AttributeName": key, "KeyType": kind} for (key, _), kind in zip(keys, kinds, strict=True)
        ],
    }
