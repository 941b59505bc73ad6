"""The documents say what the templates are. `python -m tests.infra.test_docs` draws the picture anew."""

import json
import re
import sys
import tempfile
from pathlib import Path

from controller.entry.context import find_context
from controller.settings import Arc
from infra.picture import picture
from infra.pictures import records, workflow
from tests.infra.synthesis import Synthesis
from tests.support.sources import existing

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
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
    kinds = {re.sub(r"-[a-z]{2}-[a-z]+-\d$", "-REGION", name) for name in synthesis.templates}
    named = {kind for kind in kinds if not kind.startswith("tidegate-pipeline-support")}
    assert [kind for kind in named if f"`{kind}`" not in guide] == []


def test_what_is_paid_for_is_what_is_declared(moved: Synthesis) -> None:
    """The quantities of the cost table that templates know."""

    def count(type_: str, stack: str = "tidegate-") -> int:
        return len(list(moved.of(type_, stack)))

    rates = [p["Schedule"]["Expression"] for _, _, p in moved.of("AWS::Synthetics::Canary")]
    often, seldom = rates.count("rate(1 minute)"), rates.count("rate(5 minutes)")
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    runs = 730 * 60 * often + 730 * 12 * seldom
    assert f"{often} canaries each minute, {seldom} each five minutes: {runs:,} runs" in guide
    alarms, composites = count("AWS::CloudWatch::Alarm"), count("AWS::CloudWatch::CompositeAlarm")
    assert f"| CloudWatch alarms | {alarms}, and {composites} composites |" in guide
    assert f"| CloudWatch dashboards | {count('AWS::CloudWatch::Dashboard')}, of which 3 are free |" in guide
    assert f"| Health checks | {count('AWS::Route53::HealthCheck')} |" in guide
    keys = count("AWS::KMS::Key", "tidegate-keys-") + count("AWS::KMS::ReplicaKey", "tidegate-keys-")
    assert f"| KMS | {keys}: 3 keys in 3 Regions |" in guide


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
    from tests.infra.config_files import MOVED, written
    from tests.infra.conftest import synthesise

    SCHEMA.write_text(schema(), encoding="utf-8")
    folder = Path(tempfile.mkdtemp())
    made = synthesise(folder / "out", "--config", str(written(folder, MOVED)))
    text = PAGE.read_text(encoding="utf-8")
    pictures = iter(drawn(made))
    PAGE.write_text(BLOCK.sub(lambda _: next(pictures), text), encoding="utf-8")
    sys.stdout.write(f"{PAGE}, {SCHEMA}\n")
