"""Policies within the sizes that IAM takes: a role's inline one and what does not fit in, and people's.

```
 a role's ─ as they are, if they fit ─────────────────────────────> inline       10,240 characters
          └ else the same resources once ─ the largest moved out ─> managed      6,144 each, ten of a role
 people's ──────────────────────────────────────────────────────────┘
```
A list of resources is never shortened to a pattern: a role may move its own controls and no others.
AWS: IAM User Guide, *IAM and AWS STS quotas*. IAM counts no white space; here it is counted, to be sure.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from infra.grants import Statement

INLINE, MANAGED, POLICIES = 10_240, 6_144, 10
Document = tuple[Statement, ...]


class Unfit(ValueError):  # noqa: N818
    """What is to be granted fits into no policies that IAM takes."""


def document(statements: Sequence[Statement]) -> dict[str, object]:
    """Return a policy as IAM reads it."""
    return {"Version": "2012-10-17", "Statement": [each.written() for each in statements]}


def size(statements: Sequence[Statement]) -> int:
    """Return the characters of a policy."""
    return len(json.dumps(document(statements)))


def fitted(statements: Sequence[Statement]) -> tuple[Document, tuple[Document, ...]]:
    """Return the inline policy of a role, and its managed ones. Raises `Unfit` where ten are too few."""
    if size(statements) <= INLINE:
        return tuple(statements), ()
    left = _merged(statements)
    out: list[Statement] = []
    while size(left) > INLINE:
        largest = max(left, key=lambda each: size([each]))
        left.remove(largest)
        out += _pieces(largest)
    return tuple(left), _packed(out)


def parted(statements: Sequence[Statement]) -> tuple[Document, ...]:
    """Return managed policies for people. Raises `Unfit` where ten are too few.

    Each holds every denial: somebody attaches one of them alone.
    """
    if size(statements) <= MANAGED:
        return (tuple(statements),)
    denied = tuple(each for each in statements if each.effect == "Deny")
    out: list[Statement] = []
    for each in statements:
        if each.effect != "Deny":
            out += [each] if size([*denied, each]) <= MANAGED else _pieces(each, denied)
    return _packed(out, denied)


def _merged(statements: Sequence[Statement]) -> list[Statement]:
    """What is about the same resources, in one statement."""
    found: dict[str, Statement] = {}
    for each in statements:
        same = json.dumps([each.effect, each.resources, each.conditions], default=dict)
        known = found.get(same)
        if known is None:
            found[same] = each
            continue
        actions = tuple(dict.fromkeys((*known.actions, *each.actions)))
        why = "; ".join(dict.fromkeys(w for w in (known.why, each.why) if w))
        found[same] = replace(known, actions=actions, why=why)
    return list(found.values())


def _pieces(statement: Statement, beside: Document = ()) -> Iterator[Statement]:
    """The same statement over parts of its resources, each with a number."""
    part: list[str] = []
    number = 0
    for resource in statement.resources:
        if part and size([*beside, _piece(statement, number, (*part, resource))]) > MANAGED:
            yield _piece(statement, number, tuple(part))
            part, number = [], number + 1
        part.append(resource)
    yield _piece(statement, number, tuple(part))


def _piece(statement: Statement, number: int, resources: tuple[str, ...]) -> Statement:
    return replace(statement, sid=f"{statement.sid}Part{number}", resources=resources)


def _packed(pieces: Sequence[Statement], beside: Document = ()) -> tuple[Document, ...]:
    """In as few policies as come of filling one after the other, the largest first. Raises `Unfit`."""
    policies: list[list[Statement]] = []
    for piece in sorted(pieces, key=lambda each: -size([each])):
        if (least := size([*beside, piece])) > MANAGED:
            raise Unfit(
                f"{piece.sid} takes {least} characters for one resource, and IAM takes {MANAGED} a policy"
            )
        room = next((p for p in policies if size([*p, piece]) <= MANAGED), None)
        if room is None:
            policies.append([*beside, piece])
        else:
            room.append(piece)
    if len(policies) > POLICIES:
        told = f"a role would need {len(policies)} managed policies, and IAM takes {POLICIES}"
        raise Unfit(f"{told}: {pieces[0].sid}")
    return tuple(tuple(policy) for policy in policies)
