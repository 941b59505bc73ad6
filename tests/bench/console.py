"""The console in front of a long past: server time of every page, its weight, and memory under pollers.

Server time is the handler's with its calls, the rehearsal cloud's own work included.
"""

import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controller.core.explanation import format_time
from tests.bench.long_past import BLIND, DAY, long_past
from tests.support.console_world import Browser, Desk

BOUND_MS, BOUND_BYTES, BOUND_GROWN = 50.0, 100_000, 2_000_000
LOOKS = 120
POLLERS, LASTS, EVERY = 50, 600.0, 5.0
"""People, seconds, and seconds between two looks of one: as `console.js` polls."""
WRONG = 1000
WARM = 12
"""Rounds of polls before memory is looked at."""
STATM = Path("/proc/self/statm")


@dataclass
class Timed:
    """Milliseconds of each look at a page, and its bytes at most."""

    used: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    weight: int = 0

    def look(self, browser: Browser, path: str) -> int:
        used, began = time.process_time(), time.perf_counter()
        response = browser.get(path)
        self.waited.append((time.perf_counter() - began) * 1000)
        self.used.append((time.process_time() - used) * 1000)
        self.weight = max(self.weight, len(response.body))
        return response.status


def bench(say: Callable[[str], None]) -> bool:
    """Print the tables; whether every bound held."""
    desk = long_past()
    held = [_pages(desk, say), _wrong_ids(desk, say), _pollers(desk, say)]
    return all(held)


def paths(desk: Desk) -> dict[str, tuple[str, int]]:
    """What is looked at -> its address, and the status that is right."""
    now, state = desk.w.stage.kernel.now(), desk.w.state
    ended = list(state.incidents.values())[len(state.incidents) // 2]
    assert state.open is not None
    assert ended.request is not None
    return {
        "now": ("/", 200),
        "incident, open": (f"/incidents/{state.open.id}", 200),
        "incident, ended": (f"/incidents/{ended.id}", 200),
        "approve": (f"/approve/{desk.request}", 200),
        "approve, answered": (f"/approve/{ended.request.id}", 200),
        "approve, unknown id": (f"/approve/{'0' * 32}", 404),
        "history": ("/history", 200),
        "history, filtered": (f"/history?intent=restore&before={ended.opened}", 200),
        "history, an hour ago": (f"/history?at={format_time(now - 3600)}", 200),
        "history, nobody watched": (f"/history?at={format_time(now + sum(BLIND) / 2)}", 200),
        "history, 200 days ago": (f"/history?at={format_time(now - 200 * DAY)}", 200),
        "policy": ("/policy", 200),
        "health": ("/health", 200),
        "sign-in": ("/signin", 303),
    }


def _pages(desk: Desk, say: Callable[[str], None]) -> bool:
    wanted = paths(desk)
    ana, first = desk.browser("u-ana"), Timed()
    first.look(ana, "/")
    incidents, events = len(desk.w.state.incidents), len(desk.w.events)
    say(
        f"The console with {incidents:,} incidents and {events:,} journal events, {LOOKS} looks at each page."
    )
    say(f"Milliseconds; bounds: {BOUND_MS:.0f} of processor at p99, and {BOUND_BYTES // 1000} KB.")
    say(f"The first look of all, which reads and verifies the whole journal: {first.used[0]:,.0f}.")
    say(f"{'':<26}{'processor':>9}{'':>7}{'wall':>9}")
    say(f"{'page':<26}{'p50':>7}{'p99':>7}{'p50':>9}{'p99':>7}{'worst':>7}{'KB':>6}")
    timed = {name: Timed() for name in wanted}
    for _ in range(LOOKS):
        desk.w.advance(EVERY)
        desk.clock.at += EVERY
        for name, (path, right) in wanted.items():
            status = timed[name].look(ana, path)
            assert status == right, (name, status)
    held = [_row(name, each, say) for name, each in timed.items()]
    return all(held)


def _row(name: str, each: Timed, say: Callable[[str], None]) -> bool:
    good = _at(each.used, 0.99) <= BOUND_MS and each.weight < BOUND_BYTES
    say(f"{name:<26}{_at(each.used, 0.5):>7.1f}{_at(each.used, 0.99):>7.1f}{_at(each.waited, 0.5):>9.1f}"
        f"{_at(each.waited, 0.99):>7.1f}{max(each.waited):>7.0f}{each.weight / 1000:>6.0f}"
        f"{'' if good else '  NO'}")  # fmt: skip
    return good


def _at(figures: Sequence[float], quantile: float) -> float:
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * quantile))]


def _wrong_ids(desk: Desk, say: Callable[[str], None]) -> bool:
    """A thousand links that lead nowhere, as somebody who guesses would send them."""
    b, events = desk.browser("u-ana"), len(desk.w.events)
    desk.log.clear()
    began = time.process_time()
    statuses = {b.get(f"/approve/{number:032x}").status for number in range(WRONG)}
    used = time.process_time() - began
    good = statuses == {404} and len(desk.log) == WRONG and len(desk.w.events) == events and used < 60.0
    say(f"\n{WRONG:,} wrong ids: {used:.1f} s of processor, one line of log each, nothing written "
        f"{'ok' if good else 'NO'}")  # fmt: skip
    return good


def _pollers(desk: Desk, say: Callable[[str], None]) -> bool:
    """Each has a session, and the question open; nobody waits, but as many requests are made."""
    pages = [path for name, (path, _) in paths(desk).items() if name in ("now", "approve", "incident, open")]
    people = [desk.browser("u-ana") for _ in range(POLLERS)]
    rounds, began = int(LASTS / EVERY), time.process_time()
    before = 0
    for turn in range(WARM + rounds):
        if turn == WARM:
            before = _memory()
        desk.w.advance(EVERY)
        desk.clock.at += EVERY
        for number, person in enumerate(people):
            assert person.get(pages[number % len(pages)]).status == 200
        desk.log.clear()
    grown = _memory() - before
    good = grown <= BOUND_GROWN
    say(f"{POLLERS} approvers who poll for {LASTS:.0f} s: {POLLERS * rounds:,} requests in "
        f"{time.process_time() - began:.0f} s of processor. Resident memory {before / 1e6:.1f} MB, then "
        f"{grown / 1e6:+.1f} MB (bound {BOUND_GROWN / 1e6:.0f}) {'ok' if good else 'NO'}\n")  # fmt: skip
    return good


def _memory() -> int:
    """Resident bytes; 0 where that cannot be read."""
    gc.collect()
    if not STATM.exists():
        return 0
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


__all__ = ["bench"]
