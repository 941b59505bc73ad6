"""The documents say what the templates are. `python -m tests.infra.test_docs` draws the picture anew."""

import json
import re
import sys
import tempfile
from pathlib import Path

from controller.console.auth.sign_in import BACK
from controller.entry.context import find_context
from controller.settings import Arc
from infra.contexts import deployment
from infra.picture import picture
from infra.pictures import records, workflow
from infra.pipeline import BAKE_MINUTES
from infra.project import load
from tests.infra.synthesis import Synthesis
from tests.support.config_files import written
from tests.support.sources import existing

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
TEARDOWN = ROOT / "docs" / "runbooks" / "teardown.md"
SCHEMA = ROOT / "schemas" / "arc.v1.json"
BLOCK = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)


def schema() -> str:
    described = {"$id": "tidegate.arc/v1", "$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(described | Arc.model_json_schema(), indent=2, sort_keys=True) + "\n"


def drawn(synthesis: Synthesis) -> list[str]:
    """The pictures of the page, in its order."""
    return [draw(synthesis.templates) for draw in (picture, workflow, records)]


def test_the_pictures_are_drawn_from_these_templates(moved: Synthesis) -> None:
    assert BLOCK.findall(PAGE.read_text(encoding="utf-8")) == drawn(moved)


def test_the_schema_of_arc_json_is_that_of_the_code() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema()


def test_the_deploy_guide_names_every_kind_of_stack(synthesis: Synthesis) -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    kinds = {_kind(name) for name in synthesis.templates}
    named = {kind for kind in kinds if not kind.startswith("tidegate-pipeline-support")}
    assert [kind for kind in named if f"`{kind}`" not in guide] == []


def test_what_is_paid_for_is_what_is_declared(moved: Synthesis) -> None:
    """The quantities of the cost tables that templates know."""

    def count(type_: str, stack: str = "tidegate-") -> int:
        return len(list(moved.of(type_, stack)))

    canaries = [p for _, _, p in moved.of("AWS::Synthetics::Canary")]
    rates = [p["Schedule"]["Expression"] for p in canaries]
    often, seldom = rates.count("rate(1 minute)"), rates.count("rate(5 minutes)")
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    runs = 730 * 60 * often + 730 * 12 * seldom
    assert f"{often} canaries each minute, {seldom} each five minutes: {runs:,} runs" in page
    (memory,) = {p["RunConfig"]["MemoryInMB"] for p in canaries}
    assert f"{memory} MB, about 5 s each: {runs * 5 * memory / 1024 / 1e6:.2f} million GB-seconds" in page
    alarms, composites = count("AWS::CloudWatch::Alarm"), count("AWS::CloudWatch::CompositeAlarm")
    assert f"| CloudWatch alarms | {alarms}, and {composites} composites |" in page
    assert f"| CloudWatch dashboards | {count('AWS::CloudWatch::Dashboard')}, of which 3 are free |" in page
    assert f"| Health checks | {count('AWS::Route53::HealthCheck')} |" in page
    keys = count("AWS::KMS::Key", "tidegate-keys-") + count("AWS::KMS::ReplicaKey", "tidegate-keys-")
    assert f"| KMS | {keys}: 3 keys in 3 Regions |" in page
    pipelines = count("AWS::KMS::Key", "tidegate-pipeline")
    assert f"| the pipeline's keys and buckets | {pipelines} keys" in page
    projects = [p for _, _, p in moved.of("AWS::CodeBuild::Project", "tidegate-pipeline")]
    bakes = [p for p in projects if "sleep 60" in json.dumps(p)]
    assert f"{len(bakes)} bakes of {BAKE_MINUTES} minutes" in page


def test_the_costs_are_added_up() -> None:
    """Rows of the first table, to ten dollars; the guide and the README's figure say the same."""
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .*? \| ([\d,]+|-) \| ([\d,]+) \|$", page, re.MULTILINE)
    assert len(rows) >= 12
    sums = [
        sum(int(cell.replace(",", "").replace("-", "0")) for cell in column)
        for column in zip(*rows, strict=True)
    ]
    told = re.search(r"\*\*about ([\d,]+)\*\* \| \*\*about ([\d,]+)\*\*", page)
    assert told is not None
    assert [int(each.replace(",", "")) for each in told.groups()] == [round(s / 10) * 10 for s in sums]
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert f"[{told[1]} dollars a month](costs.md) in shadow, and {told[2]} with ARC" in guide


def test_what_outlives_its_stack_is_on_the_page_that_takes_all_down(
    moved: Synthesis, split_synthesis: Synthesis, objects: Synthesis
) -> None:
    """Whoever deletes the stacks alone goes on paying, and cannot deploy under the same names."""
    page = TEARDOWN.read_text(encoding="utf-8")
    kept = {
        (resource["Type"], _kind(stack))
        for synthesis in (moved, split_synthesis, objects)
        for stack, template in synthesis.templates.items()
        for resource in template["Resources"].values()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    }
    types = {type_ for type_, _ in kept} - {"AWS::Route53::RecordSet"}
    assert "AWS::Route53RecoveryControl::Cluster" in types
    assert "delete the slices' records of `NAME` by hand" in " ".join(page.split())
    assert set(re.findall(r"`(AWS::\w+::\w+)`", page)) == types
    rows = re.findall(r"^\| `AWS::S3::Bucket` (.*?) \|", page, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(tidegate-[\w-]+)`", row)}
    assert told == {stack for type_, stack in kept if type_ == "AWS::S3::Bucket"}
    assert len(told) == 5


def test_every_stack_of_every_configuration_is_taken_down(
    moved: Synthesis, split_synthesis: Synthesis, objects: Synthesis
) -> None:
    page = TEARDOWN.read_text(encoding="utf-8")
    kinds = {_kind(stack) for made in (moved, split_synthesis, objects) for stack in made.templates}
    assert {"tidegate-evidence-access", "tidegate-endpoint-REGION"} <= kinds
    assert {kind for kind in kinds | {"tidegate-arc-access"} if f"`{kind}`" not in page} == set()


def test_the_secret_of_who_is_told_outside_is_taken_down_and_paid_for(tmp_path: Path) -> None:
    beats = load(written(tmp_path, {"heartbeat": {"host": "hc-ping.com"}}), deployed=1.0)
    here = deployment(beats, "us-east-2")
    assert here.heartbeat is not None
    line = f"aws secretsmanager delete-secret --region us-east-2 --secret-id {here.heartbeat.secret} "
    assert line in TEARDOWN.read_text(encoding="utf-8")
    costs = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    assert f"| Secrets Manager | {len(beats.policy.controllers)} secrets, " in costs


def _kind(stack: str) -> str:
    return re.sub(r"-[a-z]{2}-[a-z]+-\d$", "-REGION", stack)


def test_the_way_back_names_each_function_that_is_called_by_an_alias(moved: Synthesis) -> None:
    """What is left out goes on with the newer version, beside the older ones."""
    page = (ROOT / "docs" / "runbooks" / "upgrading.md").read_text(encoding="utf-8")
    (back,) = re.findall(r"\*\*Back within a minute\.\*\*.*?\*\*Back for good", page, re.DOTALL)
    stacks = {stack for stack, _, _ in moved.of("AWS::Lambda::Alias", "tidegate-controller-", least=27)}
    for stack in stacks:
        resources = moved.templates[stack]["Resources"]
        aliases = [p for name, _, p in moved.of("AWS::Lambda::Alias", stack)]
        assert {alias["Name"] for alias in aliases} == {"live"}
        called = {resources[alias["FunctionName"]["Ref"]]["Properties"]["FunctionName"] for alias in aliases}
        assert set(re.findall(r"`(tidegate-[A-Z]\w+)`", back)) == called
    assert len(stacks) == 3


def test_a_bucket_that_is_not_kept_is_emptied_before_its_stack_goes(moved: Synthesis) -> None:
    page = TEARDOWN.read_text(encoding="utf-8")
    filled = [p["BucketName"] for _, _, p in moved.of("AWS::S3::Bucket", "tidegate-probes-")]
    assert len(filled) == 3
    (named,) = set(re.findall(r"aws s3 rm s3://(\S+)", page))
    assert named in filled


def test_an_account_is_told_how_many_canaries_it_gets(moved: Synthesis) -> None:
    page = (ROOT / "docs" / "account-setup.md").read_text(encoding="utf-8")
    stacks = [stack for stack, _, _ in moved.of("AWS::Synthetics::Canary")]
    most = max(stacks.count(stack) for stack in stacks)
    assert f"{len(stacks)} in all of them together, at most {most} in a Region" in page


SERVICES = {
    "ApiGatewayV2": "API Gateway", "CodeBuild": "CodeBuild", "CodePipeline": "CodePipeline",
    "CloudWatch": "CloudWatch", "DynamoDB": "DynamoDB", "Events": "EventBridge", "KMS": "KMS",
    "Lambda": "Lambda", "Logs": "Logs", "Route53RecoveryControl": "route53-recovery-control-config",
    "S3": "S3", "SNS": "SNS", "SQS": "SQS", "Scheduler": "Scheduler", "StepFunctions": "Step Functions",
    "Synthetics": "Synthetics",
}  # fmt: skip
"""Of a type's name -> as the page calls the service. IAM and Route 53 answer in us-east-1 for all Regions."""
ROWS = {
    "tidegate-keys": "each controller Region", "tidegate-audit": "each controller Region",
    "tidegate-state": "each controller Region", "tidegate-controller": "each controller Region",
    "tidegate-application": "each guarded Region", "tidegate-probes": "each guarded Region",
    "tidegate-routing": "us-west-2 |", "tidegate-pipeline": "the pipeline's Region",
}  # fmt: skip


def test_each_service_that_is_deployed_is_one_that_a_policy_must_let_through(moved: Synthesis) -> None:
    page = (ROOT / "docs" / "account-setup.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    missing = set()
    for stack, template in moved.templates.items():
        where = next(row for beginning, row in ROWS.items() if stack.startswith(beginning))
        (row,) = (line for line in lines if line.startswith(f"| {where}"))
        used = {r["Type"].split("::")[1] for r in template["Resources"].values()} - {"IAM", "Route53"}
        missing |= {(stack, name) for name in used if SERVICES[name] not in row}
    assert missing == set()


def test_each_console_and_topic_is_named_as_it_is_deployed(moved: Synthesis) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    names = [p["DomainName"] for _, _, p in moved.of("AWS::ApiGatewayV2::DomainName", "tidegate-controller-")]
    assert len(names) == 3
    assert [name for name in names if f"`https://{name}{BACK}`" not in page] == []
    (topic,) = {p["TopicName"] for _, _, p in moved.of("AWS::SNS::Topic")}
    assert f"arn:aws:sns:us-east-2:111122223333:{topic} " in page


def test_every_runbook_is_linked_from_the_guide() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    runbooks = [file.name for file in existing((ROOT / "docs" / "runbooks").glob("*.md"), least=7)]
    assert [name for name in runbooks if f"runbooks/{name}" not in guide] == []


def test_the_context_that_comes_along_names_every_controller(synthesis: Synthesis, tmp_path: Path) -> None:
    out = synthesis.folder.parent
    (tmp_path / "tidegate.toml").write_text(
        (out / "tidegate.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (tmp_path / "deployments").symlink_to(out / "deployments")
    found = find_context(None, tmp_path)
    assert [d.region for d in (found.deployment, *found.others)] == ["us-east-2", "us-west-2", "us-east-1"]
    assert found.deployment.state_machine == "arn:aws:states:us-east-2:111122223333:stateMachine:tidegate"


if __name__ == "__main__":
    from tests.infra.conftest import synthesise
    from tests.support.config_files import MOVED

    SCHEMA.write_text(schema(), encoding="utf-8")
    folder = Path(tempfile.mkdtemp())
    made = synthesise(folder / "out", "--config", str(written(folder, MOVED)))
    text = PAGE.read_text(encoding="utf-8")
    pictures = iter(drawn(made))
    PAGE.write_text(BLOCK.sub(lambda _: next(pictures), text), encoding="utf-8")
    sys.stdout.write(f"{PAGE}, {SCHEMA}\n")
