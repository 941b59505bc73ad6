"""The telling of alerts: when, by whom, and in one page a cause.

```
 stands ── tellAfter ──> due ── the driver, or rank 0 ── 2 min ──> the next rank ── 2 min ──> …
                          └── a page with a stable key ── an hour ──> again, while it stands
 ends, and stands again within JOIN: the same episode, of which people know
```
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from controller.core.decision.alerts import Alert
from controller.core.explanation import format_time
from controller.core.incident.alert_keys import (
    BAD,
    LOST,
    LOST_BY_CODE,
    UNKNOWN,
    covered_by,
    kept_by,
    kind_of,
    lost,
    what_of,
)
from controller.core.incident.state import State
from controller.core.policy.schema import Policy

AGAIN = 3600.0
"""Seconds after which people are told once more of what still stands."""
JOIN = 900.0
"""Seconds within which what stands anew is the same episode."""
TURN = 120.0
"""Seconds for which each controller waits for a record of the one before it."""
SHADOW = "[shadow] "
"""The mark of a page about what would have been done."""
GAP = 200.0
"""Seconds between two looks, beyond which nobody knows whether it stood in between: a tick may be lost."""


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode is how long one controller has seen an alert stand.

    first: of the episode. begun: of this unbroken stretch. last: when it was seen last. due: since when it is
    to be told; None: it is not. told: when this controller told people itself.
    """

    first: float
    begun: float
    last: float
    due: float | None = None
    told: float | None = None


def seen_again(known: Mapping[str, Episode], standing: Collection[str], now: float) -> dict[str, Episode]:
    """Return the episodes after one more look, at which the alerts `standing` stood."""
    kept = {key: each for key, each in known.items() if now - each.last <= JOIN or _lately(each, now)}
    fresh = {key: _extended(kept.get(key), _newest(known), now) for key in standing}
    return {**{key: replace(each, due=None) for key, each in kept.items()}, **fresh}


def _lately(episode: Episode, now: float) -> bool:
    return episode.told is not None and now - episode.told < AGAIN


def _newest(known: Mapping[str, Episode]) -> float:
    return max((each.last for each in known.values()), default=-inf)


def _extended(before: Episode | None, newest: float, now: float) -> Episode:
    if before is None:
        return Episode(now, now, now)
    first = before.first if now - before.last <= JOIN else now
    unbroken = before.last >= newest and 0 <= now - before.last <= GAP
    return replace(before, first=first, begun=before.begun if unbroken else now, last=now)


def place(policy: Policy, here: str, driver: str | None) -> int:
    """Return the turn of the controller in `here`, from 0.

    The driver comes first, then the policy's order.
    """
    order = sorted(policy.controllers, key=lambda region: region != driver)
    return order.index(here) if here in order else len(order)


def is_due(
    alert: Alert, episode: Episode, state: State, policy: Policy, now: float, *, soon: bool = False
) -> bool:
    """Return True where the alert stands for long enough, untold.

    soon: no time needs to pass.
    """
    since = episode.begun if alert.since is None else alert.since
    if alert.hushed or (now - since < policy.limits.tell_after and not (soon or alert.at_once)):
        return False
    if any(alert.key in notice.about for notice in state.untold.values()):
        return False  # every controller tries that again
    told = told_at(alert, episode, state)
    return told is None or (policy.enforcement == "live" and now - told >= AGAIN)


def told_at(alert: Alert, episode: Episode, state: State) -> float | None:
    """Return when people were last told of the alert in this episode.

    None: they were not.
    """
    known = [at for key in covered_by(alert.key) if (at := state.pages.get(key)) is not None]
    told = max((*known, *(() if episode.told is None else (episode.told,))), default=-inf)
    return told if told > episode.first - JOIN else None


@dataclass(frozen=True, slots=True)
class Page:
    """A page tells people of one cause.

    key: stable, so that it is updated and not repeated. about: the keys of the alerts that it tells of.
    """

    key: str
    subject: str
    text: str
    code: str
    about: tuple[str, ...]
    regions: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Return all that people know of by this page.

        That is the alerts, and the code that keeps each Region.
        """
        return (*self.about, *(kept_by(region, self.code) for region in self.regions))


def pages(policy: Policy, due: Sequence[Alert], known: Sequence[Alert]) -> tuple[Page, ...]:
    """Return one page for each cause of the alerts that are due.

    What keeps several Regions by one code is one cause, and so are all Regions of which nobody knows. What is
    lost is the cause of a Region that it keeps.
    known: alerts that stand, and that people know of by now or could; they are told again with their cause.
    """
    gone = [alert for alert in due if kind_of(alert.key) == LOST]
    wanting = {alert.key for alert in gone}
    bad = [a for a in known if kind_of(a.key) == BAD and (a in due or wanting & set(_causes(a)))]
    blamed = {key for alert in bad for key in _causes(alert)}
    unknown = [alert for alert in due if kind_of(alert.key) == UNKNOWN]
    if unknown:
        unknown = [alert for alert in known if kind_of(alert.key) == UNKNOWN]
    groups: dict[str, list[Alert]] = {}
    for alert in bad:
        groups.setdefault(alert.code, []).append(alert)
    found = [_page(policy, [*g, *(a for a in gone if a.key in _causes(g[0]))]) for g in groups.values()]
    found += [_page(policy, [alert]) for alert in gone if alert.key not in blamed]
    return (*found, *([_page(policy, unknown)] if unknown else []))


def _causes(alert: Alert) -> tuple[str, ...]:
    """Return the keys of what is lost and keeps a Region.

    | the code of the Region                      | explained by     |
    |---------------------------------------------|------------------|
    | `disarmed`: an unread fleet counts as so    | `lost/fleet`     |
    |    and so does a journal that was restored  | `lost/events`    |
    | a code of `LOST_BY_CODE`                    | what it names    |
    | any other (`cut-off`, `cooldown`, a guard…) | nothing: by code |
    """
    if alert.code == "disarmed":
        return lost("fleet"), lost("events"), lost("fleet-events")
    return (LOST_BY_CODE[alert.code],) if alert.code in LOST_BY_CODE else ()


def _page(policy: Policy, about: Sequence[Alert]) -> Page:
    first, app = about[0], policy.application
    what = what_of(first.key)
    regions = tuple(alert.region for alert in about if alert.region is not None)
    mark = SHADOW if policy.enforcement == "shadow" else ""
    match kind_of(first.key):
        case "bad":
            key = f"{app}/{what if len(regions) == 1 else 'regions'}"
            subject = f"{app} {', '.join(regions)}: failing, and not left"
        case "unknown":
            fails = "fails" if len(regions) == 1 else "fail"
            key = f"{app}/unknown"
            subject = f"{app}: nobody knows whether {', '.join(regions)} {fails}"
        case _:
            key, subject = f"{app}/{what}", f"{app}: {first.fact}"
    lines = [line for alert in about for line in _lines(alert)]
    text = "\n".join((*dict.fromkeys(lines), "Told again each hour while it lasts."))
    return Page(key, mark + subject, text, first.code, tuple(alert.key for alert in about), regions)


def _lines(alert: Alert) -> tuple[str, ...]:
    since = "" if alert.since is None else f", since {format_time(alert.since)}"
    named = alert.region is not None and alert.fact.startswith(alert.region)
    head = alert.fact if named else alert.fact[:1].upper() + alert.fact[1:]
    why = "What is known" if kind_of(alert.key) == LOST else "Why nothing moves"
    return f"{head}{since}.", f"{why}: {alert.kept}.", f"You can: {alert.remedy}."
