"""The finding of an examination: one sentence about one thing.

A question without an answer is `unknown`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from controller.core.text import sanitize
from controller.settings import Deployment
from controller.steps.context.deps import Deps

Verdict = Literal["ok", "bad", "unknown", "skipped"]
Ask = Callable[..., Any]
"""(service, Region, endpoint or None) -> a client with short timeouts.

A last argument, where it is given, returns the keys that requests are signed with.
"""
FEW = 3
"""The number of problems that one sentence names."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    check: the thing that was looked at. where: a Region, or "" for the whole. says: one sentence.
    """

    check: str
    where: str
    verdict: Verdict
    says: str


@dataclass(frozen=True, slots=True)
class Patient:
    """One controller: its deployment, its ports, and a way to ask AWS directly.

    failures: the exceptions that a client raises where no answer comes.
    """

    deployment: Deployment
    deps: Deps
    ask: Ask
    failures: tuple[type[Exception], ...]

    def client(self, service: str, region: str | None = None) -> Any:
        d = self.deployment
        return self.ask(service, region or d.region, d.endpoint_url)


def tried(patient: Patient, check: str, where: str, look: Callable[[], Finding]) -> Finding:
    """Return the finding of `look`; `unknown` where AWS gives you no answer.

    A refused request counts as no answer too.
    """
    try:
        return look()
    except patient.failures as error:
        return Finding(check, where, "unknown", f"cannot be seen: {short(error)}")


def judged(check: str, where: str, problems: list[str], well: str) -> Finding:
    """Return `bad` with the first problems, or `ok` with the sentence `well`."""
    if not problems:
        return Finding(check, where, "ok", well)
    more = f"; and {len(problems) - FEW} more" if len(problems) > FEW else ""
    return Finding(check, where, "bad", sanitize("; ".join(problems[:FEW]), 600) + more)


def short(error: Exception) -> str:
    return sanitize(str(error), 200) or type(error).__name__
