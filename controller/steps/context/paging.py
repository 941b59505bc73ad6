"""Notes of decisions, and pages to people: neither may stop a step."""

from collections.abc import Mapping
from typing import Any

from controller.core.text import shorten
from controller.ports.errors import (
    OutsideUnreachable,
)
from controller.steps.context.deps import Deps


def note(deps: Deps, at: float, record: Mapping[str, Any]) -> bool:
    """Keep an assessment, and how far the journal was seen.

    Returns False if that failed: a gap in what can be told must not stop a step.
    """
    seen = deps.journal_head.to_note(lambda: deps.assessments.newest(deps.application))
    try:
        deps.assessments.add(deps.application, at, {**record, **seen})
    except OutsideUnreachable:
        return False
    return True


def page(deps: Deps, subject: str, text: str, *, path: str = "") -> bool:
    """Tell people; return False where nobody could be told.

    Never raises, since a page must not stop a step. path: of the console's page about it.
    """
    try:
        deps.notices.send(subject, shorten(text), path=path)
    except OutsideUnreachable:
        return False
    return True
