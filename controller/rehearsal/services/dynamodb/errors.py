"""The error answers of DynamoDB, in DynamoDB's words (DynamoDB API reference, "Common errors")."""

from typing import Any

from controller.rehearsal.service import AwsError


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def bad_parameter(message: str) -> AwsError:
    return invalid(f"One or more parameter values were invalid: {message}")


def no_table(name: str | None = None) -> AwsError:
    suffix = "" if name is None else f": Table: {name} not found"
    return AwsError("ResourceNotFoundException", f"Requested resource not found{suffix}")


def condition_failed(item: dict[str, Any] | None) -> AwsError:
    """Return the error of a condition that does not hold.

    item: only where the caller asked for it and there was one.
    """
    fields = {} if item is None else {"Item": item}
    return AwsError("ConditionalCheckFailedException", "The conditional request failed", fields=fields)


def cancelled(reasons: list[dict[str, Any]]) -> AwsError:
    """Return the error of a transaction that was not done.

    reasons: one for each of its items, in their order.
    """
    codes = ", ".join(reason["Code"] for reason in reasons)
    told = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return AwsError("TransactionCanceledException", told, fields={"CancellationReasons": reasons})
