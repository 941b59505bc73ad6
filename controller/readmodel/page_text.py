"""The text of pages and pictures: made plain, then escaped, and put into templates.

```
 a journal's text ─> plain: one line, no control characters ─> escape: no markup ─> a page, an SVG
                     (a template's `finalize`)                 (a template's `autoescape`)
```
What is `Markup` already is left as it is; all else is text. One library escapes, for HTML and for SVG.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from controller.core.text import sanitize

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST = 4_000
"""Characters of one text; a longer text ends in an ellipsis."""


def plain(value: Any) -> Any:
    """Return a value without control characters or bidirectional marks, on one line; "" for None.

    A text keeps one space at each end: it may stand between two elements.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    left, right = " " * value[:1].isspace(), " " * value[1:][-1:].isspace()
    return left + sanitize(value, LONGEST) + right


def escaped(value: object, *, lines: bool = False) -> Markup:
    """Return any value as text that can stand everywhere in HTML and XML, on one line (or `lines`)."""
    return escape(sanitize(str(value), LONGEST, lines=lines))


def prose(words: str) -> Markup:
    """Return a sentence in which the parts between backticks are code."""
    parts = [
        Markup("<code>%s</code>") % plain(part) if place % 2 else Markup("%s") % plain(part)
        for place, part in enumerate(str(words).split("`"))
    ]
    return Markup("").join(parts)


def environment(package: str, **filters: Callable[..., Any]) -> "Environment":
    """Return the templates of a package: each value is plain and escaped, and a missing one is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        finalize=plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"prose": prose, **filters}
    return made
