"""A question to people: asked in stages, bound to a plan, answered by several.

It takes as many distinct people as the stage says.

```
 stage 1 waits ── enough people agree ──────────────> given
    │ its time runs out: the next ask    any "no" ──> denied
 stage 2 waits ── … ── the last one's time runs out > expired
```

The same person may answer from a page and from a terminal, and counts as one person.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ApprovalRequested
from controller.core.journal.whole_plan import WholePlan
from controller.core.person import folded
from controller.core.text import sanitize

GROUP = "group:"
CLAIM, GROUPS, NAME = 255, 20, 64
"""What is kept of a sign-in: characters of a claim, groups, and characters of a group's name."""
Door = Literal["", "console", "terminal", "rehearsal"]
"""Where an answer came in.

console: by a page, after a sign-in at the issuer. terminal: by a command, with credentials that STS knows.
rehearsal: by a name that somebody claimed and nobody checked. "": not known.
"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The proof of who a person is; it holds no secret.

    issuer: who says so: that of the id token, or `sts:ACCOUNT`. subject: who they are there, for good.
    groups: those of the policy that the issuer asserted. at: when they signed in; None: not known.
    """

    door: Door = ""
    issuer: str = ""
    subject: str = ""
    groups: tuple[str, ...] = ()
    at: float | None = None

    def plain(self) -> "SignedIn":
        """Return the same, bounded and made safe to print.

        Claims are text from outside.
        """
        groups = tuple(sanitize(group, NAME) for group in sorted(self.groups)[:GROUPS])
        issuer, subject = sanitize(self.issuer, CLAIM), sanitize(self.subject, CLAIM)
        return replace(self, issuer=issuer, subject=subject, groups=groups)


@dataclass(frozen=True, slots=True)
class Request:
    """A request is one question to people, at its present stage.

    expires: when the present stage's time runs out. agreed: who approved in this stage, each once.
    rules: ARNs of the safety rules that the question is to set aside. by, at: the answer that decided it.
    gate: the policy's name for those who are asked. epoch: of the driver that asked. unanswered: how often
    the same was asked before, and nobody answered. whole: the plan that they are asked about; None where an
    older version asked. plan: its digest. wave: the number of its first wave.
    """

    id: str
    digest: str
    expires: float
    status: str = "waiting"  # waiting | given | denied | expired
    by: str | None = None
    at: float | None = None
    asked: float = 0.0
    stage: int = 1
    people: int = 1
    agreed: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    reminded: bool = False
    gate: str = ""
    epoch: int = 0
    unanswered: int = 0
    whole: WholePlan | None = None
    plan: str = ""
    wave: int = 0

    @property
    def code(self) -> str:
        """Return the code that an approver types.

        It shows that they looked at this plan and no other.
        """
        return self.digest[:8]

    def needed(self) -> int:
        """Count the people who must still agree."""
        return max(0, self.people - len(self.agreed))


def asked(event: Event, said: ApprovalRequested, before: Request | None) -> Request:
    """Return the request that `event` makes; `said` is its body.

    An event of an older version asks one person, once. before: the last request of the incident; where it is
    the same at the same stage, its time begins anew, and who agreed and was reminded stays so.
    """
    same = before is not None and (before.id, before.stage) == (said.approval, said.stage)
    kept = before if same and before is not None else Request("", "", 0.0)
    return Request(
        said.approval,
        said.digest,
        said.expires,
        asked=event.at,
        stage=said.stage,
        people=said.people,
        agreed=kept.agreed,
        reminded=kept.reminded,
        rules=said.override,
        gate=said.gate,
        epoch=event.draft.epoch,
        unanswered=said.unanswered,
        whole=said.whole,
        plan=said.plan,
        wave=said.wave,
    )


def answered(request: Request, event: Event) -> Request:
    """Return the request after an answer, or after its time ran out.

    The same person agreeing twice counts once.
    """
    by = event.draft.by
    if event.kind is not Kind.APPROVAL_GIVEN:
        status = "denied" if event.kind is Kind.APPROVAL_DENIED else "expired"
        return replace(request, status=status, by=by, at=event.at)
    agreed = request.agreed if by in request.agreed else (*request.agreed, by)
    if len(agreed) < request.people:
        return replace(request, agreed=agreed)
    # The clock that dated the answer may be minutes off: the answer came after the question, before its end.
    at = min(max(event.at, request.asked), request.expires)
    return replace(request, agreed=agreed, status="given", by=", ".join(agreed), at=at)


def same_person(one: str | None, other: str) -> bool:
    """Return True where two identities, or two ids, belong to one person."""
    return one is not None and folded(one) == folded(other)


def among(who: str, others: Iterable[str]) -> bool:
    """Return True where `who` is one of `others`."""
    return any(same_person(each, who) for each in others)


def entitled(groups: Collection[str], ask: Iterable[str]) -> bool:
    """Return True where somebody in `groups` belongs to those who are asked.

    ask: entries such as `group:sre-oncall`.
    """
    return any(each.removeprefix(GROUP) in groups for each in ask if each.startswith(GROUP))
