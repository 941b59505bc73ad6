"""What an examination finds: one sentence about one thing. What was asked and did not answer is `unknown`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from controller.core.text import sanitize
from controller.settings import Deployment
from controller.steps.context.deps import Deps

Verdict = Literal["ok", "bad", "unknown", "skipped"]
Ask = Callable[[str, str, str | None], Any]
"""(service, Region, endpoint or None) -> a client with short timeouts."""
FEW = 3
"""How many of several problems are told in one sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """check: what was looked at. where: a Region, or "" for the whole. says: one sentence."""

    check: str
    where: str
    verdict: Verdict
    says: str


@dataclass(frozen=True, slots=True)
class Patient:
    """One controller: what it is deployed with, a hold on its outside, and who asks AWS directly.

    failures: what a client raises where no answer comes.
    """

    deployment: Deployment
    deps: Deps
    ask: Ask
    failures: tuple[type[Exception], ...]

    def client(self, service: str, region: str | None = None) -> Any:
        d = self.deployment
        return self.ask(service, region or d.region, d.endpoint_url)


def tried(patient: Patient, check: str, where: str, look: Callable[[], Finding]) -> Finding:
    """What `look` finds; `unknown` where AWS does not answer, or does not answer you."""
    try:
        return look()
    except patient.failures as error:
        return Finding(check, where, "unknown", f"cannot be seen: {short(error)}")


def judged(check: str, where: str, problems: list[str], well: str) -> Finding:
    """`bad` with the first problems, or `ok` with the sentence `well`."""
    if not problems:
        return Finding(check, where, "ok", well)
    more = f"; and {len(problems) - FEW} more" if len(problems) > FEW else ""
    return Finding(check, where, "bad", sanitize("; ".join(problems[:FEW]), 600) + more)


def short(error: Exception) -> str:
    return sanitize(str(error), 200) or type(error).__name__
