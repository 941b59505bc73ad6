"""The live screen of a rehearsal: everything that a person would otherwise need ten consoles for.

Reads what is in the process at each frame; journal, assessments and evidence only as `Watch` looked at
them last. Text from outside goes through `core.text.plain`, and never through markup.
"""

import time
from collections import deque
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from controller.core.model import Verdict
from controller.core.text import plain
from controller.entry import gauges
from controller.entry.happenings import Happening, Happenings, clock
from controller.lab.rehearse import WARM_UP, Run
from controller.lab.stage import Stage
from controller.lab.watch import Watch

FRAME = 0.15
"""Real seconds between two frames, at least."""
FIXED = 22
"""Lines that are always there, for two Regions and five signals."""


class Screen:
    """A context; `beat(run)` draws."""

    def __init__(self, console: Console, stage: Stage, watch: Watch) -> None:
        self._stage, self._watch = stage, watch
        self._happenings = Happenings(stage, watch)
        self._last: deque[Happening] = deque(maxlen=12)
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
        """Look if it is time to, and draw if the last frame is old enough."""
        looked = self._watch.look()
        if looked or not self._last:
            self._last.extend(self._happenings.new(run))
        if time.monotonic() - self._drawn >= FRAME:
            self._live.update(self.frame(run), refresh=True)
            self._drawn = time.monotonic()

    def frame(self, run: Run) -> Group:
        """All of it at this moment."""
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
            when = f"{clock(self._stage.kernel.now() - run.broke)} since the break"
        else:
            left = self._begun + WARM_UP - self._stage.kernel.now()
            when = f"steady traffic; it breaks in {clock(max(left, 0.0))}"
        says = plain(run.scenario.says, 100)
        return Text.assemble((run.scenario.name, "bold"), f"  {run.region}: {says}\n", (when, "bold"))

    def _customers(self, rows: Table, run: Run) -> None:
        now = self._stage.kernel.now()
        ledger = self._stage.customers.ledger
        felt = ledger.by_region(now - 30, now)
        everyone = sum(sum(counts) for counts in felt.values()) or 1
        for region in self._stage.policy.regions:
            served, failed = felt.get(region, (0, 0))
            text = gauges.bar(served, failed, everyone)
            text.append(f" {served:3d} served {failed:3d} failed in 30 s  {region}")
            rows.add_row("" if rows.row_count else "customers", text)
        if run.broke:
            totals = ledger.totals(run.broke)
            failures = [failed for _, failed in ledger.per_second(run.broke, now)]
            text = Text(gauges.sparkline(failures, width=36), style="red")
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
            text = gauges.verdict(state.verdict)
            text.append(f"{since:<13}{gauges.signal_name(state.signal, self._stage.policy.application)}")
            rows.add_row(label, text)
            label = ""
        others = [t.state.verdict for t in seen.tracks if t.state.signal.subject != run.region]
        counts = ", ".join(f"{others.count(v)} {v}" for v in Verdict if v in others)
        rows.add_row("", Text(f"about other Regions: {counts}", style="dim"))

    def _decision(self, rows: Table, run: Run) -> None:
        decisions = self._watch.decisions(run.region)
        if decisions:
            latest = decisions[-1][1]
            text = Text.assemble((str(latest["code"]), "bold"), f": {plain(str(latest['reason']), 300)}")
            rows.add_row("decision", text)
            ready = [c for c in latest.get("checks", ()) if c["guard"] == "readiness"]
            told = f"{ready[-1]['value']}: {plain(ready[-1]['sentence'], 200)}" if ready else "not asked yet"
            rows.add_row("readiness", told)
        rows.add_row("approval", gauges.approval(self._watch.journal, self._stage.kernel.now()))

    def _controls(self, rows: Table) -> None:
        is_on, label = self._stage.cloud.switch.is_on, "controls"
        for region, entry in self._stage.policy.regions.items():
            text = Text(f"{region}  ")
            for name in entry.controls:
                on = is_on(name)
                text.append(f"{plain(name, 30)} ")
                text.append("On   " if on else "Off  ", "green" if on else "bold red")
            rows.add_row(label, text)
            label = ""

    def _names(self, rows: Table) -> None:
        told = gauges.answers(self._stage)
        rows.add_row("DNS", "   ".join(f"{location} → {answer}" for location, answer in told))

    def _lines(self, run: Run, count: int) -> list[Text]:
        zero = run.broke or self._stage.kernel.now()
        return [
            Text.assemble((f"{clock(each.at - zero):>8} ", "dim"), (f"{each.kind:<9}", "dim"), each.text,
                          overflow="ellipsis", no_wrap=True)
            for each in list(self._last)[-count:]
        ]  # fmt: skip
