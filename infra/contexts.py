"""What the command line needs to know of a deployment: `tidegate.toml`, and a file for each controller."""

import json
import shutil
from pathlib import Path

from controller.core.admission import compiled
from controller.settings import Deployment
from infra import names
from infra.project import Project


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
    account = project.account
    return Deployment(
        account=account,
        region=region,
        deployed=project.deployed,
        policy=compiled(project.policy),
        journal_table=names.JOURNAL,
        evidence_table=names.EVIDENCE,
        assessments_table=names.ASSESSMENTS,
        topic=names.topic_arn(region, account),
        state_machine=names.machine_arn(region, account),
        key=names.key_arn(region, account),
        dead_letters=names.DEAD_LETTERS,
        console_by_region=project.consoles,
        arc=project.arc,
        standby=project.standby,
        plans=project.config.plans,
    )
