"""Small pictures for the live screen. Each says in letters or shape what it says in colour."""

from collections.abc import Iterable, Sequence

from rich.text import Text

from controller.core.incident.fold import fold
from controller.core.journal import Event
from controller.core.model import Signal, Verdict
from controller.core.text import plain
from controller.entry.happenings import clock
from controller.lab.stage import Stage
from controller.rehearsal.records import resolve

BAR = 24
LEVELS = " ▁▂▃▄▅▆▇█"
_STYLES = {
    Verdict.BREACHING: ("✗ breaching", "bold red"),
    Verdict.HEALTHY: ("✓ healthy  ", "green"),
    Verdict.SILENT: ("… silent   ", "yellow"),
    Verdict.UNKNOWN: ("? unknown  ", "yellow"),
}


def bar(served: int, failed: int, everyone: int) -> Text:
    """Served as full blocks, failed as crosses, out of `everyone`."""
    good, bad = round(BAR * served / everyone), round(BAR * failed / everyone)
    bad = max(bad, 1) if failed else 0
    good = min(good, BAR - bad)
    return Text.assemble(("█" * good, "green"), ("×" * bad, "red"), ("·" * (BAR - good - bad), "dim"))


def sparkline(values: Sequence[int], *, width: int) -> str:
    """The sums of `values` in at most `width` columns, the oldest at the left."""
    if not values:
        return ""
    size = -(-len(values) // width)
    sums = [sum(values[at : at + size]) for at in range(0, len(values), size)]
    top = max(sums) or 1
    return "".join(LEVELS[-(-each * (len(LEVELS) - 1) // top)] for each in sums)


def verdict(value: Verdict) -> Text:
    word, style = _STYLES[value]
    text = Text()
    text.append(word, style)
    return text


def signal_name(signal: Signal, application: str) -> str:
    """Without what all signals of the application and the Region have in common."""
    short = signal.name.removeprefix(f"{application}-").removeprefix(f"{signal.subject}-") or signal.name
    seen = f" seen from {signal.observer}" if signal.kind == "canary" else f" {signal.kind}"
    return f"{signal.family}  {plain(short, 60)}{seen}"


def approval(events: Iterable[Event], now: float) -> str:
    """What people are asked, and what they said."""
    events = tuple(events)
    if not events:
        return "nobody is asked"
    incidents = fold(events[0].application, events).incidents.values()
    requests = [incident.request for incident in incidents if incident.request is not None]
    if not requests:
        return "nobody is asked"
    request = requests[-1]
    if request.status == "waiting":
        left = clock(max(0.0, request.expires - now))
        return f"waiting, {left} left: tidegate approve {plain(request.id, 64)}"
    return f"{request.status}" + (f" by {plain(request.by, 60)}" if request.by else "")


def answers(stage: Stage) -> list[tuple[str, str]]:
    """(location, where its customers are sent) as the name server would say now, without asking it."""
    tree, healthy = stage.cloud.tree, stage.cloud.health.is_healthy
    count = len(tree.slices)
    told = []
    for location in stage.policy.regions:
        found = [resolve(tree, tree.name, healthy, location, (i + 0.5) / count).region for i in range(count)]
        shares = [f"{region} {found.count(region)}/{count}" for region in dict.fromkeys(found)]
        told.append((location, ", ".join(shares)))
    return told
