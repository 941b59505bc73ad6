"""The report of a run: HTML for a screen, a phone and paper.

It is one file that needs nothing else. It explains each decision in full: the evaluation tree with its
signals, and the guards. What it says stands in `templates/run.html`.
"""

from collections.abc import Iterator

from markupsafe import Markup

from controller.audit.report.markup import tag
from controller.audit.report.render import render
from controller.audit.report.timeline_svg import MILESTONES, NUMBERS, timeline
from controller.audit.report.wording import account, because, headline, spelled
from controller.readmodel.run import Story


def page(story: Story) -> str:
    return render(
        "run",
        story=story,
        headline=headline(story),
        account=account(story),
        because=because(story),
        cards=list(_cards(story)),
        picture=timeline(story),
        legend=list(_legend()),
    )


def _cards(story: Story) -> Iterator[tuple[str, str, str]]:
    """Yield a figure, its number in the picture if it has one, and what it is."""
    reached = story.milestones
    moments = (reached.first_signal, reached.decided, reached.first_shift, reached.last_failed_request)
    for number, what, at in zip(NUMBERS, MILESTONES, moments, strict=True):
        yield spelled(at), number, what
    yield f"{story.failed} of {story.served + story.failed}", "", "requests failed"


def _legend() -> Iterator[tuple[Markup, str]]:
    """Yield a small picture and its words."""
    for class_, half, words in (
        ("served", 5, "requests served"),
        ("failed", 5, "requests failed"),
        ("v-healthy", 2, "healthy"),
        ("v-breaching", 6, "breaching"),
        ("v-silent", 5, "silent"),
        ("v-unknown", 3, "unknown"),
        ("c-on", 3, "routing control On"),
        ("c-off", 3, "Off"),
    ):
        shape = tag("rect", x=1, y=7 - half, width=24, height=2 * half, class_=class_)
        yield tag("svg", shape, width=26, height=14, aria_hidden="true"), words
