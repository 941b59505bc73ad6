"""Who is who: the same person may answer from a page and from a terminal, and is one person all the same."""

from collections.abc import Collection, Iterable

ARN = "arn:"
GROUP = "group:"


def same_person(one: str | None, other: str) -> bool:
    """Whether two identities belong to one person.

    A terminal's identity is the ARN of an STS session, whose last part is the name of the person's session
    (IAM Identity Center puts the user's name there); a page's is a claim of the sign-in.
    """
    return one is not None and _name(one) == _name(other)


def among(who: str, others: Iterable[str]) -> bool:
    """Whether `who` is one of `others`."""
    return any(same_person(each, who) for each in others)


def entitled(groups: Collection[str], ask: Iterable[str]) -> bool:
    """Whether somebody in `groups` belongs to those who are asked: `group:sre-oncall`."""
    return any(each.removeprefix(GROUP) in groups for each in ask if each.startswith(GROUP))


def _name(identity: str) -> str:
    return (identity.rpartition("/")[2] if identity.startswith(ARN) else identity).strip().casefold()
