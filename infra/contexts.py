"""What the command line needs to know of a deployment: `tidegate.toml`, and a file for each controller."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from controller.core.policy.validation import compiled
from controller.settings import Access, Bucket, Deployment, Records, Right
from infra import names
from infra.grants import CONSOLE, Place, Statement, away, handlers, statements
from infra.project import Project
from infra.sizes import SIZES


def contexts(project: Project, folder: Path) -> None:
    """Write them below `folder`; the first controller of the policy is asked first."""
    files = folder / "deployments"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    for region in project.policy.controllers:
        written = deployment(project, region).model_dump(mode="json", exclude_none=True)
        (files / f"{region}.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    listed = ", ".join(f'"deployments/{region}.json"' for region in project.policy.controllers)
    text = f"[contexts.{project.policy.application}]\ndeployment = [{listed}]\n"
    (folder / "tidegate.toml").write_text(text, encoding="utf-8")


def deployment(project: Project, region: str) -> Deployment:
    """What the controller in `region` is deployed with."""
    account, home = project.account, project.config.home
    return Deployment(
        account=account,
        region=region,
        prefix=project.names.prefix,
        deployed=project.deployed,
        policy=compiled(project.policy),
        journal_table=project.names.of(names.JOURNAL),
        evidence_table=project.names.of(names.EVIDENCE),
        assessments_table=project.names.of(names.ASSESSMENTS),
        people_table=project.names.of(names.PEOPLE),
        people_days=project.config.people_days,
        topic=project.names.topic_arn(region, account),
        state_machine=project.names.machine_arn(region, account),
        key=project.names.key_arn(region, account),
        dead_letters=project.names.dead_letters,
        forwarding=project.forwarding,
        signing_key=project.names.signing_key,
        audit_bucket=Bucket(name=project.names.audit_bucket(account, home), region=home),
        console_by_region=project.consoles,
        arc=project.arc,
        standby=project.standby,
        plans=project.config.plans,
        review=project.review.data() if project.review else None,
        records=_records(project),
        issuer=project.config.console.issuer if project.config.console else None,
        rights=rights(project, region),
        heartbeat=project.heartbeat,
        at_once=at_once(project),
        reserved=project.reserved,
        evidence=_access(project, region, "evidence"),
        arc_access=_access(project, region, "arc"),
    )


def _access(project: Project, region: str, place: Place) -> Access | None:
    """The role in another account that only looks: a person at a desk has that, and moves by their own."""
    account = away(project, place)
    if account is None:
        return None
    role = names.role_arn(account, project.names.access_role(place, "look", region))
    return Access(role=role, external_id=project.external_id)


def at_once(project: Project) -> dict[str, int]:
    """Function -> how many of it run at the same time at most, in one controller Region."""
    there = (name for name in SIZES if name != CONSOLE or project.config.console is not None)
    return {name: project.reserved.get(name, SIZES[name].at_once) for name in there}


def rights(project: Project, region: str) -> dict[str, tuple[Right, ...]]:
    """Handler -> what its role must allow, for the doctor to ask IAM about."""
    return {name: tuple(_rights(statements(project, region, name))) for name in handlers(project)}


def _rights(found: list[Statement]) -> Iterator[Right]:
    """What is about the same resources is asked in one question: IAM takes few of them a second."""
    actions: dict[str, dict[str, None]] = {}
    about: dict[str, Right] = {}
    for statement in (each for each in found if each.effect == "Allow"):
        keys = {
            key: value if operator == "StringEquals" else (value,)
            for operator, pairs in (statement.conditions or {}).items()
            for key, value in pairs.items()
        }
        right = Right(actions=statement.actions, resources=statement.resources, keys=keys)
        same = json.dumps([right.resources, right.keys])
        about.setdefault(same, right)
        actions.setdefault(same, {}).update(dict.fromkeys(statement.actions))
    for same, right in about.items():
        yield right.model_copy(update={"actions": tuple(actions[same])})


def _records(project: Project) -> Records | None:
    routing = project.config.routing
    return Records(name=routing.name, zone=routing.zone, mode=routing.mode) if routing else None
