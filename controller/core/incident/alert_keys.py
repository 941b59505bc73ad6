"""The keys of alerts: their spelling, and those that a page tells of.

```
 bad/REGION       it fails              unknown/REGION   nobody knows whether it fails
 lost/WHAT        a decision needs it   REGION/CODE      what keeps the Region where it is
 asks/REGION      it must be left, and people are asked: told by the question itself
```
Evidence, journal, assessments and pages all speak of an alert by its key.
"""

from controller.core.incident.state import Incident, heading

BAD, UNKNOWN, LOST, ASKS = "bad", "unknown", "lost", "asks"
"""What is wrong: the first word of a key."""
LOST_BY_CODE = {
    "journal-unreadable": f"{LOST}/journal",
    "switch-unavailable": f"{LOST}/switch",
    "evidence-unreadable": f"{LOST}/evidence",
    "policy-superseded": f"{LOST}/policy",
    "policy-unreadable": f"{LOST}/policy",
    "fleet-unreadable": f"{LOST}/fleet",
}
"""Code -> the alert about what is lost, which every decision needs. A page with the code tells of it."""


RESTORED = {"head": "events", "fleet": "fleet-events"}
"""The journal, as assessments call its head -> what is lost where it was restored."""


def bad(region: str) -> str:
    return f"{BAD}/{region}"


def unknown(region: str) -> str:
    return f"{UNKNOWN}/{region}"


def lost(what: str) -> str:
    return f"{LOST}/{what}"


def asks(region: str) -> str:
    return f"{ASKS}/{region}"


def kept_by(region: str, code: str) -> str:
    return f"{region}/{code}"


def kind_of(key: str) -> str:
    """Return the first word of a key: `BAD`, `UNKNOWN` or `LOST`."""
    return key.partition("/")[0]


def what_of(key: str) -> str:
    """Return the rest of a key: a Region, or what is lost."""
    return key.partition("/")[2]


def covered_by(key: str) -> tuple[str, ...]:
    """Return the keys by which people know of an alert.

    Who was told that a Region fails need not be told of doubt.
    """
    return (key, bad(what_of(key))) if kind_of(key) == UNKNOWN else (key,)


def known_by_page(incident: Incident, code: str) -> tuple[str, ...]:
    """Return all that people know of by a page about an incident.

    That is its Region, and the code that keeps it. `target-failing` speaks of the Region that the present leg
    brings traffic to: on the way back that is the source.
    """
    known = [kept_by(incident.source, code), bad(incident.source)]
    known += [LOST_BY_CODE[code]] if code in LOST_BY_CODE else []
    known += [bad(heading(incident)[1])] if code == "target-failing" and incident.target else []
    return tuple(dict.fromkeys(known))


def known_by_acknowledgement(incident: Incident) -> tuple[str, ...]:
    """Return what the person knows of who acknowledges an incident."""
    return bad(incident.source), unknown(incident.source)
