"""A signal's observations as columns: what is kept of it is read in one go, and looked at without a loop.

```
 at        1000.0  1060.0  1120.8        said  "hbb"     healthy · breaching · unknown
 received  1001.2  1061.0  1120.8        via   "eep"     event · m: a muted one · poll · relay
 words     ids, reasons                                  for people, and whoever folds; read when asked for
```
As a sequence it is the observations themselves, each made when it is asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from controller.core.model import RELAYED, Observation, Verdict

if TYPE_CHECKING:
    from controller.core.timeline import Past

WORDS = {verdict[0]: verdict for verdict in Verdict}
WAYS = {"e": "event", "m": "event", "p": "poll", "r": RELAYED}
MUTED = "muted"
Words = Sequence[Sequence[str]]
"""Ids and reasons."""


class History(Sequence[Observation]):
    """Columns of one length, ordered by event time; `said` and `via` have a letter an observation.

    Never changed once it is made. past: what `timeline` made of it.
    """

    __slots__ = ("_observations", "_words", "at", "past", "received", "said", "via")

    def __init__(
        self, at: Sequence[float], received: Sequence[float], said: str, via: str, words: Callable[[], Words]
    ) -> None:
        self.at, self.received, self.said, self.via = at, received, said, via
        self._words: Words | Callable[[], Words] = words
        self.past: Past | None = None
        self._observations: tuple[Observation, ...] | None = None

    @staticmethod
    def of(observations: Iterable[Observation]) -> "History":
        seen = tuple(observations)
        words = [each.id for each in seen], [each.reason for each in seen]
        found = History(
            [each.at for each in seen],
            [each.received for each in seen],
            "".join([each.verdict[0] for each in seen]),
            "".join(["m" if _muted(each) else each.via[0] for each in seen]),
            lambda: words,
        )
        found._observations = seen
        return found

    @property
    def words(self) -> Words:
        if callable(self._words):
            self._words = self._words()
        return self._words

    @property
    def observations(self) -> tuple[Observation, ...]:
        if self._observations is None:
            columns = zip(self.at, self.received, self.said, self.via, *self.words, strict=True)
            self._observations = tuple(
                Observation(at, received, WORDS[said], WAYS[via], id_, reason)
                for at, received, said, via, id_, reason in columns
            )
        return self._observations

    def __len__(self) -> int:
        return len(self.at)

    @overload
    def __getitem__(self, index: int) -> Observation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Observation, ...]: ...
    def __getitem__(self, index: int | slice) -> Observation | tuple[Observation, ...]:
        return self.observations[index]

    def __iter__(self) -> Iterator[Observation]:
        return iter(self.observations)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, History):
            return self.observations == other.observations
        return self.observations == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.observations)


def _muted(seen: Observation) -> bool:
    return seen.via == "event" and seen.reason.startswith(MUTED)
