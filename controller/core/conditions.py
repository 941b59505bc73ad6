"""Conditions: leaves about evidence, combined by `all`, `any`, `not`, and named ones that are used again.

```
 conditions: {customers-fail: {in: source, family: customer, is: breaching, observers: 2, for: 3m}}
 when: {all: [{condition: customers-fail}, {in: source, family: service, is: breaching}]}
```
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from controller.core.model import Verdict
from controller.core.terms import Count, Duration, Given, Name, Strict, keys_of

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
