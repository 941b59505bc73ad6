"""Task tokens: bearer secrets. They appear in no repr, log or exception of this engine."""

import base64
import random


class Tokens:
    """Which task a token answers. Closed ones are remembered, so that a late answer is told so."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._bound: dict[str, tuple[str, int]] = {}

    def new(self) -> str:
        """A token that was never used here, also not before a restart with the same random source."""
        while True:
            token = base64.b64encode(self._rng.randbytes(64)).decode("ascii")
            if token not in self._bound:
                return token

    def bind(self, token: str, arn: str, serial: int) -> None:
        self._bound[token] = (arn, serial)

    def find(self, token: str) -> tuple[str, int] | None:
        """Execution ARN and the task's serial number in it."""
        return self._bound.get(token)

    def dump(self) -> dict[str, list[str | int]]:
        return {token: [arn, serial] for token, (arn, serial) in self._bound.items()}

    def restore(self, dumped: dict[str, list[str | int]]) -> None:
        self._bound.update({token: (str(arn), int(serial)) for token, (arn, serial) in dumped.items()})
