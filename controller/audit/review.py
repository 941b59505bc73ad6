"""The review of a period: one HTML file that needs nothing else: figures, and their picture."""

from collections.abc import Iterable, Sequence
from typing import Any

from controller.audit.markup import Child, Markup, join, tag
from controller.audit.over_time import over_time, shape
from controller.audit.review_rows import sections
from controller.audit.statistics import Account, figures
from controller.audit.style import sheet
from controller.audit.words import lasting

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def review(a: Account) -> str:
    """The whole document. No script, no reference to anything outside."""
    told = figures(a)
    body = [
        tag("p", f"tidegate · {a.application}", class_="kicker"),
        tag("h1", f"{told['from'][:10]} to {told['to'][:10]}"),
        _cards(told),
        tag("p", "The picture scrolls sideways.", class_="narrow"),
        tag("div", over_time(a), class_="wide"),
        _legend(),
        tag("div", join(_section(title, rows) for title, rows in sections(told)), class_="figures"),
        _policies(told["policies"]),
        tag(
            "footer",
            f"From {told['from']} to {told['to']}, by {told['events']} events of the journal. Gaps are "
            "as the controllers journalled them once they looked again: of one that never came back they say "
            "nothing. Who reviewed a policy is what its deployment says; nobody here checked it.",
        ),
    ]
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", f"tidegate: {a.application}, {told['from'][:10]} to {told['to'][:10]}"),
        tag("style", join([sheet("timeline.css"), sheet("report.css"), sheet("review.css")])),
    ]  # fmt: skip
    return "<!doctype html>\n" + tag(
        "html", tag("head", join(head, "\n")), tag("body", tag("main", join(body, "\n"))), lang="en"
    )


def _cards(told: dict[str, Any]) -> Markup:
    moved, drills = told["evacuations"], told["drills"]
    last = drills["last_success"]
    cards = (
        (f"{moved['outcomes']['moved']} of {moved['opened']}", "evacuations moved traffic"),
        (str(moved["false"]), "opened and stood down by themselves"),
        (lasting(told["times"]["opened_to_first_control"]["median_s"]), "to the first control, median"),
        (lasting(told["approvals"]["response"]["median_s"]), "to an answer of people, median"),
        (lasting(told["watching"]["nobody_s"]), "nobody was watching"),
        (last["at"][:10] if last else "never", "last drill that succeeded"),
    )
    return tag(
        "section", join(tag("div", tag("b", n), tag("span", what), class_="card") for n, what in cards),
        class_="cards",
    )  # fmt: skip


def _section(title: str, rows: Sequence[tuple[str, str]]) -> Markup:
    body = (tag("tr", tag("td", what), tag("td", figure)) for what, figure in rows)
    return tag("section", tag("h2", title), tag("table", tag("tbody", join(body))))


def _policies(found: Sequence[dict[str, Any]]) -> Markup:
    rows: list[tuple[Child, ...]] = []
    for each in found:
        reviewed = ", ".join(each["reviewed_by"]) or "–"
        rows.append((each["at"], tag("code", each["digest"][:12]), each["enforcement"], each["by"], reviewed))
    if not rows:
        return join([tag("h2", "Policies that came into force"), tag("p", "None in this period.")])
    heads = ("at", "digest", "enforcement", "loaded by", "reviewed by")
    return join([tag("h2", "Policies that came into force"), _table(heads, rows)])


def _table(heads: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    top = tag("thead", tag("tr", join(tag("th", head) for head in heads)))
    body = [tag("tr", join(tag("td", value) for value in row)) for row in rows]
    return tag("table", top, tag("tbody", join(body)), class_="flow")


def _legend() -> Markup:
    def sample(which: str, words: str) -> Markup:
        drawn = tag("svg", shape(which, 8, 8, words), width=16, height=16, aria_hidden="true")
        return tag("li", drawn, words)

    def band(class_: str, half: float, words: str) -> Markup:
        drawn = tag("rect", x=1, y=8 - half, width=24, height=2 * half, class_=class_)
        return tag("li", tag("svg", drawn, width=26, height=16, aria_hidden="true"), words)

    entries = [
        band("c-on", 5, "live, armed"), band("served", 2.5, "shadow"), band("c-off", 5, "disarmed"),
        sample("full", "moved, succeeded, given"), sample("hollow", "stood down, withdrawn"),
        sample("cross", "refused, denied, expired, aborted"), sample("triangle", "rolled back"),
        sample("square", "still open"), band("v-breaching", 5, "blind"),
    ]  # fmt: skip
    return tag("ul", join(entries), class_="legend")
