"""The notices of AWS Health as evidence, and their traps.

Source: AWS Health user guide, "Reference: AWS Health events Amazon EventBridge schema". `eventRegion` is the
Region that a notice is about; `region` is where it was delivered: there, and once more in a backup Region.
Dates are RFC 1123. `statusCode` may say open where the text says resolved and `endTime` is set.
"""

import re
from hashlib import sha256
from itertools import islice
from typing import Any

from controller.aws.events.fields import MAX_LENGTH, Unusable, date, is_region, iso, member, region, text
from controller.core.evidence.health_notices import KIND, notice_id
from controller.core.model import RELAYED, Observation, Sighting, Verdict, signal_id
from controller.core.text import sanitize

HEALTH_EVENT = "AWS Health Event"
REASON_LENGTH = 200

_SERVICE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_ZONE = re.compile(r"\b[a-z]{2,5}[0-9]{1,2}-az[0-9]{1,2}\b")
_ONE_ZONE = re.compile(r"\b(?:single|one|an?|affected|impacted) availability zone\b", re.IGNORECASE)
_RESOLVED = re.compile(r"\[RESOLVED\]", re.IGNORECASE)
UNNAMED_ZONE = "?"
WIDEST = 200
"""Members of one object that are looked at."""


def notice(event: dict[str, Any], *, account: str, received: float) -> Sighting:
    """Return the sighting in a notice of AWS Health.

    Raises `Unusable` where it accuses no service of a Region.
    """
    detail = member(event, "detail", "The event")
    about, service = _about(detail)
    arn = text(detail, "eventArn", "The notice")
    sent = _version(detail)
    at = (
        iso(event, "time") if detail.get("lastUpdatedTime") in (None, "") else date(detail, "lastUpdatedTime")
    )
    over = _over(detail, received)
    zones = _zones(detail)
    owner = detail.get("affectedAccount")  # an organisation's administrator is told of its members
    whose = owner if isinstance(owner, str) and re.fullmatch("[0-9]{12}", owner) else account
    return Sighting(
        signal=signal_id(kind=KIND, account=whose, observer=about, name=service),
        observation=Observation(
            at=at,
            received=received,
            verdict=Verdict.UNKNOWN if over else Verdict.BREACHING,
            via="event" if region(event) == about else RELAYED,
            id=notice_id(notice=_short(arn), zones=zones, version=_short(sent)),
            reason=_reason(detail, over=over, zones=zones),
        ),
    )


def _about(detail: dict[str, Any]) -> tuple[str, str]:
    """Return the Region and the service that are accused."""
    category = text(detail, "eventTypeCategory", "The notice")
    if category != "issue":
        raise Unusable(f"Not evidence: AWS Health's notice is a “{sanitize(category, 40)}”, not an issue.")
    status = text(detail, "statusCode", "The notice")
    if status == "upcoming":
        raise Unusable("Not evidence: AWS Health tells of something that is still to come.")
    if status not in ("open", "closed"):
        raise Unusable(f"The notice's status “{sanitize(status, 40)}” is not one that AWS Health has.")
    about = text(detail, "eventRegion", "The notice")
    if about == "global":
        raise Unusable("Not evidence: AWS Health's notice is about no one Region.")
    if not is_region(about):
        raise Unusable(f"The notice's eventRegion “{sanitize(about, 40)}” is not the name of a Region.")
    service = text(detail, "service", "The notice")
    if not _SERVICE.fullmatch(service):
        raise Unusable(f"The notice's service “{sanitize(service, 40)}” is not the name of a service.")
    code, scope = detail.get("eventTypeCode"), detail.get("eventScopeCode")
    whole = isinstance(code, str) and code.endswith("_OPERATIONAL_ISSUE")
    if scope == "ACCOUNT_SPECIFIC" and not whole:
        raise Unusable(f"Not evidence: AWS Health's notice is about single resources{_entities(detail)}.")
    if scope not in ("PUBLIC", "ACCOUNT_SPECIFIC"):
        raise Unusable("Not evidence: AWS Health's notice is neither public nor about an account.")
    return about, service


def _version(detail: dict[str, Any]) -> str:
    """Return the notice's version: it differs from one update to the next.

    It is the same on each page and in both Regions.
    """
    sent = detail.get("communicationId")
    return sent if isinstance(sent, str) and sent else text(detail, "lastUpdatedTime", "The notice")


def _over(detail: dict[str, Any], received: float) -> bool:
    ended = detail.get("endTime") not in (None, "") and date(detail, "endTime") <= received
    return ended or detail["statusCode"] == "closed" or bool(_RESOLVED.search(_description(detail)))


def _zones(detail: dict[str, Any]) -> frozenset[str]:
    """Return the availability zones that a notice is about.

    None: the whole Region. Mostly its text alone tells.
    """
    said = "\n".join(
        [_description(detail), *_texts(detail.get("availabilityZone")), *_texts(detail.get("eventMetadata"))]
    )
    named = frozenset(_ZONE.findall(said))
    return named or (frozenset({UNNAMED_ZONE}) if _ONE_ZONE.search(said) else frozenset())


def _description(detail: dict[str, Any]) -> str:
    return "\n".join(_texts(detail.get("eventDescription")))


def _texts(value: object) -> list[str]:
    """Return the texts in a value and in what it holds, two levels down.

    The result is bounded, whatever the value is.
    """
    level: list[object] = [value]
    found: list[str] = []
    for _ in range(3):
        found += [each[:MAX_LENGTH] for each in level if isinstance(each, str)]
        holders = [each for each in level if isinstance(each, dict | list)]
        inner = (islice(each.values() if isinstance(each, dict) else each, WIDEST) for each in holders)
        level = [child for children in inner for child in children][:WIDEST]
    return found


def _reason(detail: dict[str, Any], *, over: bool, zones: frozenset[str]) -> str:
    called = detail.get("eventTypeCode")
    code = sanitize(called, 80) if isinstance(called, str) and called else "a notice"
    where = f" in {', '.join(sorted(zones - {UNNAMED_ZONE})) or 'one zone'}" if zones else ""
    begun = detail.get("startTime")
    since = f", begun {sanitize(begun, 40)}" if isinstance(begun, str) and begun else ""
    state = "is over" if over else "is open"
    return sanitize(f"AWS Health: {code}{where} {state}{since}{_entities(detail)}", REASON_LENGTH)


def _entities(detail: dict[str, Any]) -> str:
    found = detail.get("affectedEntities")
    return f" ({len(found)} affected)" if isinstance(found, list) and found else ""


def _short(name: str) -> str:
    return sha256(name.encode(errors="replace")).hexdigest()[:16]
