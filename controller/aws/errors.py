"""The errors of botocore, turned into the controller's own in one place."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ProxyConnectionError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from controller.core.text import sanitize
from controller.ports.errors import ControllerError, EvidenceUnavailable, OutsideUnreachable

RETRIES = re.compile(r" \(reached max retries: \d+\)")
"""What botocore adds to a sentence; most clients of ours must not retry, so it says nothing."""
OUTSIDE = (BotoCoreError, ClientError, ResponseParserError)
"""Everything that a call may raise: AWS said no, nobody answered, or the answer was not readable."""
THROTTLING = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "LimitExceeded",
        "LimitExceededException",
        "SlowDown",
    }
)
"""AWS's words for too many calls; some come with a status of 5xx."""


def code(error: Exception) -> str:
    """Return AWS's error code ("ThrottlingException"), or the error's class name.

    The class names what went wrong on the way to AWS.
    """
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "unnamed error")
    return type(error).__name__


def refuses(error: Exception) -> bool:
    """Return True where `error`, one of `OUTSIDE`, is our own inability to ask.

    AWS answered and did not let us (throttled, denied, a bad signature), or nothing was sent for a reason on
    our side (no credentials, our proxy). No refusal: an error of the service itself (5xx), and no answer.
    """
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code(error) in THROTTLING or status < 500
    unheard = HTTPClientError | BotoConnectionError | ResponseParserError
    return isinstance(error, ProxyConnectionError) or not isinstance(error, unheard)


@contextmanager
def translated(into: type[ControllerError], doing: str) -> Iterator[None]:
    """Raise `into` for any failure of the calls inside.

    Its sentence is "`doing`: what happened". Not for calls that carry a secret: the original error, which may
    quote it, stays attached.
    """
    try:
        yield
    except OUTSIDE as error:
        found = into(f"{doing}: {sanitize(RETRIES.sub('', str(error)), 300)}")
        if isinstance(found, OutsideUnreachable):
            found.absent = code(error) == "ResourceNotFoundException"
        if isinstance(found, EvidenceUnavailable):
            found.refused = refuses(error)
        raise found from error
