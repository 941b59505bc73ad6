"""The first answers for an auditor, as plain JSON.

They come from the journal and the assessments of a period.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from controller.audit.approvals import Given, questions
from controller.audit.availability import Span, blinded, common, gaps, seconds
from controller.core.explanation import format_time
from controller.core.incident.fold import fold
from controller.core.incident.state import as_data
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.readmodel.run import sentence

README = """A bundle of tidegate's record. `tidegate audit verify FILE --key KEY.pem` checks all of it.

seal.json          what is signed: application, period, and the sha-256 of manifest.json
signature.der      openssl dgst -sha256 -verify public-key.pem -signature signature.der seal.json
public-key.pem     compare it with the key that you were given by another way: a forger brings a key too
manifest.json      every other file, with its size and its sha-256; what could not be read
journal.jsonl      every event from the first to the end of the period, each with the hash of the one before
fleet.jsonl        the same of what binds all applications: the fleet's kill switch, Regions counted
assessments/       what each controller decided and why, also where nothing was done; a file a day
policies/          each policy that was in force and at hand, named by its sha-256
approvals.json     each question to people: who was asked, who answered what and when
incidents.json     each incident of the period, and what happened in it
gaps.json          when each controller, and when all of them, looked at nothing
"""


def written(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()


def approvals(events: Sequence[Event], begin: float, end: float) -> list[dict[str, Any]]:
    """Return the questions that were asked, or still waited, in the period."""
    return [
        {
            "id": q.id,
            "incident": q.incident,
            "gate": q.gate,
            "digest": q.digest,
            "plan": q.plan,
            "asked": format_time(q.asked),
            "stages": [
                {"at": format_time(at), "ask": list(ask), "people": people, "until": format_time(until)}
                for at, ask, people, until in q.stages
            ],
            "answers": [_given(each) for each in q.answers],
            "refused": [_given(each) for each in q.refused],
            "outcome": q.outcome,
            "ended": None if q.ended is None else format_time(q.ended),
        }
        for q in questions(events)
        if q.asked <= end and (q.ended is None or q.ended >= begin)
    ]


def _given(answer: Given) -> dict[str, Any]:
    return {
        "at": format_time(answer.at),
        "by": answer.by,
        "said": answer.said,
        "reason": answer.reason,
        "door": answer.door,
        "groups": list(answer.groups),
        "issuer": answer.issuer,
        "subject": answer.subject,
        "signed_in": None if answer.signed_in is None else format_time(answer.signed_in),
    }


def incidents(
    application: str, events: Sequence[Event], begin: float, only: str | None
) -> list[dict[str, Any]]:
    """Return the incidents that were open in the period, or `only` one.

    Of break-glass also what the journal heard of in the period.
    """
    found = fold(application, events).incidents.values()
    heard = {e.draft.incident: e.at for e in events if e.kind is Kind.BROKE_GLASS}
    return [
        {
            **as_data(incident),
            "opened": format_time(incident.opened),
            "journal": [
                {
                    "seq": e.seq,
                    "at": format_time(e.at),
                    "kind": str(e.kind),
                    "by": e.draft.by,
                    "says": sentence(e),
                }
                for e in events
                if e.draft.incident == incident.id
            ],
        }
        for incident in found
        if (incident.id == only if only else max(incident.changed, heard.get(incident.id, 0.0)) >= begin)
    ]


def blind(
    looks: Mapping[str, Sequence[float]], events: Sequence[Event], begin: float, end: float
) -> dict[str, Any]:
    """Return the gaps of each controller, of all together, and those journalled.

    looks: controller Region -> the times of its looks, for those whose assessments could be read.
    """
    first = events[0].at if events else end
    spans = {region: gaps(at, max(begin, first), end) for region, at in looks.items()}
    journalled = blinded(events, begin, end)
    return {
        "by_controller": {region: _span_fields(found) for region, found in spans.items()},
        "nobody": _span_fields(common(spans.values())),
        "journalled": {region: _span_fields(found) for region, found in journalled.items()},
    }


def _span_fields(spans: Sequence[Span]) -> dict[str, Any]:
    listed = [{"from": format_time(a), "to": format_time(b), "seconds": round(b - a, 1)} for a, b in spans]
    return {"seconds": round(seconds(spans), 1), "spans": listed}
