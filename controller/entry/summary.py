"""The end of a rehearsal in a few lines, and as the document `tidegate.demo/v1`."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from controller.core.text import plain
from controller.readmodel.run import Story


def fields(story: Story, report: Path) -> dict[str, Any]:
    """Times in seconds of scenario time since the break; null where it did not happen."""
    reached = story.milestones
    return {
        "scenario": story.scenario,
        "ok": story.ok,
        "speed": story.speed,
        "milestones": {
            "first_signal_s": _tenths(reached.first_signal),
            "decided_s": _tenths(reached.decided),
            "first_shift_s": _tenths(reached.first_shift),
            "last_failed_request_s": _tenths(reached.last_failed_request),
        },
        "requests": {"served": story.served, "failed": story.failed},
        "shifts": [
            {"at_s": _tenths(s.at), "control": s.control, "state": "On" if s.on else "Off"}
            for s in story.shifts
        ],
        "decisions": [
            {"at_s": _tenths(d.at), "code": d.code, "reason": plain(d.text, 1000)} for d in story.decisions
        ],
        "report": str(report),
        "region": story.region,
        "approve": story.approve,
        "findings": [{"ok": ok, "finding": plain(text, 300)} for ok, text in story.findings],
    }


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def summary(out: Console, story: Story, report: Path) -> None:
    reached = story.milestones
    verdict = ("as it must be", "bold green") if story.ok else ("NOT as it must be", "bold red")
    out.print(Text.assemble(f"\n{story.scenario} in {story.region}: ", verdict))
    for name, at in (
        ("first signal", reached.first_signal),
        ("decision", reached.decided),
        ("first control moved", reached.first_shift),
        ("last failed request", reached.last_failed_request),
    ):
        out.print(f"  {name:<22}" + ("never" if at is None else f"{at:8.1f} s after the break"))
    out.print(f"  {'requests':<22}{story.failed:8d} failed, {story.served} served")
    for ok, text in story.findings:
        out.print(Text(f"  {'ok' if ok else 'WRONG':<22}{plain(text, 300)}", style="" if ok else "bold red"))
    if story.why_not:
        out.print(Text(f"  Why it did not act at once: {plain(story.why_not, 1000)}"))
    out.print(Text(f"  Report: {plain(str(report), 300)}"))
