"""The Deny statements of a resource's policy, judged as IAM judges a request.

As far as our templates use them (IAM User Guide, *Condition operators*): a key that the request lacks makes a
condition false, but `Null` asks for just that, and a negated operator is true for it.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

OPERATORS: Mapping[str, Callable[[str | None, str], bool]] = {
    "Bool": lambda has, wanted: has == wanted,
    "Null": lambda has, wanted: (has is None) == (wanted == "true"),
    "NumericLessThan": lambda has, wanted: has is not None and float(has) < float(wanted),
    "StringNotEquals": lambda has, wanted: has != wanted,
}


def denied(document: Mapping[str, Any], action: str, **keys: str) -> set[str]:
    """The Sids of the statements that deny a request. keys: of its context, with `_` for `:` and `-`."""
    context = {"aws_SecureTransport": "true"} | keys
    return {
        str(statement["Sid"])
        for statement in document["Statement"]
        if statement["Effect"] == "Deny"
        and any(fnmatchcase(action, each) for each in _list(statement["Action"]))
        and all(
            OPERATORS[operator](context.get(_spelt(key)), str(wanted))
            for operator, wants in statement.get("Condition", {}).items()
            for key, wanted in wants.items()
        )
    }


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _spelt(key: str) -> str:
    return key.replace(":", "_").replace("-", "_")
