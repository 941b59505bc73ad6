"""The figures in words, section by section: the same in a terminal and on the page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.audit.words import lasting

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
    "taken_over": "takeovers by another controller",
    "late_calls_put_back": "late calls put back",
    "drift_seen": "times that controls stood otherwise than put",
}


def sections(told: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Row]]]:
    """(title, rows) of `figures`."""
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
