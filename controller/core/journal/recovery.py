"""The recovery of a journal: what goes back, and what is missing then.

```
 backup     1 ─ 2 ─ … ─ 36                       the chain of both tables, as far as it is whole
 table                          (empty, or 1 … 20)
 witnesses  us-west-2: 41 = 9c…, us-east-1: 36 = 5a…, us-east-2: does not answer
                                 ─> put back 1 … 36; JournalRestored: 37 to 41 are missing
```
Nothing is guessed. Where any two of them contradict each other, nothing goes back at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.core.journal.event import Event, broken_at
from controller.core.journal.head import Head
from controller.core.journal.notes import JournalRestored
from controller.core.journal.restoration import Restoration, explained, head_of, restorations, since

SKEW = 3
"""Events beyond a gap that a backup may hold: DynamoDB does not order the last items of one."""
BACKUP = "the backup itself"


class Contradiction(ValueError):  # noqa: N818
    """Two records of one journal exclude each other. Nothing may be restored."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A journal as two tables hold it together.

    events: from number 1 on, as far as there is one after the other. stood: the numbers that its table has.
    beyond: the backup's last event, where that lies beyond a gap.
    """

    name: str
    events: tuple[Event, ...]
    stood: frozenset[int]
    beyond: Event | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """A journal as it will be.

    events: the whole chain, before what is added. lacking: those that the table lacks, the last one first.
    said: what the journal is to say of it; None where it says so already, or lacks nothing.
    """

    name: str
    events: tuple[Event, ...]
    lacking: tuple[Event, ...]
    said: JournalRestored | None


@dataclass(frozen=True, slots=True)
class Lost:
    """The end of a journal that somebody saw, and that is missing.

    first: where the events begin that are missing with it.
    """

    who: str
    head: Head
    first: int


def merged(name: str, kept: Sequence[Event], standing: Sequence[Event]) -> Merged:
    """Return the journal `name` as a backup and its table hold it together.

    kept: the backup's events. standing: those that its table has. Raises `Contradiction`.
    """
    stood = {event.seq: event for event in standing}
    backed = {event.seq: event for event in kept}
    for number in sorted(stood.keys() & backed.keys()):
        if stood[number].hash != backed[number].hash:
            raise Contradiction(_another(name, stood[number]))
    chain = _chain(name, {**backed, **stood}, stood)
    beyond = max((number for number in backed if number > len(chain)), default=None)
    return Merged(name, chain, frozenset(stood), None if beyond is None else backed[beyond])


def recovered(found: Merged, seen: Mapping[str, Sequence[Head]]) -> Recovery:
    """Return how the journal goes on.

    seen: controller Region -> heads that it saw. Raises `Contradiction`.
    """
    name, chain, stood = found.name, found.events, found.stood
    heads = [(who, head) for who, each in seen.items() for head in each]
    if found.beyond is not None:
        heads.append((BACKUP, head_of(found.beyond, restorations(chain))))
    lost = _lost(name, chain, heads)
    lacking = tuple(event for event in reversed(chain) if event.seq not in stood)
    resumed = bool(chain) and chain[-1].seq in stood and isinstance(chain[-1].body, JournalRestored)
    if not lost and (not lacking or resumed):
        return Recovery(name, chain, lacking, None)
    first = min((each.first for each in lost), default=len(chain) + 1)
    last = max(lost, key=lambda each: each.head.seq, default=None)
    if last is None:
        said = JournalRestored(first=first, last=first - 1)
    else:
        known = max((each.head for each in lost), key=lambda head: head.restored_at)
        held = any(each.hash == known.restored for each in restorations(chain))
        restored, at = ("", 0.0) if held else (known.restored, known.restored_at)
        said = JournalRestored(
            first=first, last=last.head.seq, head=last.head.hash, witness=last.who, restored=restored,
            restored_at=at,
        )  # fmt: skip
    return Recovery(name, chain, lacking, said)


def _another(name: str, event: Event) -> str:
    by = f"{event.kind} by {event.draft.by}"
    return (
        f"event {event.seq} of {name} stands in the table already ({by}), and is another than the backup's: "
        "make the table anew, and restore into the empty one"
    )


def _chain(name: str, every: Mapping[int, Event], stood: Mapping[int, Event]) -> tuple[Event, ...]:
    """Return the events from number 1 on, up to the first gap."""
    chain: list[Event] = []
    while len(chain) + 1 in every:
        chain.append(every[len(chain) + 1])
    broken = broken_at(chain)
    if broken is not None:
        raise Contradiction(f"the chain of {name} is broken at event {broken}: somebody changed a table")
    gap = len(chain) + 1
    if any(number > gap for number in stood):
        raise Contradiction(
            f"event {gap} of {name} is in neither table, though the table has later ones: make the table "
            "anew, and restore into the empty one"
        )
    if len(every) - len(chain) > SKEW:
        raise Contradiction(
            f"event {gap} of {name} is missing in the backup, which has {len(every) - len(chain)} later "
            "ones: restore another second"
        )
    return tuple(chain)


def _lost(name: str, chain: Sequence[Event], heads: Sequence[tuple[str, Head]]) -> list[Lost]:
    """Return the heads that are missing in `chain`, and that nothing in it explains."""
    restored = restorations(chain)
    found: list[Lost] = []
    for who, head in heads:
        if _holds(chain, head) or explained(head, restored):
            continue
        forked = _forked(head, restored)
        if forked is None and head.seq <= len(chain):
            raise Contradiction(
                f"{who} saw another event {head.seq} of {name} than this one ({head.hash[:12]}, not "
                f"{chain[head.seq - 1].hash[:12]}): the backup, or what {who} keeps, was changed"
            )
        found.append(Lost(who, head, forked or len(chain) + 1))
    for one in found:
        for other in found:
            if one.head.seq == other.head.seq and one.head.hash != other.head.hash:
                raise Contradiction(
                    f"{one.who} and {other.who} saw two different events {one.head.seq} of {name}"
                )
    return found


def _holds(chain: Sequence[Event], head: Head) -> bool:
    return head.seq <= len(chain) and chain[head.seq - 1].hash == head.hash


def _forked(head: Head, restored: Sequence[Restoration]) -> int | None:
    """Return the number from which on the events before `head` are missing already.

    That is so for a witness that did not answer when the journal was restored before. None for any other.
    """
    begins = (each.said.first for each in since(head, restored))
    return next((first for first in begins if first <= head.seq), None)
