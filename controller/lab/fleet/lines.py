"""Where work waits: a bucket that refills, and lanes that grow. First come, first served."""

import heapq
from dataclasses import dataclass, field

from controller.lab.fleet.quotas import Quota
from controller.rehearsal.virtual import VirtualRuntime


@dataclass
class Bucket:
    """Tokens of a quota; whoever finds none waits its turn. waited: the longest wait, in seconds."""

    runtime: VirtualRuntime
    quota: Quota
    full: float = 0.0
    waited: float = 0.0

    def take(self, count: int = 1) -> None:
        """`count` tokens. `full`: when the bucket would be full again if nobody took more."""
        now, each = self.runtime.monotonic(), 1.0 / self.quota.per_second
        self.full = max(self.full, now) + count * each
        wait = max(0.0, self.full - now - self.quota.burst * each)
        self.waited = max(self.waited, wait)
        if wait:
            self.runtime.sleep(wait)


@dataclass
class Lanes:
    """`width` pieces of work at once, while more wait `more` wider each second, `most` at most."""

    runtime: VirtualRuntime
    width: int
    more: float
    most: int
    waited: float = 0.0
    _free: list[float] = field(default_factory=list)
    _opened: float = 0.0

    def reserve(self, seconds: float) -> float:
        """Hold a lane for so long as soon as one is free; in how many seconds that is."""
        now = self.runtime.monotonic()
        begins = self._lane(now)
        heapq.heappush(self._free, begins + seconds)
        self.waited = max(self.waited, begins - now)
        return begins - now

    def run(self, seconds: float) -> None:
        """`reserve`, and wait until it is done."""
        self.runtime.sleep(self.reserve(seconds) + seconds)

    def _lane(self, now: float) -> float:
        """When the next piece begins: in the lane that is free first, or in one that opens sooner."""
        lanes = len(self._free)
        if lanes < self.width:
            return now
        free = max(now, self._free[0])
        opens = max(now, self._opened) + 1.0 / self.more
        if free <= opens or lanes >= self.most:
            heapq.heappop(self._free)
            return free
        self._opened = opens
        return opens
