"""The records of an earlier bundle, which a later one must hold as well.

That is as far as they are of the later one's period. Both are read in order of time, so that one look at each
is enough.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from controller.audit.bundle.chains import Unsealed, short
from controller.core.explanation import format_time
from controller.core.journal.head import Head


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier bundle, found whole.

    heads: of its journals, by their files' names. held: its records, by Region.
    """

    application: str
    heads: Mapping[str, Head]
    held: Mapping[str, "Held"]


class Held:
    """One Region's assessments in an earlier bundle: 48 bytes each.

    Filled by `note` while that bundle is checked; then each record of the later one is told to `meet`.
    """

    def __init__(self) -> None:
        self._times, self._numbers, self._hashes = array("d"), array("q"), bytearray()
        self._next = 0

    def note(self, at: float, sealed: str, count: int | None) -> None:
        self._times.append(at)
        self._numbers.append(count or 0)
        self._hashes += bytes.fromhex(sealed)

    def within(self, begin: float, end: float) -> int:
        """Return the number of records of a time."""
        return sum(begin <= at <= end for at in self._times)

    def meet(self, at: float, sealed: str, begin: float) -> None:
        """Compare with a record of the later bundle, whose period has a begin.

        Raises `Unsealed` for a record before it that is not there, and for another in its place.
        """
        self._until(at, begin)
        if self._next < len(self._times) and self._times[self._next] == at:
            start = 32 * self._next
            then = self._hashes[start : start + 32].hex()
            if then != sealed:
                told = f"its hash is {short(sealed)}; the earlier bundle had {short(then)}"
                raise Unsealed(self._name(self._next), told)
            self._next += 1

    def finish(self, begin: float, end: float) -> None:
        """Raise `Unsealed` for a record that is missing at the later bundle's end."""
        self._until(end + 1e-9, begin)

    def _until(self, at: float, begin: float) -> None:
        while self._next < len(self._times) and self._times[self._next] < at:
            if self._times[self._next] >= begin:
                when = format_time(self._times[self._next])
                told = f"it is missing; the earlier bundle had it, of {when}"
                raise Unsealed(self._name(self._next), told)
            self._next += 1

    def _name(self, index: int) -> str:
        count = self._numbers[index]
        return f"record {count}" if count else f"record of {format_time(self._times[index])}"
