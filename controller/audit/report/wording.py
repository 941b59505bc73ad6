"""The wording of reports: durations, what a signal said, and the account of a run."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from controller.core.explanation import why_sentence
from controller.core.journal.kind import Kind
from controller.core.journal.moves import IncidentOpened
from controller.readmodel.run import Said, Story, sentence

NOES = (Kind.APPROVAL_DENIED, Kind.APPROVAL_EXPIRED)


def spelled(seconds: float | None) -> str:
    """Format seconds: `384.2` -> `6 min 24 s`; None -> `never`."""
    if seconds is None:
        return "never"
    whole = abs(round(seconds))
    minutes, rest = divmod(whole, 60)
    told = f"{rest} s" if not minutes else f"{minutes} min" + (f" {rest} s" if rest else "")
    return f"{told} before" if seconds < 0 and whole else told


def lasting(seconds: float | None) -> str:
    """Format a duration: `93784.0` -> `26 h 3 min`; None -> `never`.

    Below a minute it has tenths.
    """
    if seconds is None:
        return "never"
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if seconds < 3600:
        return spelled(seconds)
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h" + (f" {rest} min" if rest else "")


def clock(seconds: float) -> str:
    """Format seconds: `384.2` -> `6:24`."""
    whole = abs(round(seconds))
    sign = "\N{MINUS SIGN}" if seconds < 0 and whole else ""
    return f"{sign}{whole // 60}:{whole % 60:02d}"


def without_repeats(steps: Iterable[Said]) -> list[Said]:
    """Return the steps, those that say the same in a row as one: `… (×69, until 15:06)`."""
    found = []
    for text, same in groupby(steps, key=lambda step: step.text):
        every = list(same)
        more = f" (×{len(every)}, until {clock(every[-1].at)})" if len(every) > 1 else ""
        found.append(Said(every[0].at, f"{text}{more}", every[0].code))
    return found


def heard(state: Mapping[str, Any], broke: float) -> str:
    """Return what was known of a signal in a stored decision, in words; `broke` as of a story."""
    age = state.get("age_s")
    unheard = str(state.get("why", "never heard of"))
    how_long = unheard if age is None else f"heard {float(age):.0f} s before"
    since = f" since {_moment(str(state['since']), broke)}" if state.get("since") else ""
    return f"{state['name']} from {state['observer']}: {state['verdict']}{since}, {how_long}"


def _moment(stamped: str, broke: float) -> str:
    """Return a time as seconds since the break: `2030-01-01T08:07:39Z` -> `0:38`.

    A text that is no time stays as it is.
    """
    try:
        return clock(datetime.fromisoformat(stamped).timestamp() - broke)
    except (ValueError, OverflowError):
        return stamped


def headline(story: Story) -> str:
    """Return a sentence that says if traffic moved, and if that was right."""
    moved = f"Traffic was moved from {story.region} to {story.target}" if story.shifts else ""
    if moved:
        return f"{moved}." if story.ok else f"{moved}, but not as it must be."
    if any(event.kind in NOES for event in story.journal):
        return f"No traffic was moved: people did not agree to leave {story.region}."
    if story.must == "stay" and story.ok:
        return "No traffic was moved, and none should have been."
    return "No traffic was moved." if story.ok else "No traffic was moved, though it should have been."


def account(story: Story) -> list[str]:
    """Return a few sentences about the run.

    They say: the fault, the first signal, the decision, the first control that moved, and the requests.
    """
    reached = story.milestones
    told = [f"{story.scenario} in {story.region}: {story.says}."]
    if reached.first_signal is None:
        told.append("No bad word about it reached the controller.")
    else:
        told.append(f"The first bad word reached the controller after {spelled(reached.first_signal)}.")
    if reached.decided is not None:
        told.append(f"It decided that {story.region} should be left after {spelled(reached.decided)}.")
    if reached.first_shift is not None:
        told.append(f"The first routing control moved after {spelled(reached.first_shift)}.")
    if story.failed:
        last = spelled(reached.last_failed_request)
        told.append(f"{story.failed} requests failed, the last of them {last} after the break;")
        told.append(f"{story.served} were served.")
    else:
        told.append(f"No request failed; {story.served} were served.")
    return told


def because(story: Story) -> str:
    """Return the reason for the move, or for staying.

    It is the reason that the controller itself gave.
    """
    for event in story.journal:
        if isinstance(event.body, IncidentOpened) and event.at >= story.broke and story.shifts:
            return f"Why it moved: {event.body.reason}."
    if story.shifts:
        return ""
    for event in story.journal:
        if event.kind in NOES and event.at >= story.broke:
            after = spelled(event.at - story.broke)
            return f"Why it did not move: {sentence(event)}, {after} after the break."
    if not story.judgements:
        return f"Why it did not move: {story.why_not}" if story.why_not else ""
    last = story.judgements[-1]
    return f"Why it did not move ({spelled(last.at)} after the break): {why_sentence(dict(last.record))}"
