"""References between conditions: each names one that is there, none leads back to itself, all stay small."""

from collections.abc import Iterator, Mapping

from controller.core.conditions import All, Any_, Condition, Leaf, Not, Ref
from controller.core.problems import Path, Problem

MOST_LEAVES = 200
"""Leaves of one condition once every reference is written out: references must not multiply."""

Node = Leaf | Ref


def ends(condition: Condition, path: Path) -> Iterator[tuple[Path, Node]]:
    """Every leaf and every reference of a condition, with its path in the file."""
    match condition:
        case All(all_=children):
            for index, child in enumerate(children):
                yield from ends(child, (*path, "all", index))
        case Any_(any_=children):
            for index, child in enumerate(children):
                yield from ends(child, (*path, "any", index))
        case Not(not_=child):
            yield from ends(child, (*path, "not"))
        case Leaf() | Ref():
            yield path, condition


def leaves(condition: Condition, path: Path, named: Mapping[str, Condition]) -> Iterator[tuple[Path, Leaf]]:
    """Every leaf, those of references too (at their own place). `named` must have passed
    `condition_problems`.
    """
    for where, end in ends(condition, path):
        if isinstance(end, Leaf):
            yield where, end
        else:
            yield from leaves(named[end.condition], ("conditions", end.condition), named)


def condition_problems(used: Mapping[Path, Condition], named: Mapping[str, Condition]) -> Iterator[Problem]:
    """What is wrong with the references of `used` (path -> condition) and of the named ones themselves."""
    known = ", ".join(named) or "none is there"
    every = {("conditions", name): condition for name, condition in named.items()} | dict(used)
    for path, condition in every.items():
        for where, end in ends(condition, path):
            if isinstance(end, Ref) and end.condition not in named:
                message = (
                    f"no condition is named {end.condition!r} under `conditions`; expected one of: {known}"
                )
                yield Problem((*where, "condition"), message)
    sizes: dict[str, int | None] = {}
    for name in named:
        if _size(name, named, sizes, ()) is None:
            message = f"{name} leads into a circle; expected conditions that end"
            yield Problem(("conditions", name), message, at_key=True)
    for path, condition in every.items():
        if (size := _written_out(condition, named, sizes, ())) is not None and size > MOST_LEAVES:
            message = f"{size} leaves with every reference written out; expected at most {MOST_LEAVES}"
            yield Problem(path, message)


def _size(
    name: str, named: Mapping[str, Condition], sizes: dict[str, int | None], above: tuple[str, ...]
) -> int | None:
    """Leaves of a named condition; None: it leads into a circle."""
    if name in above:
        return None
    if name not in sizes:
        sizes[name] = _written_out(named[name], named, sizes, (*above, name)) if name in named else 0
    return sizes[name]


def _written_out(
    condition: Condition, named: Mapping[str, Condition], sizes: dict[str, int | None], above: tuple[str, ...]
) -> int | None:
    total = 0
    for _, end in ends(condition, ()):
        size = 1 if isinstance(end, Leaf) else _size(end.condition, named, sizes, above)
        if size is None:
            return None
        total += size
    return total
