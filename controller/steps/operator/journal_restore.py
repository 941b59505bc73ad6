"""JournalRestore: a person puts the journal back from a backup of its table.

```
 look ─ backup, table, witnesses ─ a contradiction ─> a sentence, and nothing is written
   └─ the person types the application ─> policies, approvals, keys ─┐
                                            each journal, backwards <─┘
              JournalRestored #37 ─ #36 ─ #35 ─ … ─ #1
```
A journal without its first events cannot be read. So it becomes readable with the last item that is put, and
says by then that it was restored: nobody ever acts on a part of it, and after a failure the same command goes
on. Leases and checkpoints stay behind: a lease names who drove then, and whoever drives now takes it anew at
the epoch that the journal names; a checkpoint is of one process, and is made again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from controller.core.contracts import DECISION_SCHEMA, decision_event
from controller.core.incident.fold import fold
from controller.core.journal.event import Draft, Event, seal
from controller.core.journal.head import Head
from controller.core.journal.recovery import Contradiction, Recovery, merged, recovered
from controller.core.journal.restoration import missing
from controller.core.text import sanitize
from controller.ports.errors import JournalConflict, JournalUnreadable, OutsideUnreachable
from controller.ports.storage import Assessments, JournalBackup, ReadStopped, StoredItem
from controller.steps.context.deps import Deps
from controller.steps.context.journal_head import FLEET_HEAD, heads_in
from controller.steps.context.situation import FLEET
from controller.steps.operator.commands import Done

LEFT_BEHIND = ("checkpoint#", "lease#")
"""What begins so is not put back."""
MINUTE = 60.0
"""Seconds between two assessments, at most, while a controller lives."""
Tell = Callable[[int], None]
"""Takes the number of items that were put just now."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The items that will be put back, and what is missing then.

    others: items of no journal. silent: controller Regions that could not be asked how far they saw the
    journals. refusal: the reason why nothing may be put back, or None.
    """

    journals: tuple[Recovery, ...] = ()
    others: tuple[StoredItem, ...] = ()
    silent: tuple[str, ...] = ()
    refusal: str | None = None

    @property
    def items(self) -> int:
        """Return how many items will be put."""
        own = sum(len(each.lacking) + (each.said is not None) for each in self.journals)
        return own + len(self.others)

    def sentences(self) -> list[str]:
        """Return one line for each journal that anything is to be said of."""
        return [
            f"{each.name}: {len(each.lacking)} of {len(each.events)} events are put back"
            + (f"; {missing(each.said)}" if each.said is not None else "")
            for each in self.journals
            if each.lacking or each.said is not None
        ]


def look(deps: Deps, backup: JournalBackup, *, reason: str) -> Outlook:
    """Return what restoring from `backup` would do; write nothing.

    Raises `OutsideUnreachable`.
    """
    try:
        kept = [item for item in backup.kept() if not item.name.startswith(LEFT_BEHIND)]
        standing = list(backup.standing())
    except JournalUnreadable as error:
        return Outlook(refusal=f"an item is no event of its journal: {error}")
    names = dict.fromkeys(
        (deps.application, FLEET, *(item.name for item in (*kept, *standing) if item.event))
    )
    there = {(item.name, item.number) for item in standing}
    others = tuple(i for i in kept if i.event is None and (i.name, i.number) not in there)
    silent: tuple[str, ...] = ()
    try:
        every = [merged(name, _of(name, kept), _of(name, standing)) for name in names]
        seen, silent = _witnessed(deps, {each.name: len(each.events) for each in every})
        words = _Words(silent, sanitize(backup.table, 255), sanitize(reason, 500))
        found = tuple(_checked(words.added(recovered(each, seen[each.name]))) for each in every)
    except Contradiction as error:
        return Outlook(silent=silent, refusal=str(error))
    return Outlook(found, others, silent)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words that all journals say of one restoration."""

    silent: tuple[str, ...]
    table: str
    reason: str

    def added(self, each: Recovery) -> Recovery:
        if each.said is None:
            return each
        said = replace(each.said, silent=self.silent, table=self.table, reason=self.reason)
        return replace(each, said=said)


def _checked(journal: Recovery) -> Recovery:
    """Return the journal; raise `Contradiction` where no version could have written it."""
    try:
        fold(journal.name, journal.events)
    except (ValueError, KeyError) as error:
        raise Contradiction(f"{journal.name} in the backup is none that was ever written: {error}") from error
    return journal


def _of(name: str, items: Iterable[StoredItem]) -> list[Event]:
    return [item.event for item in items if item.name == name and item.event is not None]


def _witnessed(
    deps: Deps, ends: Mapping[str, int]
) -> tuple[Mapping[str, dict[str, list[Head]]], tuple[str, ...]]:
    """Return each journal's heads that the controller Regions saw, and the silent Regions.

    ends: journal -> the number that it ends with by now. Of each Region that is the last head that it saw,
    and the last one up to that number, which stands for all events before it.
    """
    seen: dict[str, dict[str, list[Head]]] = {name: {} for name in ends}
    silent: list[str] = []
    for region, assessments in deps.recovery.witnesses().items():
        try:
            for name in ends:
                for noted, head in heads_in(assessments.witness(name)).items():
                    journal = FLEET if noted == FLEET_HEAD else name
                    if journal in seen:
                        earlier = _seen_up_to(assessments, name, noted, ends[journal], deps.runtime.now())
                        heads = seen[journal].setdefault(region, [])
                        heads += [head, *([earlier] if earlier else [])]
        except OutsideUnreachable:
            silent.append(region)
    for region in silent:
        for by_region in seen.values():
            by_region.pop(region, None)
    return seen, tuple(silent)


def _seen_up_to(assessments: Assessments, name: str, noted: str, end: int, now: float) -> Head | None:
    """Return the last recorded head of at most the number `end`, if any.

    noted: the name under which records keep heads of this journal.

    It goes back in steps that double, then halves the last step, since months of records may lie between.
    """

    def by(moment: float) -> Head | None:
        with suppress(ReadStopped):
            for _, record in assessments.newest_first(name, 0.0, moment):
                head = heads_in(record).get(noted)
                if head is not None:
                    return head
        return None

    back, found = MINUTE / 2, by(now)
    while found is not None and found.seq > end:
        back *= 2
        found = by(now - back)
    low, high = now - back, now - back / 2
    while high - low > MINUTE / 4:
        middle = (low + high) / 2
        later = by(middle)
        if later is None or later.seq <= end:
            low, found = middle, later or found
        else:
            high = middle
    return found


def restore(deps: Deps, backup: JournalBackup, outlook: Outlook, *, who: str, tell: Tell) -> Done:
    """Put back what `outlook` found.

    Raises `OutsideUnreachable`: what was put stays, and the same command goes on.
    """
    if outlook.refusal is not None:
        return Done(False, outlook.refusal)
    if not outlook.items:
        return Done(True, "the journals lack nothing: nothing was restored")
    for item in outlook.others:
        with suppress(JournalConflict):  # somebody wrote it since: what stands is newer
            backup.put(item)
        tell(1)
    try:
        for journal in outlook.journals:
            _put_back(deps, backup, journal, who=who, tell=tell)
    except JournalConflict as conflict:
        again = "somebody wrote to the table meanwhile: make it anew, and restore into the empty one"
        return Done(False, f"{conflict}; {again}")
    return Done(True, "; ".join((*outlook.sentences(), _armed(deps.application, outlook.journals))))


def _armed(application: str, journals: Sequence[Recovery]) -> str:
    """Return what must be armed until anything moves by itself."""
    names = [each.name for each in journals if each.said is not None]
    words = ["`tidegate arm --reason WHY`"] if application in names else []
    words += ["`tidegate arm --fleet --reason WHY`"] if FLEET in names else []
    words += [f"the same of {name}" for name in names if name not in (application, FLEET)]
    return f"nothing moves by itself until {' and '.join(words)}" if words else "what is armed stays so"


def _put_back(deps: Deps, backup: JournalBackup, journal: Recovery, *, who: str, tell: Tell) -> None:
    """Put back one journal, from its end to its beginning."""
    last = journal.events[-1] if journal.events else None
    restored = None
    if journal.said is not None:
        draft = Draft(deps.new_id(), journal.said, deps.runtime.now(), who)
        restored = seal(journal.name, draft, last)
    for event in (*((restored,) if restored else ()), *journal.lacking):
        backup.put(backup.item_of(event))
        tell(1)
    if restored is not None and journal.name == deps.application:
        _announce(deps, (*journal.events, restored))


def _announce(deps: Deps, events: Sequence[Event]) -> None:
    """Tell other tools; losing that loses no state."""
    detail = decision_event(events[-1], fold(deps.application, events))
    if detail is not None:
        with suppress(OutsideUnreachable):
            deps.notices.publish(DECISION_SCHEMA, detail)
