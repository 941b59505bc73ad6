"""AWS Health as evidence: all notices together, open and closed, give one verdict.

```
 notice 1       open━━━━━━━━━━━━closed
 notice 2              open━━━━━━━━━━━━━━━━━━━closed       use1-az4 alone: (open), which accuses no Region;
 signal    ?    breaching━━━━━━━━━━━━━━━━━━━━━unknown      two zones at once do
```
A notice only ever accuses: that there is none, or that one was closed, is no health (AWS's first post comes
a median 78 minutes after the start that it states), so it is *unknown*.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf

from controller.core.evidence.timeline import Run, heard_at
from controller.core.model import Observation, Verdict

KIND = "health"


def notice_id(*, notice: str, zones: Iterable[str], version: str) -> str:
    """Return the id of an observation of a notice.

    It is the same in each Region and on each page of one version.
    """
    return f"{notice}@{'+'.join(sorted(zones)[:6])}/{version}"


def standing(history: Sequence[Observation], patience: float, now: float) -> tuple[Observation, ...]:
    """Return the observations, each with the verdict of all notices together.

    The verdict holds from then on. An observation is added for each notice that lapsed.
    history: ordered by event time. patience: an open notice that was not updated for so many seconds
    counts no longer, since the event that closed it may have been lost.
    """
    opened: dict[str, Observation] = {}
    said: list[Observation] = []
    for seen in history:
        said += _lapsed(opened, patience, heard_at(seen))
        notice = seen.id.partition("@")[0]
        opened.pop(notice, None)
        if seen.verdict is Verdict.BREACHING:
            opened[notice] = seen
        said.append(_together(seen, opened))
    said += _lapsed(opened, patience, now)
    return tuple(said)


def _lapsed(opened: dict[str, Observation], patience: float, now: float) -> Iterable[Observation]:
    """Yield an observation for each notice that lapsed, and remove it from `opened`.

    A notice lapses where nobody updated it for `patience` seconds.
    """
    for notice, seen in sorted(opened.items(), key=lambda pair: heard_at(pair[1])):
        ends = heard_at(seen) + patience
        if ends < now:
            del opened[notice]
            lapse = replace(
                seen, at=ends, received=ends, verdict=Verdict.UNKNOWN, reason="no update of the notice came"
            )
            yield _together(lapse, opened)


def _together(seen: Observation, opened: Mapping[str, Observation]) -> Observation:
    zones = {key: _zones(each) for key, each in opened.items()}
    wide = next((each.reason for key, each in opened.items() if not zones[key]), None)
    if wide is not None:
        return replace(seen, verdict=Verdict.BREACHING, reason=wide)
    fallen = sorted(set().union(*zones.values()))
    if len(fallen) > 1:
        return replace(seen, verdict=Verdict.BREACHING, reason=f"AWS Health: zones {', '.join(fallen)}")
    if fallen:
        return replace(seen, verdict=Verdict.UNKNOWN, reason=f"one zone alone: {fallen[0]}")
    return replace(seen, verdict=Verdict.UNKNOWN)


def _zones(seen: Observation) -> frozenset[str]:
    """Return the zones that a notice is about; none where it means the Region."""
    zones = seen.id.partition("/")[0].partition("@")[2]
    return frozenset(zones.split("+")) if zones else frozenset()


def quiet(pasts: Iterable[Sequence[Run]], now: float) -> float:
    """Return the seconds since the last accusation that has ended.

    The result is infinite where there was none.
    """
    ended = [run.unheard for past in pasts for run in past if run.verdict is Verdict.BREACHING]
    return min((now - each for each in ended if each < inf), default=inf)
