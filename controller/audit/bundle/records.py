"""The check of one Region's assessments, line by line, over all its files.

Those with a number are one chain: each follows the one before it, in number, time and hash. Those without
are of versions that had no numbers: several processes wrote, each chained to what it wrote last, and clocks
differ a little, so one may follow a record that bears a later moment.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from controller.audit.bundle.chains import Unsealed, opened, short
from controller.audit.bundle.earlier_bundle import Held
from controller.audit.bundle.manifest import FirstLog, Log
from controller.audit.bundle.numbers import Hole, Numbers
from controller.audit.bundle.witnesses import Witnesses
from controller.core.explanation import format_time
from controller.core.journal.event import GENESIS

BARE = frozenset({"application", "at", "prev", "hash", "record"})
NUMBERED = BARE | {"count", "after"}
LATEST = 1e11
"""Seconds since 1970: no clock says more, and no calendar reaches further."""
RECORD = (NUMBERED, NUMBERED | {"clock"}, BARE)


class Looks(Protocol):
    """Takes what a Region's records tell of its watching."""

    def look(self, region: str, record: Mapping[str, Any], moment: float) -> None: ...

    def hole(self, region: str, hole: Hole) -> None: ...


class Records:
    """The check of one Region's assessments.

    witnesses: is told what the assessments saw of the journals. begin, end: of the period,
    as far as records are kept. held: the records that an earlier bundle had. keep: where to note those of
    this one. looks: who else wants to know.
    """

    def __init__(
        self,
        application: str,
        region: str,
        log: FirstLog,
        witnesses: Witnesses,
        *,
        begin: float,
        end: float,
        held: Held | None = None,
        keep: Held | None = None,
        looks: Looks | None = None,
    ) -> None:
        self._application, self._region, self._log, self._witnesses = application, region, log, witnesses
        self._begin, self._end, self._held, self._keep, self._looks = begin, end, held, keep, looks
        self._numbers = Numbers(begin)
        self._known = {GENESIS, *log.before}
        self._awaited: dict[str, int] = {}
        self._count, self._at = 0, -1.0
        self._missing: Hole | None = None
        self.bare = self.late = 0
        """Records without a number, and those of them that come after one with a number."""

    def __call__(self, line: bytes) -> None:
        self._count += 1
        where = f"record {self._count}"
        record = opened(line, RECORD, where)
        if record["application"] != self._application:
            raise Unsealed(where, "it is of another application")
        at = record["at"]
        if not isinstance(at, int | float) or not self._at < at <= LATEST:
            raise Unsealed(where, "expected a later moment than the record before it bears")
        if "count" in record and not isinstance(self._log, Log):
            raise Unsealed(where, "it has a number, which no version wrote into a bundle of this form")
        if "count" in record:
            self._numbered(record, where)
        else:
            self._bare(record)
        self._at = at
        self._told(record, at)

    @property
    def endless(self) -> bool:
        """Return True where the manifest does not say which number comes next."""
        return isinstance(self._log, Log) and self._log.following is None

    def _numbered(self, record: Mapping[str, Any], where: str) -> None:
        count, after, clock = record["count"], record["after"], record.get("clock")
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 1 << 53:
            raise Unsealed(where, "its number is none")
        for moment in (after, clock):
            if moment is not None and not (isinstance(moment, int | float) and 0 <= moment < record["at"]):
                raise Unsealed(where, "it says that the record before it, or its own clock, is not earlier")
        if after is None and count > 1:
            raise Unsealed(where, f"record {count} says that there is none before it")
        before = self._numbers
        if before.last is not None and count <= before.last:
            raise Unsealed(where, f"expected record {before.last + 1}; record {count} stands there")
        if before.last == count - 1:
            follows = f"record {count} does not follow record {before.last}"
            if record["prev"] != before.hash:
                told = f"expected {short(before.hash)}, it follows {short(record['prev'])}"
                raise Unsealed(where, f"{follows}: {told}")
            if after != before.at:
                raise Unsealed(where, f"{follows}: it names another moment as the one before")
        if count == 1:
            self._await(record)
        self._hole(self._numbers.take(count, record["at"], after, record["hash"]))
        self._known.add(record["hash"])

    def _bare(self, record: Mapping[str, Any]) -> None:
        self.bare += 1
        self.late += self._numbers.last is not None
        self._known.add(record["hash"])
        self._awaited.pop(record["hash"], None)
        self._await(record)

    def _await(self, record: Mapping[str, Any]) -> None:
        if record["prev"] not in self._known and self._count not in self._log.unlinked:
            self._awaited.setdefault(str(record["prev"]), self._count)

    def _told(self, line: Mapping[str, Any], at: float) -> None:
        record = line["record"] if isinstance(line["record"], dict) else {}
        self._witnesses.hear(record, f"an assessment of {self._region}")
        if self._held is not None:
            self._held.meet(at, line["hash"], self._begin)
        if self._keep is not None:
            self._keep.note(at, line["hash"], line.get("count"))
        if self._looks is not None:
            self._looks.look(self._region, record, line.get("clock", at))

    def _hole(self, hole: Hole | None) -> None:
        if hole is None:
            return
        self._missing = self._missing or hole
        if self._looks is not None:
            self._looks.hole(self._region, hole)

    def end(self) -> None:
        """Raise `Unsealed` for what is missing, and where the manifest says otherwise."""
        self.gap()
        log, numbers = self._log, self._numbers
        if self._count != log.records:
            told = f"expected {log.records} records; there are {self._count}"
            raise Unsealed(f"record {self._count + 1}", told)
        if isinstance(log, Log):
            if (log.first, log.last, log.hash) != (numbers.first, numbers.last, numbers.hash):
                told = (
                    f"expected records {log.first} to {log.last}; there are {numbers.first} to {numbers.last}"
                )
                raise Unsealed("", told)
            self._hole(numbers.end(log.following, log.followed, self._end))
            self.gap()
        if self._held is not None:
            self._held.finish(self._begin, self._end)

    def file_ends(self) -> None:
        """Nothing is asked of one day: records go on in the next file."""

    def gap(self) -> None:
        """Raise `Unsealed` for the first record that is missing so far."""
        hole = self._missing
        if hole is not None:
            told = hole.sentence(self._region, (format_time(hole.since), format_time(hole.until)))
            raise Unsealed(f"record {hole.first}", told)
        for prev, number in self._awaited.items():
            raise Unsealed(f"record {number}", f"it follows {short(prev)}, which is missing")
