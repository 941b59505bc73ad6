"""The memory of one controller: its own assessments of the last minutes, newest first.

What a Lambda knew is gone with it. What its Region's records do not show, or what lies beyond the bound of
the reader, was not seen.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from controller.ports.storage import ReadStopped
from controller.steps.context.deps import Deps


def own_records(deps: Deps, since: float, until: float) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield this controller's (time, record) pairs with since <= time <= until, newest first.

    They are read from the end of the chain: after a clock was set back, records stand there that bear later
    times than now. Raises `OutsideUnreachable`.
    """
    with suppress(ReadStopped):
        for at, record in deps.assessments.newest_first(deps.application, since):
            if since <= at <= until:
                yield at, record
