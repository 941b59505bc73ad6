"""The errors of botocore, turned into the controller's own in one place."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from controller.core.text import sanitize
from controller.ports.errors import ControllerError

OUTSIDE = (BotoCoreError, ClientError, ResponseParserError)
"""Everything that a call may raise: AWS said no, nobody answered, or the answer was not readable."""


def code(error: Exception) -> str:
    """Return AWS's error code ("ThrottlingException"), or the error's class name.

    The class names what went wrong on the way to AWS.
    """
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "unnamed error")
    return type(error).__name__


@contextmanager
def translated(into: type[ControllerError], doing: str) -> Iterator[None]:
    """Raise `into` for any failure of the calls inside.

    Its sentence is "`doing`: what happened". Not for calls that carry a secret: the original error, which may
    quote it, stays attached.
    """
    try:
        yield
    except OUTSIDE as error:
        raise into(f"{doing}: {sanitize(str(error), 300)}") from error
