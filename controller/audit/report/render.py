"""The rendering of reports: the templates beside this file, and the words for them."""

from functools import cache
from typing import Any

from jinja2 import Environment

from controller.audit.report.markup import sheet
from controller.audit.report.wording import clock, heard, spelled, without_repeats
from controller.core.explanation import format_time, why_sentence
from controller.readmodel.page_text import environment, escaped
from controller.readmodel.run import sentence


def render(name: str, **data: Any) -> str:
    """Return a whole document; it has no script and no reference to anything outside."""
    return _environment().get_template(f"{name}.html").render(**data)


@cache
def _environment() -> Environment:
    made = environment(
        "controller.audit.report",
        clock=clock,
        heard=heard,
        lines=lambda words: escaped(words, lines=True),
        spelled=spelled,
        stamp=format_time,
        told=sentence,
        without_repeats=without_repeats,
        why=lambda record: why_sentence(dict(record)),
    )
    made.globals |= {"sheet": sheet}
    return made
