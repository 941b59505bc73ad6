"""The numbers of assessments: no hole from before the period to after it.

```
   …, 40 │ 41 ── 42 ── 43          47 ── 48 │ 49 …
  before │ first        └ 44 to 46 ┘   last │ following
         begin       are missing          end
```
Each record says the time of the one before it. So a record that is missing at the begin shows as well: the
first one follows a moment that lies in the period.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hole:
    """Records that are missing.

    first, last: their numbers. since, until: the times of the records around them; `since` is the begin of
    the period where the record before them is not in it.
    """

    first: int
    last: int
    since: float
    until: float

    def sentence(self, region: str, told: tuple[str, str]) -> str:
        """Return what is missing, for people. told: its two times."""
        one = self.first == self.last
        which = f"assessment {self.first}" if one else f"assessments {self.first} to {self.last}"
        return f"{which} of {region} {'is' if one else 'are'} missing, between {told[0]} and {told[1]}"


@dataclass(slots=True)
class Numbers:
    """The numbers of one Region's records, one after the other.

    begin: of the period, seconds.
    """

    begin: float
    first: int | None = None
    last: int | None = None
    hash: str | None = None
    at: float | None = None

    def take(self, count: int, at: float, after: float | None, sealed: str) -> Hole | None:
        """Note a record, whose number must grow; return the hole before it."""
        found = self._before(count, at, after)
        if self.first is None:
            self.first = count
        self.last, self.at, self.hash = count, at, sealed
        return found

    def end(self, following: int | None, followed: float, end: float) -> Hole | None:
        """Return the hole after the last record, if there is one.

        following: the number of the next record after the period. followed: the time of the one before that.
        """
        if following is None:
            return None
        if self.last is None or self.at is None:
            inside = followed >= self.begin
            return Hole(following - 1, following - 1, self.begin, end) if inside else None
        missing = following > self.last + 1
        return Hole(self.last + 1, following - 1, self.at, end) if missing else None

    def _before(self, count: int, at: float, after: float | None) -> Hole | None:
        if self.last is None or self.at is None:
            # Only the last of them is known by its time; how many before it, if any, nobody can tell.
            inside = count > 1 and after is not None and after >= self.begin
            return Hole(count - 1, count - 1, self.begin, at) if inside else None
        return Hole(self.last + 1, count - 1, self.at, at) if count > self.last + 1 else None
