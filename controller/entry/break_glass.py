"""Break-glass on this machine: who did it, where it is written down, and how the journal hears of it."""

import getpass
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.journal import digest
from controller.core.text import plain
from controller.entry.context import Context
from controller.entry.local_record import Entry, LocalRecord
from controller.steps.context.deps import Deps
from controller.steps.operator import break_glass as step


@dataclass(frozen=True, slots=True)
class Person:
    """`who` is what this machine says; `credential` the AWS key's id, which CloudTrail knows."""

    who: str
    credential: str | None


def local_record() -> LocalRecord:
    from controller import wiring

    return LocalRecord(wiring.state_home())


def person(context: Context, claimed: str | None) -> Person | None:
    """Who acts; None where no AWS credentials are at hand. Asks no service but the credentials' own."""
    from controller import wiring

    if context.rehearsal:
        return Person(context.identity(claimed), None)
    key = wiring.access_key()
    return None if key is None else Person(plain(f"{_user()}@{socket.gethostname()}", 128), plain(key, 128))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container whose user has no name
        return "unknown"


def signed(context: Context, application: str, by: Person, reason: str, at: float) -> dict[str, Any]:
    """What each record says besides what was done."""
    return {
        "deployment": _deployment(context),
        "context": context.name,
        "application": application,
        "account": context.deployment.account,
        "who": by.who,
        "credential": by.credential,
        "reason": plain(reason, 500),
        "at": at,
    }


def _deployment(context: Context) -> str:
    """One rehearsal is not the next, though both guard the same application in the same account."""
    d = context.deployment
    return digest([d.account, d.policy.get("application"), d.journal_table, d.endpoint_url])[:16]


def journal_waiting(context: Context, deps: Deps) -> int:
    """Bring what this machine's record holds of this deployment into its journal; how many were missing.

    Raises `OutsideUnreachable`, `JournalConflict`, `ValueError` (a journal that cannot be read).
    """
    mine = _deployment(context)
    entries, _ = local_record().read()
    waiting = [entry for entry in entries if _of(entry.body, mine)]
    return step.journal(deps, waiting) if waiting else 0


def _of(body: Mapping[str, Any], deployment: str) -> bool:
    return body.get("deployment") == deployment


def written(entry: Entry) -> dict[str, str]:
    return {"id": entry.id, "hash": entry.hash}
