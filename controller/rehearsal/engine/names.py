"""Names, ARNs, errors and causes as Step Functions allows them."""

import re
from typing import Any

from controller.rehearsal.engine.failures import CAUSE_LIMIT, ERROR_LIMIT, writable
from controller.rehearsal.service import AwsError

_BAD = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]""")


def check_name(name: object) -> str:
    """A machine's or execution's name: 1 to 80 characters, none of AWS's forbidden ones."""
    if not isinstance(name, str) or not 1 <= len(name) <= 80 or _BAD.search(name) or not _is_text(name):
        shown = writable(name, 100) if isinstance(name, str) else ""
        raise AwsError("InvalidName", f"Invalid Name: '{shown}'")
    return name


def _is_text(name: str) -> bool:
    return not any(
        "\ud800" <= character <= "\udfff" or ord(character) & 0xFFFE == 0xFFFE for character in name
    )


def check_arn(arn: object, kind: str) -> str:
    """An ARN of the wanted kind (`stateMachine`, `execution`)."""
    parts = arn.split(":", 6) if isinstance(arn, str) else []
    if (
        len(parts) < 7
        or parts[0] != "arn"
        or parts[2] != "states"
        or parts[5] != kind
        or not _is_text(parts[6])
    ):
        shown = writable(arn, 256) if isinstance(arn, str) else ""
        raise AwsError("InvalidArn", f"Invalid Arn: '{shown}'")
    return ":".join(parts)


def check_failure(params: dict[str, Any]) -> tuple[str | None, str | None]:
    """The members `error` and `cause` of a request, both optional."""
    return _text(params, "error", ERROR_LIMIT), _text(params, "cause", CAUSE_LIMIT)


def _text(params: dict[str, Any], member: str, most: int) -> str | None:
    value = params.get(member)
    if value is not None and (not isinstance(value, str) or len(value) > most):
        raise AwsError("ValidationException", f"'{member}' must have length less than or equal to {most}")
    return writable(value, most)
