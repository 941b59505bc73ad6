"""The views of the cluster's endpoints: the changes that each has received so far.

```
 write taken by b:   a ......lag......sees     b sees at once     c ...lag...sees
```
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _News:
    visible_at: float
    number: int
    name: str
    on: bool


class Replicas:
    """One view of the states per endpoint.

    A change reaches each endpoint after a lag of its own, and an older change never undoes a newer one.
    lag: (least, most) seconds, drawn from `rng`. AWS: 5 s on average, 15 s at most.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        states: Mapping[str, bool],
        *,
        lag: tuple[float, float],
        rng: random.Random,
    ) -> None:
        self._lag, self._rng, self._number = lag, rng, 0
        self._views = {endpoint: {name: (0, on) for name, on in states.items()} for endpoint in endpoints}
        self._news: dict[str, list[_News]] = {endpoint: [] for endpoint in endpoints}

    def delay_by(self, lag: tuple[float, float]) -> None:
        """Let changes from now on take another time: (least, most) seconds."""
        self._lag = lag

    def spread(self, changes: Mapping[str, bool], *, at: float, taken_by: str) -> None:
        """Send every endpoint a change that was committed at `at`."""
        self._number += 1
        for endpoint, news in self._news.items():
            delay = 0.0 if endpoint == taken_by else self._rng.uniform(*self._lag)
            news += [_News(at + delay, self._number, name, on) for name, on in changes.items()]

    def view(self, endpoint: str, at: float) -> dict[str, bool]:
        """Return control -> on, as `endpoint` sees it at `at`."""
        seen, news = self._views[endpoint], self._news[endpoint]
        for item in news:
            if item.visible_at <= at and item.number > seen[item.name][0]:
                seen[item.name] = (item.number, item.on)
        self._news[endpoint] = [item for item in news if item.visible_at > at]
        return {name: on for name, (_, on) in seen.items()}
