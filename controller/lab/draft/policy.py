"""The text of a first policy: shadow, a person asked, and a comment wherever the account does not say."""

import json
from collections.abc import Iterator, Sequence

from controller.core.text import plain
from controller.lab.draft.found import Found

MINUTE = 60.0
FILL_IN = "FILL-IN"


def policy_text(application: str, found: Found, regions: Sequence[str], unread: Sequence[str]) -> str:
    """YAML. What must be filled in before it loads says `FILL-IN`."""
    return "\n".join([*_head(application, found, regions), *_signals(found), *_rules(found),
                      *_notes([*unread, *found.left_out]), ""])  # fmt: skip


def _head(application: str, found: Found, regions: Sequence[str]) -> Iterator[str]:
    yield "# Drafted by `tidegate init --from-account`: read it, then `tidegate policy check`."
    yield "tidegate: 1"
    yield f"application: {_word(application)}"
    yield "enforcement: shadow   # decide and record, move nothing, until you trust it"
    yield "regions:"
    for region, names in found.controls.items():
        listed = ", ".join(map(_word, names))
        yield f"  {region}: {{controls: [{listed}]}}   # one a slice: are they in the same order?"
    outside = [region for region in regions if region not in found.controls]
    for region in outside[: max(0, 2 - len(found.controls))]:
        yield f"  # {region}: {{controls: [{FILL_IN}]}}   # no control's name says that it is of it"
    for name in found.unplaced:
        yield f"  # {FILL_IN}: of which Region is the routing control {plain(name, 60)}?"
    where = [*outside, *found.controls][:3]
    yield f"controllers: [{', '.join(where)}]   # by rank; best three, one outside `regions`"


def _signals(found: Found) -> Iterator[str]:
    yield "signals:   # families: kinds of evidence that fail for different reasons"
    if found.canaries:
        yield "  customer:"
    for canary in found.canaries:
        runs = ", ".join(canary.runs_in)
        yield f"    - {{canary: {_word(canary.template)}, runsIn: [{runs}], silentAfter: 5m}}"
    if found.alarms:
        yield "  service:"
    for template, period in found.alarms.items():
        patience = max(5, int(-(-3 * period // MINUTE)))
        yield f"    - {{alarm: {_word(template)}, silentAfter: {patience}m}}   # period {period:.0f}s"
    if not found.canaries and not found.alarms:
        yield f"  # service: [{{alarm: {FILL_IN}, silentAfter: 5m}}]   # no alarm stands in every Region"


def _rules(found: Found) -> Iterator[str]:
    wait = max([2, *(int(-(-period // MINUTE)) for period in found.alarms.values())])
    family = "customer" if found.canaries else "service"
    yield "evacuate:"
    yield "  when:"
    yield "    all:"
    if found.canaries:
        outside = min(
            (sum(o != r for o in c.runs_in) for c in found.canaries for r in found.controls), default=1
        )
        observers = max(1, min(2, outside))
        few = "" if observers > 1 else "   # one observer alone: let canaries run in a third Region"
        yield f"      - {{in: source, family: customer, is: breaching, observers: {observers}, for: 3m}}{few}"
    if found.alarms or not found.canaries:
        yield "      - any:"
        yield f"          - {{in: source, family: service, is: breaching, signals: 1, for: {wait}m}}"
        yield f"          - {{in: source, family: service, is: silent, signals: all, for: {wait}m}}"
    yield "  unless:"
    yield f"    - {{in: target, family: {family}, is: breaching}}   # shared cause"
    yield "  approval: oncall"
    yield "target:"
    yield f"  prefer: [{', '.join(found.controls)}]   # which Region can take whose traffic is yours to say"
    yield "  ready:"
    yield f"    - {{family: {family}, is: healthy, for: 5m, ifUnknown: block}}"
    yield "    # data is not looked at: see `replication`, `quotas`, `planEvaluation` in docs/policy.md"
    yield "limits: {minRegionsOn: 1, cooldown: 1h, evacuationsPerDay: 2}"
    yield "approvals:"
    yield "  oncall:"
    yield "    - {ask: [group:oncall], people: 1, within: 15m}   # the group as your sign-in names it"


def _notes(sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield "# Not used:"
    for sentence in sentences:
        yield f"# - {plain(sentence, 300)}"


def _word(text: str) -> str:
    """A scalar that no YAML reader takes for anything else."""
    return json.dumps(plain(text, 255))
