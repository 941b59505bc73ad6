"""Runs that begin alike are played once up to where they part: there the process forks.

```
 parent ──────┬───────┬──────────> goes on as if nothing were
 child        └─ ends │
 child                └─ ends          one at a time; what a child answers comes back through a pipe
```

Only for a process without threads of its own.
"""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


class ChildLost(RuntimeError):  # noqa: N818
    """A child ended without an answer; what it said is on stderr."""


@dataclass
class Forks:
    """answers: of the children, in the order of their forks."""

    answers: list[Any] = field(default_factory=list)
    _pipe: int | None = None

    def split(self) -> bool:
        """True in the child, which is to go on; False in the parent, once the child has ended."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            self._pipe = writing
            return True
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        if not answer:
            raise ChildLost("a forked run ended without an answer")
        self.answers.append(pickle.loads(answer))  # noqa: S301 - written by our own child
        return False

    @contextmanager
    def told(self) -> Iterator[Callable[[Any], None]]:
        """Around all of it: what a child tells goes to the parent, and it ends here whatever happens."""
        told: list[Any] = []
        try:
            yield told.append
            if self._pipe is not None:
                with os.fdopen(self._pipe, "wb") as pipe:
                    pickle.dump(told[0], pipe)
        finally:
            if self._pipe is not None:
                os._exit(0)
