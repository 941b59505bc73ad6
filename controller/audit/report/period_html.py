"""The review of a period: figures and their picture, in one HTML file.

The file needs nothing else. The figures are in words, section by section: the same in a terminal and on the
page, whose other words stand in `templates/period.html`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from controller.audit.report.markup import tag
from controller.audit.report.period_svg import over_time, shape
from controller.audit.report.render import render
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
    "journal_restored": "times that the journal was restored from a backup",
}


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
    yield "Break-glass", _break_glass(told["break_glass"])
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


def _break_glass(hand: Mapping[str, Any]) -> list[Row]:
    return [
        ("moves by people", str(hand["moves"])),
        *((outcome, str(count)) for outcome, count in hand["outcomes"].items()),
        *((f"by {each['who']}", str(each["moves"])) for each in hand["people"]),
    ]


def _outcomes(counted: Mapping[str, int]) -> list[Row]:
    return [(name if name != "open" else "still open", str(count)) for name, count in counted.items()]


def spread(found: Mapping[str, Any]) -> str:
    if not found["count"]:
        return "none"
    median, p90 = lasting(found["median_s"]), lasting(found["p90_s"])
    return f"median {median}, p90 {p90}, longest {lasting(found['longest_s'])} (of {found['count']})"


def review(a: Account) -> str:
    told = figures(a)
    return render(
        "period",
        told=told,
        cards=_cards(told),
        picture=over_time(a),
        legend=list(_legend()),
        sections=list(sections(told)),
    )


def _cards(told: Mapping[str, Any]) -> tuple[Row, ...]:
    moved, drills = told["evacuations"], told["drills"]
    last = drills["last_success"]
    return (
        (f"{moved['outcomes']['moved']} of {moved['opened']}", "evacuations moved traffic"),
        (str(moved["false"]), "opened and stood down by themselves"),
        (lasting(told["times"]["opened_to_first_control"]["median_s"]), "to the first control, median"),
        (lasting(told["approvals"]["response"]["median_s"]), "to an answer of people, median"),
        (lasting(told["watching"]["nobody_s"]), "nobody was watching"),
        (last["at"][:10] if last else "never", "last drill that succeeded"),
    )


def _legend() -> Iterator[tuple[Markup, str]]:
    """Yield a small picture and its words."""

    def sample(which: str, words: str) -> tuple[Markup, str]:
        return tag("svg", shape(which, 8, 8, words), width=16, height=16, aria_hidden="true"), words

    def band(class_: str, half: float, words: str) -> tuple[Markup, str]:
        drawn = tag("rect", x=1, y=8 - half, width=24, height=2 * half, class_=class_)
        return tag("svg", drawn, width=26, height=16, aria_hidden="true"), words

    yield from (
        band("c-on", 5, "live, armed"), band("served", 2.5, "shadow"), band("c-off", 5, "disarmed"),
        sample("full", "moved, succeeded, given"), sample("hollow", "stood down, withdrawn"),
        sample("cross", "refused, denied, expired, aborted"), sample("triangle", "rolled back"),
        sample("square", "still open, not confirmed"), band("v-breaching", 5, "blind"),
    )  # fmt: skip
