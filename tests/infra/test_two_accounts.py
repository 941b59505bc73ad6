"""Controllers in one account, the application in another, ARC in a third: who may do what where."""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint_file

from controller.aws.events.rules import FORWARDED, INTAKE
from controller.entry.lambdas import Environment
from controller.settings import Access
from controller.wiring import INTAKE as WIRED
from infra.contexts import deployment
from infra.grants import HANDS, USES, Statement, away_statements, handlers, statements
from infra.project import ConfigRefused, Project, load
from infra.release.order import stack_names
from infra.role_policies import document
from infra.trust import TRUST, principals, roles, trust
from infra.words import FINDING
from tests.infra.conftest import CONTROLS
from tests.infra.split_accounts import APPLICATION, ARC, CONTROLLERS, DESK, SPLIT, THREE, arc_file
from tests.infra.synthesis import Synthesis
from tests.support.config_files import written

HERE = "us-east-2"
EVIDENCE_ROLE = f"arn:aws:iam::{APPLICATION}:role/tidegate-evidence-{HERE}"
UPDATE = "route53-recovery-cluster:UpdateRoutingControlStates"


@pytest.fixture(scope="session")
def split(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return load(written(tmp_path_factory.mktemp("two"), SPLIT), deployed=1.0)


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("three")
    (folder / "storefront.arc.json").write_text(json.dumps(arc_file(ARC)), encoding="utf-8")
    return load(written(folder, THREE, {"enforcement": "live"}), deployed=1.0)


def actions(found: list[Statement]) -> set[str]:
    return {action for each in found if each.effect == "Allow" for action in each.actions}


def resources(found: list[Statement], action: str) -> set[str]:
    return {r for each in found if action in each.actions for r in each.resources}


def test_what_is_asked_in_the_other_account_is_allowed_there_and_not_at_home(split: Project) -> None:
    asked = {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricStatistics"}
    tick = statements(split, HERE, "Tick")
    assert not actions(tick) & asked
    assert resources(tick, "sts:AssumeRole") == {EVIDENCE_ROLE}
    assert actions(away_statements(split, HERE, "evidence", "look")) == asked


def test_a_function_that_asks_nothing_there_may_not_go_there(split: Project) -> None:
    idle = [name for name in handlers(split) if not set(USES[name]) & {"polls", "readiness", "requests"}]
    assert {"Escalate", "HandOver"} <= set(idle)
    for name in idle:
        assert "sts:AssumeRole" not in actions(statements(split, HERE, name)), name


def test_in_one_account_nobody_assumes_anything(live: Project) -> None:
    for name in handlers(live):
        assert "sts:AssumeRole" not in actions(statements(live, HERE, name))
    assert deployment(live, HERE).evidence is None
    assert deployment(live, HERE).evidence_account == live.account


def test_the_roles_trust_exactly_the_functions_that_ask(split_synthesis: Synthesis, split: Project) -> None:
    """The roles are named so in the controllers' templates: a trust of anything else lets nobody in."""
    made = {
        (stack, properties["RoleName"]): properties
        for stack, _, properties in split_synthesis.of("AWS::IAM::Role", "tidegate-controller-")
        if "RoleName" in properties
    }
    roles = list(split_synthesis.of("AWS::IAM::Role", "tidegate-evidence-access", least=3))
    assert {r["RoleName"] for _, _, r in roles} == {
        f"tidegate-evidence-{c}" for c in split.policy.controllers
    }
    for _, _, role in roles:
        (one,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert one["Principal"] == {"AWS": f"arn:aws:iam::{CONTROLLERS}:root"}
        assert one["Condition"]["StringEquals"] == {"sts:ExternalId": "tidegate-storefront"}
        trusted = set(one["Condition"]["ArnEquals"]["aws:PrincipalArn"])
        region = role["RoleName"].removeprefix("tidegate-evidence-")
        arn = f"arn:aws:iam::{APPLICATION}:role/{role['RoleName']}"
        may = {
            f"arn:aws:iam::{CONTROLLERS}:role/{name}"
            for (stack, name), properties in made.items()
            if stack.endswith(region) and arn in json.dumps(properties["Policies"])
        }
        assert len(may) >= 6
        assert trusted == may | {DESK}
        assert not any("*" in principal for principal in trusted)


def test_what_a_role_grants_is_written_down_with_nothing_that_writes(split_synthesis: Synthesis) -> None:
    for _, _, role in split_synthesis.of("AWS::IAM::Role", "tidegate-evidence-access", least=3):
        allowed = {a for p in role["Policies"] for s in p["PolicyDocument"]["Statement"] for a in s["Action"]}
        assert allowed == {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricStatistics"}
        assert role["MaxSessionDuration"] == 3600


def test_the_functions_know_the_role_and_the_accounts(split_synthesis: Synthesis) -> None:
    for stack, _, function in split_synthesis.of("AWS::Lambda::Function", "tidegate-controller-", least=27):
        variables = function["Environment"]["Variables"]
        region = stack.removeprefix("tidegate-controller-")
        assert variables["TIDEGATE_ACCOUNT"] == CONTROLLERS
        assert variables["TIDEGATE_EVIDENCE_ROLE"].endswith(f"{APPLICATION}:role/tidegate-evidence-{region}")
        assert variables["TIDEGATE_EXTERNAL_ID"] == "tidegate-storefront"
        assert "TIDEGATE_ARC_ROLE" not in variables


def test_a_function_reads_its_roles_from_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, three: Project
) -> None:
    """Who moves is another role than who looks; without the variables all lives in one account."""
    for name, content in three.packaged().items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    required = {f.alias: "1" for f in Environment.model_fields.values() if f.is_required()}
    plain = required | {"TIDEGATE_ACCOUNT": CONTROLLERS}
    alone = Environment.model_validate(plain).deployment()
    assert (alone.evidence, alone.arc_access, alone.evidence_account) == (None, None, CONTROLLERS)
    for handler, hand in (("ShiftTraffic", "-move"), ("Assess", "")):
        found = Environment.model_validate(plain | roles(three, HERE, handler)).deployment()
        assert found.evidence == Access(role=EVIDENCE_ROLE, external_id="tidegate-storefront")
        assert found.arc_access is not None
        assert found.arc_access.role == f"arn:aws:iam::{ARC}:role/tidegate-arc{hand}-{HERE}"
        assert found.evidence_account == APPLICATION


def test_the_desk_knows_the_role_that_looks(split: Project) -> None:
    found = deployment(split, HERE)
    assert found.evidence is not None
    assert (found.evidence.role, found.evidence.external_id) == (EVIDENCE_ROLE, "tidegate-storefront")
    assert found.evidence_account == APPLICATION
    assert found.account == CONTROLLERS


def test_a_bus_takes_from_the_application_what_its_rules_forward(split_synthesis: Synthesis) -> None:
    buses = list(split_synthesis.of("AWS::Events::EventBusPolicy", least=3))
    assert {stack for stack, _, _ in buses} == {
        f"tidegate-controller-{r}" for r in ("us-east-2", "us-west-2", "us-east-1")
    }
    for _, _, properties in buses:
        one = properties["Statement"]
        assert one["Principal"] == {"AWS": f"arn:aws:iam::{APPLICATION}:root"}
        assert one["Action"] == "events:PutEvents"
        assert one["Condition"]["ForAllValues:StringEquals"] == {"events:source": list(FORWARDED)}
        assert one["Condition"]["Null"] == {"events:source": "false"}
        assert one["Condition"]["Bool"] == {"events:eventBusInvocation": "true"}
    for _, _, rule in split_synthesis.of("AWS::Events::Rule", "tidegate-probes-", least=3):
        assert rule["EventPattern"] == {"source": list(FORWARDED)}
        for target in rule["Targets"]:
            assert target["Arn"].split(":")[4] == CONTROLLERS
            assert target["RoleArn"], "who forwards into another account does it by a role"


def test_what_comes_from_the_controllers_own_account_is_forwarded_by_nobody() -> None:
    """An execution that ended is told by the own bus alone: no other account may speak of it."""
    assert WIRED is INTAKE
    heard = {s for _, pattern, _, _ in INTAKE for s in pattern.get("source", ())}
    assert heard - set(FORWARDED) == {"aws.states"}


def test_the_way_past_the_queue_is_open_to_the_application_alone(split_synthesis: Synthesis) -> None:
    rules = [rule for _, _, rule in split_synthesis.of("AWS::Events::Rule", "tidegate-controller-", least=3)]
    direct = [rule["EventPattern"]["account"] for rule in rules if rule["Name"] == "tidegate-direct"]
    assert direct == [[APPLICATION]] * 3, "one in each controller Region"


def test_the_roles_are_deployed_before_the_functions_that_assume_them(
    split_synthesis: Synthesis, split: Project
) -> None:
    order = stack_names(split, split_synthesis.templates)
    assert order.index("tidegate-evidence-access") < order.index("tidegate-controller-us-east-1")


def test_cdk_nag_finds_nothing_that_is_not_named(split_synthesis: Synthesis) -> None:
    assert split_synthesis.exit_code == 0
    assert FINDING not in split_synthesis.printed


@pytest.mark.parametrize(
    ("stack", "region"),
    [("tidegate-evidence-access", "us-west-2"), ("tidegate-controller-us-east-1", "us-east-1")],
)
def test_cfn_lint_finds_nothing(split_synthesis: Synthesis, stack: str, region: str) -> None:
    config = ManualArgs(regions=[region])
    found = lint_file(split_synthesis.folder / f"{stack}.json", config=config)
    assert [str(match) for match in found] == []


def test_everything_of_the_application_is_deployed_there(split_synthesis: Synthesis) -> None:
    probes = [t for stack, t in split_synthesis.templates.items() if stack.startswith("tidegate-probes-")]
    with_letters = [t for t in probes if f":{APPLICATION}:tidegate-forward-letters" in json.dumps(t)]
    assert len(with_letters) == len(probes) == 3
    assert "tidegate-arc-access" not in split_synthesis.templates


def test_where_arc_is_away_who_looks_cannot_move(three: Project) -> None:
    look, move = (away_statements(three, HERE, "arc", hand) for hand in HANDS["arc"])
    assert UPDATE not in actions(look)
    assert UPDATE in actions(move)
    assert len(resources(move, UPDATE) - {"*"}) == len(CONTROLS)
    movers = {name for name in handlers(three) if "shift" in USES[name]}
    for name in handlers(three):
        found = statements(three, HERE, name)
        assert not {a for a in actions(found) if a.startswith(("route53-recovery", "arc-region"))}, name
        roles = {r.rpartition("/")[2] for r in resources(found, "sts:AssumeRole") if f"::{ARC}:" in r}
        assert roles == {"tidegate-arc-move-us-east-2" if name in movers else "tidegate-arc-us-east-2"}, name
    trusted = {arn.rpartition("/")[2] for arn in principals(three, "arc", HERE, "move")}
    assert trusted == {f"tidegate-{name}-{HERE}" for name in movers}
    assert DESK in principals(three, "arc", HERE, "look")
    override = [each for each in move if each.effect == "Deny"]
    assert [each.actions for each in override] == [(UPDATE,)], "no rule is set aside there either"


def test_a_desk_is_given_the_role_that_looks(three: Project) -> None:
    found = deployment(three, HERE).arc_access
    assert found is not None
    assert found.role == f"arn:aws:iam::{ARC}:role/tidegate-arc-{HERE}"


def test_a_trust_fits_into_what_iam_takes(three: Project) -> None:
    for place, hands in HANDS.items():
        for hand in hands:
            for region in three.policy.controllers:
                assert trust(three, place, region, hand)
    config = three.config
    long = [f"arn:aws:iam::{CONTROLLERS}:role/{'x' * 140}{n}" for n in range(12)]
    accounts = config.accounts.model_copy(update={"desk": long})
    crowded = Project(config.model_copy(update={"accounts": accounts}), three.policy, three.arc, 1.0)
    with pytest.raises(ValueError, match=str(TRUST)):
        trust(crowded, "arc", HERE, "look")


def test_statements_of_a_role_are_written_as_iam_reads_them(split: Project) -> None:
    (one,) = [
        s for s in document(statements(split, HERE, "Tick"))["Statement"] if s["Sid"] == "AccessEvidence"
    ]  # type: ignore[attr-defined]
    assert one == {
        "Sid": "AccessEvidence", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [EVIDENCE_ROLE]
    }  # fmt: skip


PLAN = f"arn:aws:arc-region-switch::{ARC}:plan/storefront:a1b2c3"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"accounts": {"controller": CONTROLLERS, "application": CONTROLLERS, "arc": ARC}},
         "accounts.arc: 777788889999 is not the controllers' account, where the stack `routing`"),
        (THREE | {"plans": {"storefront": PLAN.replace(ARC, APPLICATION)}},
         f"plans.storefront: the plan lives in account {APPLICATION}, and `accounts.arc` is {ARC}"),
        ({"accounts": SPLIT["accounts"] | {"desk": [f"arn:aws:iam::{ARC}:role/x"]}},
         "is no role of the controllers' account"),
        ({"accounts": SPLIT["accounts"] | {"desk": ["arn:aws:iam::*:role/x"]}}, "accounts.desk.0"),
        ({"accounts": {"controller": CONTROLLERS, "application": CONTROLLERS, "desk": [DESK]}},
         "accounts.desk: all lives in one account"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(tmp_path: Path, config: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        load(written(tmp_path, SPLIT | config), deployed=1.0)
    assert told in str(refused.value)


def test_a_panel_of_another_owner_is_refused(tmp_path: Path) -> None:
    (tmp_path / "storefront.arc.json").write_text(json.dumps(arc_file(APPLICATION)), encoding="utf-8")
    with pytest.raises(ConfigRefused, match=f"lives in account {APPLICATION}, and `accounts.arc` is {ARC}"):
        load(written(tmp_path, THREE), deployed=1.0)


def test_what_is_shared_with_the_controllers_needs_no_role(tmp_path: Path) -> None:
    """A plan, or a cluster, of an account that nobody names: it is asked as it always was."""
    (tmp_path / "storefront.arc.json").write_text(json.dumps(arc_file(ARC)), encoding="utf-8")
    found = load(written(tmp_path, SPLIT | {"plans": {"storefront": PLAN}}), deployed=1.0)
    assert deployment(found, HERE).arc_access is None
    assert PLAN in resources(statements(found, HERE, "Tick"), "arc-region-switch:GetPlanEvaluationStatus")
