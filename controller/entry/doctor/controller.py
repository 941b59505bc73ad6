"""The examination of one controller's resources.

They are its journal, its assessments, its workflow, its tables and its dead letters.
"""

import json
from collections.abc import Iterator
from functools import partial
from importlib.resources import files

from controller.entry.doctor.finding import Finding, Patient, Verdict, short, tried
from controller.ports.errors import ControllerError, JournalUnreadable
from controller.steps.context.journalling import folded
from controller.steps.context.own_records import own_records

QUIET = 180.0
"""Seconds without an assessment from a controller that ticks each minute."""


def journal(patient: Patient) -> Iterator[Finding]:
    """Examine the journal and the policy in force.

    Reading the journal verifies its chain, and refuses one that does not hold.
    """
    says = partial(Finding, "journal", patient.deployment.region)
    try:
        events = patient.deps.journal.read(patient.deps.application)
        state = folded(patient.deps.application, events)
    except ControllerError as error:
        verdict: Verdict = "bad" if isinstance(error, JournalUnreadable) else "unknown"
        yield says(verdict, f"cannot be read: {short(error)}")
        return
    yield says("ok", f"{len(events)} events, the chain is whole")
    same = state.policy == patient.deps.policy.digest
    told = (
        "the policy here is the one in force"
        if same
        else "another policy is in force: deploy this Region again"
    )
    yield Finding("policy", patient.deployment.region, "ok" if same else "bad", told)


def watching(patient: Patient) -> Finding:
    says, deps = partial(Finding, "watching", patient.deployment.region), patient.deps
    now = deps.runtime.now()
    try:
        last = next(own_records(deps, now - QUIET, now), None)
    except ControllerError as error:
        return says("unknown", f"assessments cannot be read: {short(error)}")
    if last is None:
        return says("bad", f"nothing was decided for {QUIET:.0f} s")
    return says("ok", f"decided {round(now - last[0])} s ago")


def workflow(patient: Patient) -> Finding:
    region, d = patient.deployment.region, patient.deployment
    packaged = json.loads(files("controller").joinpath("workflow.asl.json").read_text(encoding="utf-8"))

    def look() -> Finding:
        found = patient.client("stepfunctions").describe_state_machine(stateMachineArn=d.state_machine)
        same = set(json.loads(found["definition"])["States"]) == set(packaged["States"])
        told = "is there, of this version" if same else "is of another version than this command"
        return Finding("workflow", region, "ok" if same else "bad", told)

    return tried(patient, "workflow", region, look)


def tables(patient: Patient) -> Iterator[Finding]:
    d = patient.deployment
    for table, expires in ((d.journal_table, False), (d.evidence_table, True), (d.assessments_table, True)):

        def look(table: str = table, expires: bool = expires) -> Finding:
            told = patient.client("dynamodb").describe_time_to_live(TableName=table)
            on = told["TimeToLiveDescription"]["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
            well = "expires as it should" if expires else "forgets nothing"
            amiss = "never expires: it will grow for ever" if expires else "EXPIRES: the journal must not"
            verdict: Verdict = "ok" if on is expires else "bad"
            return Finding(f"table {table}", d.region, verdict, well if on is expires else amiss)

        yield tried(patient, f"table {table}", d.region, look)


def names(patient: Patient) -> Finding:
    """Check that the table of names is one for all controllers: else one person could be two."""
    d, check = patient.deployment, "names"

    def look() -> Finding:
        found = patient.client("dynamodb").describe_table(TableName=d.people_table)["Table"]
        alone = len(patient.deps.policy.controllers) == 1
        strong = alone or found.get("MultiRegionConsistency") == "STRONG"
        well = f"one for all Regions; a name is kept for {d.people_days} days after the last act"
        amiss = "NOT strongly consistent in all Regions: one person could count as two"
        return Finding(check, d.region, "ok" if strong else "bad", well if strong else amiss)

    return tried(patient, check, d.region, look)


def protection(patient: Patient) -> Finding:
    """Check that nobody deletes a table by mistake, once the deployment is live."""
    d, check = patient.deployment, "protection"
    tables = (d.journal_table, d.people_table, d.evidence_table, d.assessments_table)

    def look() -> Finding:
        client = patient.client("dynamodb")
        described = {name: client.describe_table(TableName=name)["Table"] for name in tables}
        open_ = [name for name, table in described.items() if not table.get("DeletionProtectionEnabled")]
        if not open_:
            return Finding(
                check, d.region, "ok", f"none of the {len(tables)} tables can be deleted by mistake"
            )
        told = f"{', '.join(open_)} can be deleted"
        if patient.deps.policy.enforcement == "live":
            return Finding(check, d.region, "bad", f"{told}: set `protected: true`, and deploy")
        return Finding(
            check, d.region, "skipped", f"{told}, as in shadow: a first try may have to be taken back"
        )

    return tried(patient, check, d.region, look)


def dead_letters(patient: Patient) -> Finding:
    told = "events could not be handled"
    return _left_in(patient, patient.deployment.region, "dead letters", patient.deployment.dead_letters, told)


def forward_letters(patient: Patient) -> Iterator[Finding]:
    """Check, in each Region that forwards, what no controller's bus took for a day."""
    d, check = patient.deployment, "forward letters"
    if not d.forwarding:
        yield Finding(check, "", "skipped", "the Regions that forward are in another account")
    for region in d.forwarding:
        told = "events did not get to a controller's bus"
        yield _left_in(patient, region, check, f"{d.prefix}-forward-letters", told)


def _left_in(patient: Patient, region: str, check: str, queue: str, told: str) -> Finding:
    def look() -> Finding:
        client, attribute = patient.client("sqs", region), "ApproximateNumberOfMessages"
        url = client.get_queue_url(QueueName=queue)["QueueUrl"]
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"]
        count = int(attributes[attribute])
        return Finding(check, region, "bad" if count else "ok", f"{count} {told}")

    return tried(patient, check, region, look)
