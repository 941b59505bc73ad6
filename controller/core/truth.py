"""The value of a condition alone: what `assess.judge` says, without the tree that says why.

Most decisions are about Regions that are well, and some only need to know so. The tests hold the two against
each other on random conditions and evidence.
"""

from collections.abc import Sequence

from controller.core.assess import View, weigh
from controller.core.conditions import All, Any_, Condition, Leaf, Not, Ref
from controller.core.model import Truth, negate


def truth(condition: Condition, seen: View, *, source: str, target: str | None = None) -> Truth:
    """The value of `judge(condition, …)`; of an `all` or `any` no more is looked at than decides it."""
    match condition:
        case Leaf():
            subject = source if condition.in_ == "source" else target
            if subject is None:
                return Truth.UNKNOWN
            return weigh(condition, seen, subject=subject, source=source).value
        case All(all_=children):
            return _first(Truth.FALSE, children, seen, source, target)
        case Any_(any_=children):
            return _first(Truth.TRUE, children, seen, source, target)
        case Not(not_=child):
            return negate(truth(child, seen, source=source, target=target))
        case Ref(condition=name):
            return truth(seen.conditions[name], seen, source=source, target=target)


def _first(
    decides: Truth, children: Sequence[Condition], seen: View, source: str, target: str | None
) -> Truth:
    """`decides` if any child has that value, else unknown if any is unknown, else the other."""
    doubt = False
    for child in children:
        value = truth(child, seen, source=source, target=target)
        if value is decides:
            return value
        doubt = doubt or value is Truth.UNKNOWN
    return Truth.UNKNOWN if doubt else negate(decides)
