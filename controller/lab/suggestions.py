"""Which keys a mapping of the policy knows, and the one that a misspelt key was meant to be."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

from controller.core.policy.schema import Policy
from controller.lab.extending import KEY
from controller.lab.places import Path

_LONGEST = 40


def did_you_mean(path: Path) -> str | None:
    """The known key closest to the last one of `path`, if any is close."""
    written = path[-1] if path else None
    if not isinstance(written, str) or len(written) > _LONGEST:
        return None
    known = sorted(known_keys(path[:-1]))
    folded = {key.casefold(): key for key in known}
    close = get_close_matches(written.casefold().replace("_", ""), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def known_keys(path: Path) -> frozenset[str]:
    """Every key that some model at `path` of a policy knows (of each variant, where there are several)."""
    models: frozenset[type[BaseModel]] = frozenset({Policy})
    for part in path:
        # A part that no model has as a key is a name in a table (a Region, a family) or an index.
        inner = frozenset(
            found
            for model in models
            for name, info in model.model_fields.items()
            if part == (info.alias or name)
            for found in _models(info.annotation)
        )
        models = inner or models
    more = {KEY} if not path else set()
    return frozenset(
        more | {info.alias or name for model in models for name, info in model.model_fields.items()}
    )


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
