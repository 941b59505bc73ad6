"""The checkpoint: kept by the tick, begun with by the next process.

```
 tick ── state at #1200 ─┬─ the text ────────> journal's table, in place of the one before
                         └─ its hash ────────> this tick's assessment, in a table of this Region alone
 a fresh process ── newest assessment: #1200, 7f… ── text with that hash? ── the journal from #1200 on
```
What does not fit together is no checkpoint, and then the whole journal is read. The events before it are read
again within ten minutes all the same (`ports.storage.Journal.follow`).
"""

from contextlib import suppress

from controller.core.incident.checkpoint import NoCheckpoint, seal_of
from controller.core.incident.state import State
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.deps import Deps
from controller.steps.context.journal_head import Seal

EVERY = 100
"""Events after which a new checkpoint is kept."""


def begin_with_checkpoint(deps: Deps) -> None:
    """Take the state of the checkpoint where this process knows none yet."""
    named = deps.journal_head.checkpoint
    if named is None or deps.folding.known(deps.application) is not None:
        return
    try:
        text = deps.checkpoints.read(deps.application)
        if text is None or seal_of(text) != named.hash:
            raise NoCheckpoint("it is not the one that the assessment names")
        deps.folding.begin(deps.checkpointing.state_of(text, deps.application, deps.deployed))
    except (OutsideUnreachable, NoCheckpoint):
        deps.journal_head.checkpoint = None


def keep_checkpoint(deps: Deps, state: State) -> None:
    """Keep a checkpoint of `state` where the last one is `EVERY` events old.

    Losing it costs time alone.
    """
    last, named = state.last, deps.journal_head.checkpoint
    if last is None or last.seq - (named.seq if named else 0) < EVERY:
        return
    text = deps.checkpointing.text_of(state, deps.deployed)
    with suppress(OutsideUnreachable):
        deps.checkpoints.keep(deps.application, text)
        deps.journal_head.checkpoint = Seal(last.seq, seal_of(text))
