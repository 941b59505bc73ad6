"""The live screen of a rehearsal, in place of ten consoles.

It reads what is in the process at each frame; journal, assessments and evidence only as `RunObserver` looked
at them last. Text from outside goes through `core.text.sanitize`, and never through markup.
Each small picture says in letters or shape what it says in colour.
"""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from controller.core.incident.fold import fold
from controller.core.journal.event import Event
from controller.core.model import Signal, Verdict
from controller.core.text import sanitize
from controller.entry.demo.log import RunEvent, RunEvents, clock
from controller.lab.environment.environment import Stage
from controller.lab.environment.observer import RunObserver
from controller.lab.scenarios.play import WARM_UP, Run
from controller.rehearsal.dns.records import resolve

BAR = 24
LEVELS = " ▁▂▃▄▅▆▇█"
_STYLES = {
    Verdict.BREACHING: ("✗ breaching", "bold red"),
    Verdict.HEALTHY: ("✓ healthy  ", "green"),
    Verdict.SILENT: ("… silent   ", "yellow"),
    Verdict.UNKNOWN: ("? unknown  ", "yellow"),
}
FRAME = 0.15
"""The least real seconds between two frames."""
FIXED = 22
"""Lines that are always on the screen, for two Regions and five signals."""


def bar(served: int, failed: int, everyone: int) -> Text:
    """Draw `served` as full blocks and `failed` as crosses, out of `everyone`."""
    good, bad = round(BAR * served / everyone), round(BAR * failed / everyone)
    bad = max(bad, 1) if failed else 0
    good = min(good, BAR - bad)
    return Text.assemble(("█" * good, "green"), ("×" * bad, "red"), ("·" * (BAR - good - bad), "dim"))


def sparkline(values: Sequence[int], *, width: int) -> str:
    """Draw the sums of `values` in at most `width` columns, the oldest left."""
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
    """Return a short name, without the parts that all signals share.

    All signals of the application and the Region have those parts in common.
    """
    short = signal.name.removeprefix(f"{application}-").removeprefix(f"{signal.subject}-") or signal.name
    seen = f" seen from {signal.observer}" if signal.kind == "canary" else f" {signal.kind}"
    return f"{signal.family}  {sanitize(short, 60)}{seen}"


def approval(events: Iterable[Event], now: float) -> str:
    """Return a sentence about the last request to people, and their answer."""
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
        return f"waiting, {left} left: tidegate approve {sanitize(request.id, 64)}"
    return f"{request.status}" + (f" by {sanitize(request.by, 60)}" if request.by else "")


def answers(stage: Stage) -> list[tuple[str, str]]:
    """Return (location, the Regions its customers are sent to) for each location.

    It says what the name server would answer now, without asking it.
    """
    tree, healthy = stage.cloud.tree, stage.cloud.health.is_healthy
    count = len(tree.slices)
    told = []
    for location in stage.policy.regions:
        found = [resolve(tree, tree.name, healthy, location, (i + 0.5) / count).region for i in range(count)]
        shares = [f"{region} {found.count(region)}/{count}" for region in dict.fromkeys(found)]
        told.append((location, ", ".join(shares)))
    return told


class Screen:
    """A context that shows the live screen; `beat(run)` draws."""

    def __init__(self, console: Console, stage: Stage, watch: RunObserver) -> None:
        self._stage, self._watch = stage, watch
        self._happenings = RunEvents(stage, watch)
        self._last: deque[RunEvent] = deque(maxlen=12)
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._console = console
        self._drawn = 0.0
        self._begun = stage.kernel.now()

    def __enter__(self) -> "Screen":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def beat(self, run: Run) -> None:
        """Look again if it is time, and draw if the last frame is old."""
        looked = self._watch.look()
        if looked or not self._last:
            self._last.extend(self._happenings.new(run))
        if time.monotonic() - self._drawn >= FRAME:
            self._live.update(self.frame(run), refresh=True)
            self._drawn = time.monotonic()

    def frame(self, run: Run) -> Group:
        """Return the whole screen at this moment."""
        room = self._console.size.height
        rows = Table.grid(padding=(0, 2), expand=True)
        rows.add_column(style="dim", no_wrap=True, width=9)
        rows.add_column(ratio=1, overflow="fold")
        self._customers(rows, run)
        self._signals(rows, run)
        self._decision(rows, run)
        self._controls(rows)
        self._names(rows)
        left = max(2, min(12, room - FIXED))
        return Group(self._head(run), rows, Rule(style="dim"), *self._lines(run, left))

    def _head(self, run: Run) -> Text:
        if run.broke:
            since = self._stage.kernel.now() - run.broke
            when = f"{clock(abs(since))} {'since' if since >= 0 else 'before'} the break"
        else:
            left = self._begun + WARM_UP - self._stage.kernel.now()
            when = f"steady traffic; it breaks in {clock(max(left, 0.0))}"
        says = sanitize(run.scenario.says, 100)
        return Text.assemble((run.scenario.name, "bold"), f"  {run.region}: {says}\n", (when, "bold"))

    def _customers(self, rows: Table, run: Run) -> None:
        now = self._stage.kernel.now()
        ledger = self._stage.customers.ledger
        felt = ledger.by_region(now - 30, now)
        everyone = sum(sum(counts) for counts in felt.values()) or 1
        for region in self._stage.policy.regions:
            served, failed = felt.get(region, (0, 0))
            text = bar(served, failed, everyone)
            text.append(f" {served:3d} served {failed:3d} failed in 30 s  {region}")
            rows.add_row("" if rows.row_count else "customers", text)
        if run.broke:
            totals = ledger.totals(run.began)
            failures = [failed for _, failed in ledger.per_second(run.began, now)]
            text = Text(sparkline(failures, width=36), style="red")
            text.append(f"  {totals.failed} failed, {totals.served} served", "default")
            rows.add_row("failures", text)

    def _signals(self, rows: Table, run: Run) -> None:
        seen = self._watch.seen
        if seen is None:
            rows.add_row("signals", "listening …")
            return
        label = "signals"
        for track in seen.tracks:
            state = track.state
            if state.signal.subject != run.region:
                continue
            since = "" if state.since is None else f" for {clock(max(0.0, seen.now - state.since))}"
            text = verdict(state.verdict)
            text.append(f"{since:<13}{signal_name(state.signal, self._stage.policy.application)}")
            rows.add_row(label, text)
            label = ""
        others = [t.state.verdict for t in seen.tracks if t.state.signal.subject != run.region]
        counts = ", ".join(f"{others.count(v)} {v}" for v in Verdict if v in others)
        rows.add_row("", Text(f"about other Regions: {counts}", style="dim"))

    def _decision(self, rows: Table, run: Run) -> None:
        decisions = self._watch.decisions(run.region)
        if decisions:
            latest = decisions[-1][1]
            why = self._watch.names.text(sanitize(str(latest["reason"]), 300))
            text = Text.assemble((str(latest["code"]), "bold"), f": {why}")
            rows.add_row("decision", text)
            ready = [c for c in latest.get("checks", ()) if c["guard"] == "readiness"]
            told = (
                f"{ready[-1]['value']}: {sanitize(ready[-1]['sentence'], 200)}" if ready else "not asked yet"
            )
            rows.add_row("readiness", told)
        asked = approval(self._watch.journal, self._stage.kernel.now())
        rows.add_row("approval", self._watch.names.text(asked))

    def _controls(self, rows: Table) -> None:
        is_on, label = self._stage.cloud.switch.is_on, "controls"
        for region, entry in self._stage.policy.regions.items():
            text = Text(f"{region}  ")
            for name in entry.controls:
                on = is_on(name)
                text.append(f"{sanitize(name, 30)} ")
                text.append("On   " if on else "Off  ", "green" if on else "bold red")
            rows.add_row(label, text)
            label = ""

    def _names(self, rows: Table) -> None:
        told = answers(self._stage)
        rows.add_row("DNS", "   ".join(f"{location} → {answer}" for location, answer in told))

    def _lines(self, run: Run, count: int) -> list[Text]:
        zero = run.broke or self._stage.kernel.now()
        return [
            Text.assemble((f"{clock(each.at - zero):>8} ", "dim"), (f"{each.kind:<9}", "dim"), each.text,
                          overflow="ellipsis", no_wrap=True)
            for each in list(self._last)[-count:]
        ]  # fmt: skip
