"""Conditions of a policy: leaves about evidence, combined and given names.

`all`, `any` and `not` combine them; a named one can be used again.

```
 conditions: {customers-fail: {in: source, family: customer, is: breaching, observers: 2, for: 3m}}
 when: {all: [{condition: customers-fail}, {in: source, family: service, is: breaching}]}
```

Each reference names a condition that is there, none leads back to itself, and all stay small.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from controller.core.model import Verdict
from controller.core.policy.terms import Count, Duration, Given, Name, Path, Problem, Strict, keys_of

TAGS = frozenset({"<all>", "<any>", "<not>", "<condition>", "<leaf>"})
"""Parts of a pydantic location that are in no file."""


class Leaf(Strict):
    """`count` signals (or distinct observing Regions) of a family say `is`, unbroken, `for` so long."""

    in_: Literal["source", "target"] = Field(alias="in")
    family: Name
    is_: Literal["breaching", "healthy", "silent"] = Field(alias="is")
    observers: Annotated[Annotated[int, Field(ge=1, le=20)] | None, Given] = None
    signals: Annotated[Count | None, Given] = None
    for_: Annotated[Duration | None, Given] = Field(default=None, alias="for")

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.is_)


class All(Strict):
    """True if every one of these conditions is true."""

    all_: Annotated[tuple["Condition", ...], Field(alias="all", min_length=1, max_length=20, strict=False)]


class Any_(Strict):  # noqa: N801 - `Any` is typing's
    """True if one of these conditions is true."""

    any_: Annotated[tuple["Condition", ...], Field(alias="any", min_length=1, max_length=20, strict=False)]


class Not(Strict):
    """True if this condition is false."""

    not_: "Condition" = Field(alias="not")


class Ref(Strict):
    """The condition of that name, written out under `conditions`."""

    condition: Name


def _which(value: Any) -> str | None:
    keys = keys_of(value)
    if keys is None:
        return None
    return f"<{next((key for key in ('all', 'any', 'not', 'condition') if key in keys), 'leaf')}>"


Condition = Annotated[
    Annotated[All, Tag("<all>")]
    | Annotated[Any_, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[Ref, Tag("<condition>")]
    | Annotated[Leaf, Tag("<leaf>")],
    Discriminator(
        _which,
        custom_error_type="condition",
        custom_error_message="expected a condition: a mapping with the key `all`, `any`, `not`, `condition` "
        "or `in`",
    ),
]


MOST_LEAVES = 200
"""Leaves of one condition once every reference is written out: references must not multiply."""

Node = Leaf | Ref


def ends(condition: Condition, path: Path) -> Iterator[tuple[Path, Node]]:
    """Yield every leaf and every reference of a condition, with its path.

    The path is the one in the file.
    """
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
    """Yield every leaf, those of references too (at their own place).

    `named` must have passed `condition_problems`.
    """
    for where, end in ends(condition, path):
        if isinstance(end, Leaf):
            yield where, end
        else:
            yield from leaves(named[end.condition], ("conditions", end.condition), named)


def without_times(condition: Condition, named: Mapping[str, Condition]) -> Condition:
    """Return the condition without the `for` of any leaf, and with every reference written out.

    It asks what is so at this moment, however short it has been so. `named` must have passed
    `condition_problems`.
    """
    match condition:
        case All(all_=children):
            return All.model_construct(all_=tuple(without_times(child, named) for child in children))
        case Any_(any_=children):
            return Any_.model_construct(any_=tuple(without_times(child, named) for child in children))
        case Not(not_=child):
            return Not.model_construct(not_=without_times(child, named))
        case Ref(condition=name):
            return without_times(named[name], named)
        case Leaf():
            return condition.model_copy(update={"for_": None})


def condition_problems(used: Mapping[Path, Condition], named: Mapping[str, Condition]) -> Iterator[Problem]:
    """Yield what is wrong with the references of conditions.

    used: path -> condition. named: the named conditions; theirs are checked too.
    """
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
    """Return the number of leaves of a named condition.

    Returns None where it leads back to itself.
    """
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
