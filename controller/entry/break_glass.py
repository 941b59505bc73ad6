"""Break-glass on this machine: who acts, and the record's way into the journal."""

import getpass
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controller.core.canonical_json import ascii_digest
from controller.core.journal.event import Event
from controller.core.text import sanitize
from controller.entry.context import Context
from controller.entry.local_record import Entry, LocalRecord
from controller.settings import Deployment
from controller.steps.context.deps import Deps
from controller.steps.operator import local_records
from controller.steps.operator.local_records import Brought


@dataclass(frozen=True, slots=True)
class MachineUser:
    """The user of this machine who acts.

    `who` is what this machine says; `credential` is the AWS key's id, which CloudTrail knows.
    """

    who: str
    credential: str | None


def local_record() -> LocalRecord:
    from controller import wiring

    return LocalRecord(wiring.state_home())


def person(context: Context, claimed: str | None) -> MachineUser | None:
    """Return the person who acts; None where no AWS credentials are at hand.

    It asks no service but the source of the credentials.
    """
    from controller import wiring

    if context.rehearsal:
        return MachineUser(context.identity(claimed), None)
    key = wiring.access_key()
    return (
        None
        if key is None
        else MachineUser(sanitize(f"{_user()}@{socket.gethostname()}", 128), sanitize(key, 128))
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container whose user has no name
        return "unknown"


def signed(context: Context, application: str, by: MachineUser, reason: str, at: float) -> dict[str, Any]:
    """Return the fields that each record has besides what was done."""
    return {
        "deployment": _deployment(context.deployment),
        "context": context.name,
        "application": application,
        "account": context.deployment.account,
        "who": by.who,
        "credential": by.credential,
        "reason": sanitize(reason, 500),
        "at": at,
    }


def _deployment(d: Deployment) -> str:
    """Return an id of the deployment, which differs between two rehearsals.

    Two rehearsals guard the same application in the same account, so the endpoint goes into the id too.
    """
    return ascii_digest([d.account, d.policy.get("application"), d.journal_table, d.endpoint_url])[:16]


@dataclass(frozen=True, slots=True)
class RecordStanding:
    """The state of this machine's record.

    lines: those of the deployment. waiting: how many of them the journal lacks; None where it does not say.
    amiss: what is damaged and in no line yet, or contradicts the journal, in sentences.
    """

    lines: int
    waiting: int | None
    amiss: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what a person must know, if anything."""
        told = [f"the record of break-glass on this machine is damaged: {each}" for each in self.amiss]
        if self.waiting:
            lines = "1 line" if self.waiting == 1 else f"{self.waiting} lines"
            told.append(f"{lines} of break-glass on this machine wait for the journal: {BRING_IN}")
        return tuple(told)


BRING_IN = "`tidegate break-glass --journal` brings them in"


def journal_waiting(context: Context, deps: Deps) -> Brought:
    """Bring this machine's records of this deployment into its journal.

    Raises `OutsideUnreachable`, `JournalConflict`, `OSError`, `ValueError` (a journal that cannot be read).
    """
    held = local_record().read().entries
    mine = _of(held, context.deployment)
    return local_records.journal_records(deps, mine, held) if mine else Brought()


def standing(deployment: Deployment, events: Sequence[Event] | None) -> RecordStanding:
    """Return how this machine's record stands.

    events: the journal's; None where it cannot be read.
    """
    try:
        found = local_record().read()
    except OSError as error:
        return RecordStanding(0, None, (f"it cannot be read: {error.strerror}",))
    mine = _of(found.entries, deployment)
    if events is None:
        return RecordStanding(len(mine), None, found.unsaid)
    said = local_records.contradictions(events, found.entries)
    return RecordStanding(len(mine), local_records.waiting(events, mine), (*found.unsaid, *said))


def _of(entries: Sequence[Entry], deployment: Deployment) -> list[Entry]:
    mine = _deployment(deployment)
    return [entry for entry in entries if entry.body.get("deployment") == mine]


def written(entry: Entry) -> dict[str, str]:
    return {"id": entry.id, "hash": entry.hash}
