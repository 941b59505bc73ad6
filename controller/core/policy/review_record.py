"""The review of a policy before it was deployed, as the journal keeps it.

It holds what people and worked cases said of the policy. It is a claim of the person who deployed, written
down with the policy when that came into force: `by` was typed in and verified by nobody here. It holds for
the one policy with its `digest`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.core.canonical_json import ascii_json
from controller.core.text import sanitize

SCHEMA = "tidegate.review/v1"
MOST = 20
"""Conditions that are named: an event of the journal is bounded."""
MOST_BYTES = 6_000
"""Bytes of a review in the journal, beside the controls of the policy."""
Words = Annotated[str, Field(min_length=1, max_length=200)]


class Reviewer(BaseModel):
    """at: seconds since 1970. where: such as the address of the pull request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Words
    at: Annotated[float, Field(ge=0, le=1e11)]
    where: Annotated[str, Field(max_length=300)] = ""


class Cases(BaseModel):
    """passed: worked cases. idle: those of them in which nothing may move. percent: of true, false and
    unknown, for each condition, how many were seen. never: condition -> values that it never had; more: how
    many further conditions there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passed: Annotated[int, Field(ge=0)]
    idle: Annotated[int, Field(ge=0)]
    percent: Annotated[float, Field(ge=0, le=100)]
    never: dict[Words, tuple[Literal["true", "false", "unknown"], ...]] = Field(
        default_factory=dict, max_length=MOST
    )
    more: Annotated[int, Field(ge=0)] = 0


class Review(BaseModel):
    """further: how many more people reviewed it, whom an event of the journal has no room for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["tidegate.review/v1"] = Field(alias="schema")
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reviewed: Annotated[tuple[Reviewer, ...], Field(max_length=10)] = ()
    cases: Cases | None = None
    further: Annotated[int, Field(ge=0)] = 0

    def data(self) -> dict[str, Any]:
        """Return the review as plain data, for a file, a package and the journal."""
        return self.model_dump(mode="json", by_alias=True, exclude=None if self.further else {"further"})


class NoReview(ValueError):  # noqa: N818
    """The input is no review, or it is a review of another policy.

    The message is a sentence.
    """


def review_of(raw: Mapping[str, Any], digest: str) -> Review:
    """Return the review in `raw`, which must be of the policy with `digest`.

    Raises `NoReview`.
    """
    try:
        review = Review.model_validate(dict(raw))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise NoReview(f"it is no review: {sanitize(problem, 200)}") from error
    if review.digest != digest:
        raise NoReview(f"it is of policy {review.digest[:12]}, and this is {digest[:12]}: review it again")
    return review


def review_data(raw: object, digest: str) -> dict[str, Any] | None:
    """Return the review as plain data, as far as an event holds it.

    None where there is none. A review of another policy gives None too: it says nothing of this one.
    """
    try:
        return _bounded(review_of(raw, digest)).data() if isinstance(raw, Mapping) else None
    except NoReview:
        return None


def _bounded(review: Review) -> Review:
    """Return the review in at most `MOST_BYTES`.

    Conditions that are named go first, then the last of the people, then where the first said so.
    """
    while len(ascii_json(review.data())) > MOST_BYTES:
        cases, people = review.cases, review.reviewed
        if cases is not None and cases.never:
            never = dict(list(cases.never.items())[:-1])
            fewer = cases.model_copy(update={"never": never, "more": cases.more + 1})
            review = review.model_copy(update={"cases": fewer})
        elif len(people) > 1:
            review = review.model_copy(update={"reviewed": people[:-1], "further": review.further + 1})
        else:
            first = people[0].model_copy(update={"where": "", "by": people[0].by[:100]})
            return review.model_copy(update={"reviewed": (first,)})
    return review
