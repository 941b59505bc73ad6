"""The writer of a draft: both files, and what must still be filled in.

The first policy is `shadow`, asks a person, and has a comment wherever the account does not say.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.core.text import sanitize
from controller.lab.draft.names import Found, found
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.positions import PolicyRefused
from controller.ports.account import AccountFacts, Panel
from controller.settings import Arc, Gate

MINUTE = 60.0
FILL_IN = "FILL-IN"


def policy_text(application: str, found: Found, regions: Sequence[str], unread: Sequence[str]) -> str:
    """Return the policy as YAML.

    A line that must be filled in before the policy loads says `FILL-IN`.
    """
    return "\n".join([*_head(application, found, regions), *_signals(found), *_rules(application, found),
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
        yield f"  # {FILL_IN}: of which Region is the routing control {sanitize(name, 60)}?"
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


def _rules(application: str, found: Found) -> Iterator[str]:
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
    yield from _confirmed(application, found)
    yield "limits: {minRegionsOn: 1, cooldown: 1h, evacuationsPerDay: 2}"
    yield "approvals:"
    yield "  oncall:"
    yield "    - {ask: [group:oncall], people: 1, within: 15m}   # the group as your sign-in names it"


def _confirmed(application: str, found: Found) -> Iterator[str]:
    """Yield the checks by which ARC and the data confirm a target.

    Doubt asks the people who would be asked anyway. Which of several plans is meant nobody can know.
    """
    named = [plan for plan in found.plans if plan.name == application]
    plans = named or list(found.plans)
    doubt = "{ask: oncall}"
    if len(plans) == 1:
        yield f"    - {{planEvaluation: {_word(plans[0].name)}, maxAge: 1h, ifUnknown: {doubt}}}"
        yield f"    # its ARN goes into the deployment's `plans`: {sanitize(plans[0].arn, 200)}"
    for template in found.readiness:
        yield f"    - {{arcReadiness: {_word(template)}, maxAge: 1h, ifUnknown: {doubt}}}"
    if len(plans) != 1 and not found.readiness:
        why = "no plan of ARC Region switch knows all Regions" if not plans else "which of these plans: "
        listed = ", ".join(sanitize(plan.name, 60) for plan in plans[:5])
        yield f"    # - {{planEvaluation: {FILL_IN}, maxAge: 1h, ifUnknown: {doubt}}}   # {why}{listed}"
    for table in found.tables:
        yield f"    - {{replication: {_word(table)}, maxLag: 30s, ifUnknown: {doubt}}}"
    if not found.tables:
        why = "no table is measured between all Regions"
        yield f"    # - {{replication: {FILL_IN}, maxLag: 30s, ifUnknown: {doubt}}}   # {why}"


def _notes(sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield "# Not used:"
    for sentence in sentences:
        yield f"# - {sanitize(sentence, 300)}"


def _word(text: str) -> str:
    """Return a scalar that no YAML reader takes for anything else."""
    return json.dumps(sanitize(text, 255))


POLICY, ARC = "policy.yaml", "arc.json"
INSTEAD = "`routing.switch: standby` needs none"


class NoDraft(ValueError):  # noqa: N818
    """Nothing was written; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Holds the texts of a draft.

    arc: None where no control panel was found. missing: a sentence for each thing that could not be known;
    nothing of it is made up.
    """

    policy: str
    arc: str | None
    missing: tuple[str, ...]


def draft(facts: AccountFacts, application: str, panel: str | None = None) -> Draft:
    """Draft a policy and `arc.json` from an account.

    Raises `NoDraft` where it is not clear which control panel is meant.
    """
    chosen = _panel(facts, panel)
    names = found(facts, chosen[1] if chosen else None)
    text = policy_text(application, names, facts.regions, (*facts.unread, *_unwatched(facts, chosen)))
    missing = [line.strip() for line in text.splitlines() if FILL_IN in line]
    if chosen is None:
        missing.append(f"{ARC}: no control panel with routing controls was found; {INSTEAD}")
        return Draft(text, None, tuple(missing))
    endpoints, found_panel = chosen
    arc = Arc(
        endpoints=endpoints,
        panel=found_panel.arn,
        controls=dict(found_panel.controls),
        gates={name: Gate(control=c, rule=rule) for name, (c, rule) in found_panel.gates.items()},
        wait_period_s=found_panel.wait_period_s,
    )
    return Draft(text, json.dumps(arc.model_dump(mode="json"), indent=2) + "\n", tuple(missing))


def write(made: Draft, folder: Path, *, force: bool) -> tuple[Path, ...]:
    """Write the files and return their paths. Raises `NoDraft`.

    Where a file is there already and `force` is not given, it raises before it touches any.
    """
    files = {folder / POLICY: made.policy} | ({folder / ARC: made.arc} if made.arc is not None else {})
    there = [str(path) for path in files if path.exists()]
    if there and not force:
        raise NoDraft(f"{', '.join(there)}: there already; --force writes over it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NoDraft(f"{folder}: {error.strerror}") from error
    return tuple(files)


def refused(path: Path) -> tuple[str, ...]:
    """Return the reasons why the policy does not load, one for each place.

    None: it loads.
    """
    try:
        load_policy(path)
    except PolicyRefused as error:
        return tuple(f"{p.line}:{p.column}: {p.path}: {p.message}" for p in error.problems)
    return ()


def _panel(facts: AccountFacts, name: str | None) -> tuple[dict[str, str], Panel] | None:
    every = [(dict(c.endpoints), p) for c in facts.clusters for p in c.panels if p.controls]
    named = [each for each in every if name in (None, each[1].name)]
    if len(named) > 1 or (name is not None and not named):
        known = ", ".join(panel.name for _, panel in every)
        raise NoDraft(f"say which control panel with --panel, one of: {known}")
    return named[0] if named else None


def _unwatched(facts: AccountFacts, chosen: tuple[dict[str, str], Panel] | None) -> tuple[str, ...]:
    """Return a sentence for each control that no health check reads.

    Such a control moves nothing.
    """
    watched = {check.about for check in facts.checks if check.kind == "RECOVERY_CONTROL"}
    controls = chosen[1].controls if chosen else {}
    if any(sentence.startswith("reading the health checks") for sentence in facts.unread):
        return ()
    return tuple(
        f"no health check reads the routing control {n}" for n, a in controls.items() if a not in watched
    )
