"""People's IAM policies: as little as each duty needs, no write for who looks."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from controller.core.policy.schema import OVERRIDE
from infra.contexts import deployment
from infra.grants import STARRED
from infra.operators import EXAMINED, policies, write_operators
from infra.project import Project, load
from tests.infra.split_accounts import ARC, CONTROLLERS, SPLIT, THREE, arc_file
from tests.support.config_files import OBJECTS_LIVE, SHIPPED, STANDBY, written
from tests.support.sources import ROOT

WRITES = re.compile(r":(Put|Update|Delete|Create|Send|Start|Publish|Sign|Encrypt|Decrypt)")


@pytest.fixture(scope="module")
def shadow() -> Project:
    return load(SHIPPED, deployed=1.0)


def documents(project: Project, folder: Path) -> dict[str, dict[str, Any]]:
    """Duty -> all of its policies as one."""
    write_operators(project, folder / "operators")
    made: dict[str, dict[str, Any]] = {}
    for file in sorted((folder / "operators").iterdir()):
        duty, document = re.sub(r"-[0-9]+$", "", file.stem), json.loads(file.read_text(encoding="utf-8"))
        known = made.setdefault(duty, document | {"Statement": []})
        known["Statement"] += document["Statement"]
    return made


def allowed(document: dict[str, Any]) -> set[str]:
    return {a for s in document["Statement"] if s["Effect"] == "Allow" for a in s["Action"]}


def test_each_is_a_policy_that_iam_takes(live: Project, tmp_path: Path) -> None:
    made = documents(live, tmp_path)
    assert set(made) == {"look", "act", "break-glass", "audit"}
    for document in made.values():
        assert document["Version"] == "2012-10-17"
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert len(sids) == len(set(sids))
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)


ALIAS, CONTEXT = "kms:ResourceAliases", "kms:EncryptionContext:aws:states:stateMachineArn"


def test_who_looks_writes_nothing(live: Project, shadow: Project) -> None:
    """What decrypts a workflow's definition is none of it: what it may decrypt, the next test says."""
    for project in (live, shadow):
        actions = {action for statement in policies(project)["look"] for action in statement.actions}
        assert len(actions) > 20
        assert [a for a in actions if WRITES.search(a)] == ["kms:Decrypt"]


def test_who_looks_decrypts_the_definitions_of_these_workflows_and_nothing_else(tmp_path: Path) -> None:
    """The same keys hold task tokens and the console's key, whose encryption contexts are others."""
    project = load(written(tmp_path, {"prefix": "guard"}), deployed=1.0)
    (found,) = (s for s in policies(project)["look"] if "kms:Decrypt" in s.actions)
    assert found.actions == ("kms:Decrypt",)
    controllers = project.policy.controllers
    assert found.resources == tuple(f"arn:aws:kms:{r}:111122223333:key/*" for r in controllers)
    machines = [f"arn:aws:states:{r}:111122223333:stateMachine:guard" for r in controllers]
    assert found.conditions == {
        "ForAnyValue:StringEquals": {ALIAS: "alias/guard"},
        "StringEquals": {CONTEXT: machines},
    }


def test_every_star_has_its_reason_and_no_action_is_a_pattern(live: Project) -> None:
    for statements in policies(live).values():
        for statement in statements:
            assert not any("*" in action for action in statement.actions)
            if statement.effect == "Allow" and "*" in statement.resources:
                assert set(statement.actions) <= {*STARRED, *EXAMINED}
            assert not statement.starred or statement.why


def test_breaking_the_glass_moves_these_controls_and_sets_no_safety_rule_aside(live: Project) -> None:
    assert live.arc is not None
    found = policies(live)["break-glass"]
    (moves,) = (
        s for s in found if any("Update" in a and "cluster" in a for a in s.actions) and s.effect == "Allow"
    )
    assert set(moves.resources) == set(live.arc.controls.values())
    gates = OVERRIDE in live.policy.approvals
    assert any(s.effect == "Deny" for s in found) is not gates


def test_without_routing_controls_there_is_no_glass_to_break(shadow: Project, tmp_path: Path) -> None:
    (tmp_path / "operators").mkdir()
    (tmp_path / "operators" / "break-glass.json").write_text("{}", encoding="utf-8")
    assert set(documents(shadow, tmp_path)) == {"look", "act", "audit"}, "none is left from another time"


def test_another_prefix_is_in_every_name(tmp_path: Path) -> None:
    """Two deployments of one account: who may act on one has no word in the other."""
    other = load(written(tmp_path, {"prefix": "guard"}), deployed=1.0)
    text = json.dumps([s.written() for each in policies(other).values() for s in each])
    assert "tidegate" not in text.replace('"events:source": "tidegate"', "")
    assert ":table/guard-journal" in text


def test_who_looks_may_read_the_letters_of_every_region_that_forwards(live: Project) -> None:
    resources = {resource for statement in policies(live)["look"] for resource in statement.resources}
    wanted = {f"arn:aws:sqs:{region}:111122223333:tidegate-forward-letters" for region in live.probed}
    assert len(wanted) == 3
    assert wanted <= resources


def test_letters_of_another_account_are_granted_in_none_of_ours(tmp_path: Path) -> None:
    """The queues lie in the application's account; a right in the controllers' would be for nothing."""
    project = load(written(tmp_path, SPLIT), deployed=1.0)
    resources = {resource for statement in policies(project)["look"] for resource in statement.resources}
    queues = {arn for arn in resources if arn.startswith("arn:aws:sqs:")}
    assert {arn.rpartition(":")[2] for arn in queues} == {"tidegate-dead-letters"}
    assert deployment(project, "us-east-2").forwarding == ()


def arc_away(folder: Path) -> Project:
    (folder / "storefront.arc.json").write_text(json.dumps(arc_file(ARC)), encoding="utf-8")
    return load(written(folder, THREE, {"enforcement": "live"}), deployed=1.0)


def test_of_a_cluster_elsewhere_the_glass_is_a_policy_of_its_account(tmp_path: Path) -> None:
    """A policy is of one account: controls of one and tables of another are no one's to have."""
    project = arc_away(tmp_path)
    made = documents(project, tmp_path)
    assert set(made) == {"look", "act", "break-glass", "break-glass-arc", "audit"}
    there = made["break-glass-arc"]["Statement"]
    assert {a.partition(":")[0] for s in there for a in s["Action"]} == {"route53-recovery-cluster"}
    assert {"Allow", "Deny"} == {s["Effect"] for s in there}, "no rule is set aside there either"
    arns = {r for s in there for r in s["Resource"]} - {"*"}
    assert project.arc is not None
    assert arns == set(project.arc.controls.values())
    home = made["break-glass"]["Statement"]
    assert not {a for s in home for a in s["Action"] if a.startswith("route53-recovery-cluster")}
    assert any(f":{CONTROLLERS}:table/" in r for s in home for r in s["Resource"])


def test_of_a_cluster_at_home_the_glass_is_one_policy(live: Project) -> None:
    assert "break-glass-arc" not in policies(live)


def test_of_a_switch_of_objects_the_glass_is_its_buckets(tmp_path: Path) -> None:
    file = written(tmp_path, OBJECTS_LIVE, {"enforcement": "live"}, shipped=STANDBY)
    found = policies(load(file, deployed=1.0))["break-glass"]
    actions = {action for statement in found for action in statement.actions}
    assert {"s3:PutObject", "s3:DeleteObject", "s3:ListBucket"} <= actions
    assert not any(action.startswith("route53-recovery-cluster") for action in actions)
    buckets = {r for s in found for r in s.resources if s.actions[0].startswith("s3:")}
    assert all(":::tidegate-switch-" in bucket for bucket in buckets)


def test_who_looks_may_ask_all_that_the_doctor_asks(live: Project, shadow: Project, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    asked = {f"{service}:{name}" for service, name in re.findall(r"`([a-z0-9-]+):([A-Z]\w+)`", text)}
    assert len(asked) >= 20
    split = load(written(tmp_path, SPLIT), deployed=1.0)
    found = [each for project in (live, shadow, split) for each in policies(project)["look"]]
    granted = {action for statement in found for action in statement.actions}
    assert asked - granted == set()


def test_who_looks_may_assume_the_roles_that_look_elsewhere_and_no_other(tmp_path: Path) -> None:
    project = load(written(tmp_path, SPLIT), deployed=1.0)
    made = documents(project, tmp_path)
    assumes = [s for s in made["look"]["Statement"] if s["Action"] == ["sts:AssumeRole"]]
    account = project.config.accounts.application
    [resources] = [s["Resource"] for s in assumes]
    assert len(resources) == len(project.policy.controllers)
    assert all(f"::{account}:role/tidegate-evidence-" in arn for arn in resources)
    assert not any("sts:AssumeRole" in allowed(made[duty]) for duty in set(made) - {"look"})
