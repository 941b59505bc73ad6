"""The facts that an observer outside of the controllers sees, and the trace.

Facts come one after the other.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TextIO

LAST = 50
"""Facts that a break prints."""
HASHED_AT_ONCE = 256
NOTHING: Mapping[str, Any] = {}


class Fact(NamedTuple):
    """Holds one observed fact.

    at: true time, seconds since 1970, whatever any controller's clock says. where: a Region, or "".
    """

    step: int
    at: float
    kind: str
    where: str
    text: str
    data: Mapping[str, Any] = NOTHING

    def line(self, start: float) -> str:
        return f"{self.step:6d} {self.at - start:10.3f}  {self.kind:<8} {self.where:<11} {self.text}"


@dataclass
class Trace:
    """Takes facts, numbers them and hands each to the watchers.

    `digest` is over all their lines. start: what the printed times count from. file: gets every line, if
    given.
    """

    start: float
    now: Callable[[], float]
    file: TextIO | None = None
    last: deque[Fact] = field(default_factory=lambda: deque(maxlen=LAST))
    counts: Counter[str] = field(default_factory=Counter)
    watchers: list[Callable[[Fact], None]] = field(default_factory=list)
    step: int = 0
    _hash: Any = field(default_factory=hashlib.sha256)
    _unhashed: list[str] = field(default_factory=list)

    def note(self, kind: str, where: str, text: str, data: Mapping[str, Any] | None = None) -> Fact:
        self.step += 1
        fact = Fact(self.step, self.now(), kind, where, text, data or NOTHING)
        self.last.append(fact)
        self.counts[kind] += 1
        line = fact.line(self.start)
        self._unhashed.append(line)
        if len(self._unhashed) >= HASHED_AT_ONCE:
            self._take()
        if self.file is not None:
            self.file.write(line + "\n")
        for watcher in self.watchers:
            watcher(fact)
        return fact

    def look(self) -> None:
        """Let the watchers look although nothing happened; no line of the trace tells of it."""
        fact = Fact(self.step, self.now(), "look", "", "")
        for watcher in self.watchers:
            watcher(fact)

    def _take(self) -> None:
        self._hash.update("".join(self._unhashed).encode())
        self._unhashed.clear()

    @property
    def digest(self) -> str:
        self._take()
        return str(self._hash.hexdigest())[:16]

    def tail(self) -> tuple[str, ...]:
        return tuple(fact.line(self.start) for fact in self.last)
