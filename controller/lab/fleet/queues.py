"""The queues and quotas that a fleet meets, as AWS publishes them.

Work waits for a bucket that refills, or for lanes that grow; first come, first served. A Region's quotas are
us-east-2's, where the first controller runs.
"""

import heapq
from dataclasses import dataclass, field

from controller.rehearsal.time.virtual import VirtualRuntime


@dataclass(frozen=True, slots=True)
class Quota:
    """Holds a published quota.

    per_second: how fast it refills. burst: how much it holds. page: where AWS says so.
    """

    name: str
    per_second: float
    burst: float
    page: str


DOCS = "docs.aws.amazon.com"
INVOCATIONS = Quota(
    "EventBridge invocations", 4500.0, 4500.0, f"{DOCS}/eventbridge/latest/userguide/eb-quota.html"
)
STARTS = Quota("StartExecution", 150.0, 800.0, f"{DOCS}/step-functions/latest/dg/service-quotas.html")
TRANSITIONS = Quota("state transitions", 800.0, 800.0, f"{DOCS}/step-functions/latest/dg/service-quotas.html")

LAMBDAS = 1000
"""Concurrent executions of an account in a Region.

Source: AWS Lambda Developer Guide, "Lambda quotas".
"""
LAMBDA_SCALES = 100.0
"""Concurrent executions that one function gains a second.

1,000 more each ten seconds (Developer Guide, "Lambda function scaling").
"""
POLLERS, POLLERS_MORE = 5, 300.0 / 60.0
"""Batches of a queue at once, and how many more a second.

Source: Developer Guide, "SQS event source mappings".
"""
BATCH = 10
ARC_PAGE = f"{DOCS}/r53recovery/latest/dg/routing-control.quotas.html"
"""The page of ARC's quotas.

Two clusters an account, 300 controls a cluster, ten controls a call, three calls a second an endpoint.
"""


@dataclass
class Bucket:
    """Holds the tokens of a quota; whoever finds none waits its turn.

    full: when the bucket would be full again if nobody took more. waited: the longest wait, in seconds.
    """

    runtime: VirtualRuntime
    quota: Quota
    full: float = 0.0
    waited: float = 0.0

    def take(self, count: int = 1) -> None:
        """Take `count` tokens, and wait until they are there."""
        now, each = self.runtime.monotonic(), 1.0 / self.quota.per_second
        self.full = max(self.full, now) + count * each
        wait = max(0.0, self.full - now - self.quota.burst * each)
        self.waited = max(self.waited, wait)
        if wait:
            self.runtime.sleep(wait)


@dataclass
class Lanes:
    """Does `width` pieces of work at once.

    While work waits, `more` lanes open each second, up to `most`. waited: the longest wait, in seconds.
    """

    runtime: VirtualRuntime
    width: int
    more: float
    most: int
    waited: float = 0.0
    _free: list[float] = field(default_factory=list)
    _opened: float = 0.0

    def reserve(self, seconds: float) -> float:
        """Hold a lane for `seconds` as soon as one is free.

        Returns in how many seconds that is.
        """
        now = self.runtime.monotonic()
        begins = self._lane(now)
        heapq.heappush(self._free, begins + seconds)
        self.waited = max(self.waited, begins - now)
        return begins - now

    def run(self, seconds: float) -> None:
        """Reserve a lane, and wait until the work is done."""
        self.runtime.sleep(self.reserve(seconds) + seconds)

    def _lane(self, now: float) -> float:
        """Return when the next piece begins.

        It begins in the lane that is free first, or in one that opens sooner.
        """
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
