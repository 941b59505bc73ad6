"""The review of a period: figures and their picture, in one HTML file.

The file needs nothing else. The figures are in words, section by section: the same in a terminal and on the
page.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from controller.audit.report.markup import Child, join, sheet, tag
from controller.audit.report.period_svg import over_time, shape
from controller.audit.report.wording import lasting
from controller.audit.statistics import Account, figures

Row = tuple[str, str]
TIMES = {
    "first_sign_to_opened": "first sign to opened",
    "opened_to_decision": "opened to decision",
    "opened_to_first_control": "opened to first control",
    "opened_to_verified": "opened to verified",
}
ALSO = {
    "commands_refused": "commands refused",
    "break_glass": "records of break-glass",
    "mutes": "mutes begun or ended",
    "acknowledged": "incidents acknowledged",
    "escalated": "times that people were told of trouble",
    "untold": "notices that could not be sent at first",
    "taken_over": "takeovers by another controller",
    "late_calls_put_back": "late calls put back",
    "drift_seen": "times that controls stood otherwise than put",
}
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def sections(told: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Row]]]:
    """Yield (title, rows) of `figures`."""
    moved = told["evacuations"]
    yield (
        "Evacuations",
        [
            ("opened", str(moved["opened"])),
            ("by itself", str(moved["automatic"])),
            ("on a person's word", str(moved["by_person"])),
            *_outcomes(moved["outcomes"]),
            ("opened and stood down by itself", str(moved["false"])),
            ("in shadow, where nothing moves", str(moved["in_shadow"])),
        ],
    )
    yield "How long evacuations took", [(name, spread(told["times"][key])) for key, name in TIMES.items()]
    home = told["restores"]
    yield "Restores", [("opened", str(home["opened"])), *_outcomes(home["outcomes"])]
    yield "Approvals", _approvals(told["approvals"])
    yield "Drills", _drills(told["drills"])
    hours = told["hours"]
    yield "Hours", [(name.replace("_", " a "), f"{hours[name]:g} h") for name in hours]
    watching = told["watching"]
    yield (
        "Watching",
        [
            ("nobody was watching", lasting(watching["nobody_s"])),
            ("the longest of these gaps", lasting(watching["longest_s"])),
            *((f"{who} was blind", lasting(seconds)) for who, seconds in watching["blind_s"].items()),
        ],
    )
    yield "Also", [(name, str(told["also"][key])) for key, name in ALSO.items()]


def _approvals(asked: Mapping[str, Any]) -> list[Row]:
    return [
        *((name, str(asked[name])) for name in ("asked", "given", "denied", "expired")),
        ("superseded or withdrawn", str(asked["superseded"] + asked["withdrawn"])),
        ("still waiting", str(asked["waiting"])),
        ("went on to a second ask", str(asked["second_ask"])),
        ("time to an answer", spread(asked["response"])),
        *((f"answers of {each['who']}", str(each["answers"])) for each in asked["people"]),
    ]


def _drills(drills: Mapping[str, Any]) -> list[Row]:
    last = drills["last_success"]
    return [
        ("opened", str(drills["opened"])),
        *((outcome, str(count)) for outcome, count in drills["outcomes"].items()),
        ("skipped", str(drills["skipped"])),
        ("last success", f"{last['region']} at {last['at']}" if last else "none yet"),
    ]


def _outcomes(counted: Mapping[str, int]) -> list[Row]:
    return [(name if name != "open" else "still open", str(count)) for name, count in counted.items()]


def spread(found: Mapping[str, Any]) -> str:
    if not found["count"]:
        return "none"
    median, p90 = lasting(found["median_s"]), lasting(found["p90_s"])
    return f"median {median}, p90 {p90}, longest {lasting(found['longest_s'])} (of {found['count']})"


def review(a: Account) -> str:
    """Return the whole document.

    It has no script and no reference to anything outside.
    """
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
        tag("style", join([sheet("timeline.css"), sheet("run.css"), sheet("period.css")])),
    ]  # fmt: skip
    return Markup("<!doctype html>\n") + tag(
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
