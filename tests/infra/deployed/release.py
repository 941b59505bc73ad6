"""A release as `make release` writes it, and a rehearsal in which it is deployed, stack by stack."""

import fcntl
import json
import os
import random
import re
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from controller import wiring
from controller.aws.errors import OUTSIDE
from controller.aws.readiness import ARC_REGION
from controller.core.policy.validation import parse_policy
from controller.entry.demo.rehearsal import parts
from controller.entry.doctor import Finding, Patient, examine
from controller.lab.environment.virtual import START, virtual_stage
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.rehearsal.services.arc.safety_rules import control_arn, panel_arn, rule_arn
from controller.rehearsal.services.route53 import ZONE
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.settings import Deployment, Records, Standby
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state_and_events
from infra.zips import zip_name, zipped
from tests.infra.conftest import synthesise
from tests.infra.deployed.account import Account
from tests.infra.deployed.cloudformation import CloudFormation
from tests.infra.deployed.code_version import Codes
from tests.support.config_files import written
from tests.support.sources import ROOT, existing

WORKFLOW = "controller/workflow.asl.json"
SYNTHESISED = "1900000000.0"
"""When `tests.infra.conftest.synthesise` says that all is synthesised."""
VERSIONED = re.compile(r'(?<=")(\w+Version)[0-9a-f]{16}(?=")')
"""The logical id of a function's version: another for other code, for a version is not changed."""
MASTER = "tidegate-master"
WORKER = "PYTEST_XDIST_WORKER"


def released(factory: pytest.TempPathFactory, name: str, **members: Any) -> Path:
    """Return the folder of a release without libraries, made once a run; members: of config and policy.

    arc: what `tidegate doctor --write-arc` wrote.
    """
    base = factory.getbasetemp()
    folder = (base.parent if WORKER in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "order.json").is_file():
            sources = folder / "sources"
            sources.mkdir(parents=True)
            arc = members.pop("arc", None)
            if arc is not None:
                (sources / "storefront.arc.json").write_text(json.dumps(arc), encoding="utf-8")
            config = written(sources, members.pop("config", None), members)
            made = synthesise(folder, "--config", str(config), "--release", "--bare")
            assert made.exit_code == 0, made.printed
    return folder


def expected_arc(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `tidegate doctor --write-arc` writes in a rehearsal of the routing stack.

    policy: with its `regions`, each with its `controls`.
    """
    panel = panel_arn(1)
    names = [name for entry in policy["regions"].values() for name in entry["controls"]]
    arns = {name: control_arn(panel, n) for n, name in enumerate((*names, MASTER), start=1)}
    rules = len(names) // len(policy["regions"]) + 1
    gate = {"control": arns.pop(MASTER), "rule": rule_arn(panel, rules)}
    return {
        "endpoints": {region: f"https://{region}.arc.rehearsal.invalid" for region in ENDPOINTS},
        "panel": panel,
        "controls": arns,
        "gates": {MASTER: gate},
        "wait_period_s": 5.0,
    }


@dataclass(frozen=True)
class Release:
    """folder: `templates`, zips and `order.json`. at: when it was synthesised, seconds since 1970."""

    folder: Path
    at: float = START - 3600.0

    @cached_property
    def order(self) -> list[str]:
        told = json.loads((self.folder / "order.json").read_text(encoding="utf-8"))
        return [each["name"] if isinstance(each, dict) else each for each in told["stacks"]]

    @cached_property
    def regions(self) -> dict[str, str]:
        """Stack -> its Region: that in its name, ARC's, or that of the bucket that the stack makes."""
        found = {name: re.search(r"[a-z]+-[a-z]+-\d$", name) for name in self.order}
        return {name: at[0] if at else self._only_region(name) for name, at in found.items()}

    def _only_region(self, stack: str) -> str:
        if stack == "tidegate-routing":
            return ARC_REGION
        declared = self.templates[stack]["Resources"].values()
        (name,) = [each["Properties"]["BucketName"] for each in declared if each["Type"] == "AWS::S3::Bucket"]
        return str(name).removeprefix("tidegate-audit-").removesuffix(f"-{ACCOUNT}")

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        """Stack -> template, in the rehearsal's account and of this release's time."""
        return {
            name: json.loads(self._text(self.folder / "templates" / f"{name}.json")) for name in self.order
        }

    def deployment(self, region: str, key: str) -> Deployment:
        """Return what the command line is given for a controller; key: the rehearsal's."""
        told = json.loads(self._text(self.folder / "deployments" / f"{region}.json"))
        return Deployment.model_validate(told | {"key": key, "rights": {}, "deployed": self.at})

    @property
    def zips(self) -> list[Path]:
        return existing(self.folder.glob("*.zip"), least=3)

    def _text(self, file: Path) -> str:
        text = file.read_text(encoding="utf-8").replace("111122223333", ACCOUNT)
        return text.replace(SYNTHESISED, repr(self.at))

    def patched(self, folder: Path, at: float, *changes: tuple[str, str, str]) -> "Release":
        """Return the release of other sources: in each (file, old, new) the text stands once.

        The workflow that a template holds is the file of the sources.
        """
        shutil.copytree(self.folder, folder)
        (old,) = folder.glob("functions-*.zip")
        source = folder / "packages" / "functions"
        with zipfile.ZipFile(old) as archive:
            archive.extractall(source)
        old.unlink()
        for name, before, after in changes:
            text = (source / name).read_text(encoding="utf-8")
            assert text.count(before) == 1, (name, before, text.count(before))
            (source / name).write_text(text.replace(before, after), encoding="utf-8")
        key = zip_name(source)
        zipped(source, folder / key)
        workflow = json.dumps((source / WORKFLOW).read_text(encoding="utf-8"))
        was = json.dumps((ROOT / WORKFLOW).read_text(encoding="utf-8"))
        shutil.rmtree(folder / "packages")
        for file in existing((folder / "templates").glob("*.json"), least=3):
            text = re.sub(r"functions-[0-9a-f]{16}\.zip", key, file.read_text(encoding="utf-8"))
            text = VERSIONED.sub(rf"\g<1>{key[-20:-4]}", text)
            file.write_text(text.replace(was, workflow), encoding="utf-8")
        return Release(folder, at)


class Rollout:
    """A rehearsal and the stacks in it. It begins with nothing but the customers and the shop."""

    def __init__(self, release: Release, unpacked: Path, *, pace: float = 2.0, seed: int = 1) -> None:
        self.codes = Codes(unpacked)
        self.codes.put(*release.zips)
        (key,) = [file.name for file in release.zips if file.name.startswith("functions-")]
        code = self.codes.code(key)
        standby = code.folder / "standby.json"
        objects = Standby.model_validate(code.file(standby.name)) if standby.exists() else None
        self.stage = virtual_stage(parse_policy(code.file("policy.json")), parts(), seed, standby=objects)
        self.account = Account(self.stage, self.codes, pace, seed)
        self.formation = CloudFormation(self.account, seed)

    def deploy(self, release: Release, stacks: Iterable[str]) -> dict[str, list[str]]:
        """Deploy these stacks one after another; return stack -> what was touched. Raises `StackFailed`."""
        self.codes.put(*release.zips)
        return {name: self._deployed(release, name) for name in stacks}

    def _deployed(self, release: Release, name: str) -> list[str]:
        region = release.regions[name]
        bucket = {"CodeBucket": f"code-{region}"}
        return self.formation.deploy(name, region, release.templates[name], bucket)

    def operators(self, release: Release) -> dict[str, Deps]:
        """Return a person's hold on the application, by the controller that it goes through."""
        return {
            region: wiring.build(
                self._deployment(release, region), clients=self.clients(), runtime=self.stage.runtime,
                rng=random.Random(f"operator/{region}"),
            )
            for region in self.stage.deployments
        }  # fmt: skip

    def doctor(self, release: Release) -> list[Finding]:
        """Examine the deployment, as `tidegate doctor` does with the release's own files."""
        clients, holds = self.clients(), self.operators(release)

        def ask(service: str, region: str, url: str | None, *keys: Any) -> Any:
            return clients(service, region, url, wiring.QUESTION, *keys)

        return examine(
            [Patient(self._deployment(release, region), hold, ask, OUTSIDE) for region, hold in holds.items()]
        )

    def _deployment(self, release: Release, region: str) -> Deployment:
        key = self.stage.cloud.controller_regions[region].vault.arn
        records = Records(name=self.stage.cloud.plan.name, zone=ZONE)
        found = release.deployment(region, key)
        return found.model_copy(update={"records": records, "plans": self.stage.deployments[region].plans})

    def clients(self) -> Any:
        return virtual_clients(self.stage.cloud.wire, self.stage.runtime, self.stage.faults)

    def red(self) -> list[str]:
        """Return the alarms that are not OK, and the canaries that did not pass their last run."""
        found = []
        for region in self.stage.cloud.plan.regions:
            asked = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
            told = self.stage.cloud.call("monitoring", "DescribeAlarms", region, asked)
            alarms = [*told["MetricAlarms"], *told["CompositeAlarms"]]
            found += [
                f"{region} {a['AlarmName']} {a['StateValue']}" for a in alarms if a["StateValue"] != "OK"
            ]
            for each in self.stage.synthetics.canaries(region):
                if each.last_run is None or each.last_run.reason is not None:
                    found.append(f"{region} {each.canary.name} {each.last_run}")
        return found

    def decisions(self, release: Release, since: float) -> set[str]:
        """Return the codes that the controllers decided by since then."""
        return {
            decision["code"]
            for hold in self.operators(release).values()
            for _, record in hold.assessments.between("storefront", since, self.stage.kernel.now())
            if record.get("by") == "tick"
            for decision in record["decisions"]
        }

    def events(self, release: Release) -> list[Any]:
        """Return the journal's events; its chain is whole, or this raises."""
        hold = self.operators(release)[self.stage.deployment.region]
        return list(read_state_and_events(hold)[1])
