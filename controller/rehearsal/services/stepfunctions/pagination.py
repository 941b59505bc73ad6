"""The pages of a listing, with an opaque `nextToken`."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from controller.rehearsal.service import AwsError
from controller.rehearsal.services.stepfunctions.text import from_text, to_text

T = TypeVar("T")
_MOST = 1000


def page(
    items: Sequence[T], key: Callable[[T], int], params: dict[str, Any], *, scope: str, default: int = 100
) -> tuple[list[T], dict[str, str]]:
    """Return one page of `items`, and the members that name the next page.

    The keys of `items` only rise or only fall.
    The token holds the key of the last item shown, so that items which come or go meanwhile shift
    nothing. `scope` ties a token to one listing: another's is `InvalidToken`.
    """
    size = params.get("maxResults") or default
    if not isinstance(size, int) or not 0 < size <= _MOST:
        raise AwsError("ValidationException", f"maxResults must be from 0 to {_MOST}")
    start = 0
    if params.get("nextToken") is not None:
        last, falling = _read(params["nextToken"], scope)
        beyond = (
            index for index, item in enumerate(items) if (key(item) < last) == falling and key(item) != last
        )
        start = next(beyond, len(items))
    shown = list(items[start : start + size])
    if start + size >= len(items):
        return shown, {}
    text = to_text([scope, key(shown[-1]), key(items[-1]) < key(shown[-1])])
    return shown, {"nextToken": base64.urlsafe_b64encode(text.encode()).decode("ascii")}


def _read(token: Any, scope: str) -> tuple[int, bool]:
    """Return the last key shown, and True where keys fall."""
    try:
        written, last, falling = from_text(base64.urlsafe_b64decode(str(token).encode()).decode())
    except (ValueError, TypeError) as exc:
        raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'") from exc
    if written != scope or not isinstance(last, int) or not isinstance(falling, bool):
        raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")
    return last, falling
