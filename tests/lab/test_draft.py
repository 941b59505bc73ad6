"""A first policy from an account: read over the rehearsal cloud's wire, drafted from what was found."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from controller import wiring
from controller.aws.account import PERMISSIONS
from controller.core.policy.readiness_checks import ArcCheck, PlanCheck, ReplicationCheck
from controller.core.policy.schema import Policy
from controller.lab.draft.names import found, placed
from controller.lab.draft.write import ARC, POLICY, NoDraft, draft, refused, write
from controller.lab.environment.estate import watchdogs
from controller.lab.lint import review
from controller.lab.policy_files.loader import load_policy
from controller.ports.account import AccountFacts, AlarmFact, CanaryFact, PlanFact, ReplicaFact
from controller.ports.errors import OutsideUnreachable
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.settings import Arc
from tests.support.drill_run import ALONE, set_up
from tests.support.policy_scene import EAST, OTHER, WEST

REGIONS = (OTHER, EAST, WEST)


@cache
def facts() -> AccountFacts:
    """What the rehearsal cloud's services say of the shipped policy's estate, over the wire."""
    return read_by(dark=())


def read_by(*, dark: tuple[str, ...]) -> AccountFacts:
    stage, _ = set_up(**ALONE)
    stage.advance(120)  # until a lag was measured
    stage.faults.apis_dark.update(dark)
    make = virtual_clients(stage.cloud.wire, stage.runtime, stage.faults)
    task = stage.runtime.spawn(wiring.account_of(REGIONS, None, make).facts)
    stage.advance(300)
    return task.result()


def test_everything_of_the_estate_is_found_and_read_to_the_last_member() -> None:
    told = facts()
    assert told.unread == ()
    assert {(a.name, a.region, a.period) for a in told.alarms if not a.composite} >= {
        (f"storefront-{region}-{what}", region, 60.0)
        for region in (EAST, WEST)
        for what in ("5xx", "latency")
    }
    assert any(alarm.composite for alarm in told.alarms)
    assert {(c.name, c.region) for c in told.canaries if c.running} == {
        (f"storefront-{about}-checkout", region) for about in (EAST, WEST) for region in REGIONS
    }
    [cluster] = told.clusters
    assert len(cluster.endpoints) == 5
    assert sorted(check.about for check in told.checks) == sorted(cluster.panels[0].controls.values())


def test_the_draft_of_the_estate_loads_and_everything_about_it_is_proved(tmp_path: Path) -> None:
    made = draft(facts(), "storefront")
    assert made.missing == ()
    assert write(made, tmp_path, force=False) == (tmp_path / POLICY, tmp_path / ARC)
    assert refused(tmp_path / POLICY) == ()
    policy = load_policy(tmp_path / POLICY).policy
    assert policy.enforcement == "shadow"
    assert {r: e.controls for r, e in policy.regions.items()} == {
        EAST: ("use1-a", "use1-b", "use1-c", "use1-d"),
        WEST: ("usw2-a", "usw2-b", "usw2-c", "usw2-d"),
    }
    assert "tidegate-" not in made.policy
    judged = review(policy)
    assert [proof.after is None for proof in judged.proofs] == [False] * 6
    assert judged.findings == ()
    live = policy.model_copy(update={"enforcement": "live"})
    assert "no-arc-readiness" not in {finding.code for finding in review(live).findings}
    arc = Arc.model_validate_json((tmp_path / ARC).read_text())
    assert set(arc.controls) == {name for e in policy.regions.values() for name in e.controls}


def test_what_is_there_is_written_over_only_by_force(tmp_path: Path) -> None:
    made = draft(facts(), "storefront")
    (tmp_path / ARC).write_text("mine")
    with pytest.raises(NoDraft, match="--force"):
        write(made, tmp_path, force=False)
    assert (tmp_path / ARC).read_text() == "mine"
    assert not (tmp_path / POLICY).exists()
    write(made, tmp_path, force=True)
    assert "controls" in json.loads((tmp_path / ARC).read_text())


def test_what_cannot_be_known_is_named_and_never_made_up(tmp_path: Path) -> None:
    odd = replace(
        facts(),
        clusters=(),
        checks=(),
        canaries=(CanaryFact("login", OTHER, running=True),),
        alarms=(*facts().alarms, AlarmFact("lonely\n# x: y", EAST, "Shop", 60.0)),
    )
    made = draft(odd, "storefront")
    assert made.arc is None
    assert any("no control" in sentence and "standby" in sentence for sentence in made.missing)
    assert "canary login in us-east-2: which Region does it test?" in made.policy
    assert "lonely\n" not in made.policy
    write(made, tmp_path, force=False)
    problems = refused(tmp_path / POLICY)
    assert problems
    assert all(":" in problem for problem in problems)


def test_the_alarms_that_watch_tidegate_are_no_evidence_about_a_region() -> None:
    own = [
        AlarmFact(plan.members["AlarmName"], region, plan.members["Namespace"], 60.0)
        for region in (EAST, WEST)
        for plan in watchdogs("storefront", region)
    ]
    made = found(replace(facts(), alarms=(*facts().alarms, *own)), None)
    assert own
    assert not any("watch" in template for template in made.alarms)
    assert sum("tidegate itself is watched" in sentence for sentence in made.left_out) == 1


def test_the_alarms_of_a_deployment_with_another_prefix_are_no_evidence_either() -> None:
    """They are known by their description: any name may be an application's."""
    composites = [alarm for alarm in facts().alarms if alarm.composite]
    renamed = [replace(a, name=a.name.replace("tidegate", "evac", 1)) for a in composites]
    assert renamed
    assert all(alarm.own for alarm in composites)
    assert "evac" not in str(found(replace(facts(), alarms=(*facts().alarms, *renamed)), None))
    others = tuple(replace(alarm, own=False) for alarm in renamed)
    assert "evac" in str(found(replace(facts(), alarms=(*facts().alarms, *others)), None))


def test_a_region_that_does_not_answer_is_named_and_the_rest_is_used() -> None:
    told = read_by(dark=(WEST,))
    assert any(f"the alarms of {WEST}" in sentence for sentence in told.unread)
    assert {alarm.region for alarm in told.alarms} == {OTHER, EAST} & {a.region for a in facts().alarms}
    with pytest.raises(OutsideUnreachable, match="nothing could be read"):
        read_by(dark=REGIONS)


def test_of_several_panels_one_must_be_named() -> None:
    [cluster] = facts().clusters
    other = replace(cluster.panels[0], name="other")
    several = replace(facts(), clusters=(replace(cluster, panels=(*cluster.panels, other)),))
    with pytest.raises(NoDraft, match="--panel"):
        draft(several, "storefront")
    assert draft(several, "storefront", "other").arc is not None
    with pytest.raises(NoDraft, match="storefront, other"):
        draft(several, "storefront", "third")


def test_a_control_without_a_health_check_is_told() -> None:
    made = draft(replace(facts(), checks=facts().checks[1:]), "storefront")
    assert made.policy.count("no health check reads the routing control") == 1


@pytest.mark.parametrize(
    ("name", "home"),
    [("use1-a", EAST), ("shop-us-west-2-x", WEST), ("shop_useast1", EAST), ("use12-a", None), ("blue", None)],
)
def test_a_control_is_placed_by_a_whole_word_of_its_name(name: str, home: str | None) -> None:
    by_region, unplaced = placed([name], REGIONS)
    assert by_region == ({home: (name,)} if home else {})
    assert unplaced == (() if home else (name,))


def test_alarms_that_miss_in_a_region_and_canary_alarms_are_no_signals() -> None:
    some = (
        AlarmFact("a-us-east-1", EAST, "Shop", 300.0),
        AlarmFact("a-us-west-2", WEST, "Shop", 60.0),
        AlarmFact("b", EAST, "Shop", 60.0),
        AlarmFact("c", EAST, "CloudWatchSynthetics", 60.0),
    )
    names = found(AccountFacts((EAST, WEST), alarms=some), None)
    assert names.alarms == {"a-{region}": 300.0}
    assert names.left_out == (f"alarm b is missing in {WEST}",)


def test_the_permissions_are_those_of_a_reader() -> None:
    assert {permission.split(":")[1].rstrip("s") for permission in PERMISSIONS} == {
        "DescribeAlarm", "ListCluster", "ListControlPanel", "ListRoutingControl", "ListSafetyRule",
        "ListHealthCheck", "DescribeCanarie", "ListPlansInRegion", "ListReadinessCheck", "ListMetric",
    }  # fmt: skip


def drafted(facts: AccountFacts, folder: Path) -> Policy:
    made = draft(facts, "storefront")
    write(made, folder, force=True)
    assert refused(folder / POLICY) == ()
    return load_policy(folder / POLICY).policy


def test_a_draft_confirms_the_target_by_the_plan_and_by_the_lag_that_stand_there(tmp_path: Path) -> None:
    _, plan, lag = drafted(facts(), tmp_path).target.ready
    assert isinstance(plan, PlanCheck)
    assert isinstance(lag, ReplicationCheck)
    assert (plan.plan_evaluation, lag.replication) == ("storefront", "storefront-orders")
    assert facts().plans[0].arn in (tmp_path / POLICY).read_text(encoding="utf-8")


def test_where_readiness_checks_still_exist_they_are_drafted_too(tmp_path: Path) -> None:
    names = (f"shop-{EAST}", f"shop-{WEST}", f"half-{EAST}", "odd")
    for plans in (facts().plans, ()):
        ready = drafted(replace(facts(), readiness=names, plans=plans), tmp_path).target.ready
        assert [c.arc_readiness for c in ready if isinstance(c, ArcCheck)] == ["shop-{region}"]
        assert sum(isinstance(check, PlanCheck) for check in ready) == len(plans)
        assert draft(replace(facts(), readiness=names, plans=plans), "storefront").missing == ()


PLANS = tuple(PlanFact(name, f"arn:{name}", (EAST, WEST)) for name in ("one", "two"))


def test_of_several_plans_the_one_with_the_application_s_name_is_meant(tmp_path: Path) -> None:
    ready = drafted(replace(facts(), plans=(*PLANS, *facts().plans)), tmp_path).target.ready
    assert [c.plan_evaluation for c in ready if isinstance(c, PlanCheck)] == ["storefront"]


HALF = (ReplicaFact("half", EAST, WEST), ReplicaFact("tidegate-x", EAST, WEST))
OWN = (ReplicaFact("tidegate-x", WEST, EAST),)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"plans": ()}, "no plan of ARC Region switch knows all Regions"),
        ({"plans": (PlanFact("far", "arn:far", (EAST, OTHER)),)}, "no plan of ARC Region switch"),
        ({"plans": PLANS}, "which of these plans: one, two"),
        ({"replicas": (*HALF, *OWN)}, "no table is measured between all Regions"),
    ],
)
def test_what_cannot_confirm_a_target_is_to_be_filled_in(
    changes: dict[str, object], told: str, tmp_path: Path
) -> None:
    odd = replace(facts(), **changes)
    (missing,) = draft(odd, "storefront").missing
    assert told in missing
    assert len(drafted(odd, tmp_path).target.ready) == 2
