"""What others say of a Region's readiness, as a promise; and the last of it, kept."""

from collections.abc import Sequence
from typing import Protocol

from controller.core.decision.readiness import Reading, Wish


class Readiness(Protocol):
    def read(self, wish: Wish) -> Reading:
        """Ask the provider of the wish's kind now. Raises `EvidenceUnavailable` after one second."""
        ...


class Snapshots(Protocol):
    """The last answer to each wish, with its time: what counts where nobody answers."""

    def keep(self, application: str, readings: Sequence[Reading]) -> None:
        """Replace what is kept of the same wishes. Raises `EvidenceUnavailable`."""
        ...

    def kept(self, application: str) -> tuple[Reading, ...]:
        """Raises `EvidenceUnavailable`."""
        ...
