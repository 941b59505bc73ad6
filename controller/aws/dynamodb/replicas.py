"""The replicas of one table behind one call.

The Region's own replica comes first, another's where it does not answer.

```
 own replica ──no answer──> next replica ──answers──> kept for a minute, then the own one is tried again
```

Only for reads, and for writes whose outcome the caller resolves itself: whatever AWS *says* (a condition that
failed, a denial) is an answer; silence, throttling and a server's own fault are not.
"""

from collections.abc import Callable, Sequence
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from controller.aws.errors import code

STAY = 60.0
"""Seconds that another replica is kept after the own one did not answer."""
NO_ANSWER = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)


class Replicas:
    """Clients of the same strongly consistent global table, in order of preference.

    monotonic: seconds on a clock that never steps.
    """

    def __init__(self, clients: Sequence[BaseClient], monotonic: Callable[[], float]) -> None:
        self._clients, self._monotonic = tuple(clients), monotonic
        self._first, self._until = 0, 0.0

    def read(self, operation: str, **params: Any) -> Any:
        """Return the answer of the first replica that gives one.

        Raises what the last of them raised.
        """
        for left in reversed(range(len(self._clients))):
            try:
                return self.send(operation, **params)
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                if answered(error) or not left:
                    raise
        raise AssertionError  # there is at least one client

    def send(self, operation: str, **params: Any) -> Any:
        """Ask one replica, once.

        Where it does not answer, the next call goes to the next one.
        """
        if self._first and self._monotonic() >= self._until:
            self._first = 0
        used = self._first
        try:
            return getattr(self._clients[used], operation)(**params)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            if not answered(error) and used == self._first:
                self._first = (used + 1) % len(self._clients)
                self._until = self._monotonic() + STAY
            raise


def replicas(client: BaseClient | Replicas) -> Replicas:
    """Return the replicas as they are, or those of one client alone."""
    return client if isinstance(client, Replicas) else Replicas([client], lambda: 0.0)


def answered(error: Exception) -> bool:
    """Return True where AWS decided about the request.

    Another replica would say the same.
    """
    return isinstance(error, ClientError) and code(error) not in NO_ANSWER
