"""The first deployment as `docs/deploy.md` has it, from a release's templates, in a cloud that is empty.

```
 foundation ─ controllers, last rank first ─ application ─ probes ── green in shadow, no cluster
                                                          routing ── arc.json ── live: state, controllers
```
"""

from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from controller.aws.arc.config import read_arc
from controller.ports.errors import OutsideUnreachable
from controller.rehearsal.services.arc.data_plane import SERVICE
from tests.infra.deployed.cloudformation import StackFailed
from tests.infra.deployed.release import MASTER, Release, Rollout, expected_arc, released
from tests.support.policy_scene import shipped_data

COMMENT = ("controller/wiring.py", "ONCE = {", "# Another version.\nONCE = {")
BAKE = 900.0
"""Seconds that the pipeline waits after each stage."""
HOUR = 3600.0
LATELY = 300.0
NEVER_DRILLED = "no drill has ever succeeded: nobody knows whether leaving works"
WHILE_BUILT = ("the routing controls cannot be read", "nobody knows whether us-east-1, us-west-2 fail")
"""What people are told before the stack is there from which the controllers hear it."""


@pytest.fixture(scope="module")
def shadow(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return Release(released(tmp_path_factory, "shadow-release"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Release:
    arc = expected_arc(shipped_data())
    folder = released(tmp_path_factory, "live-release", arc=arc, enforcement="live")
    return Release(folder, Release(folder).at + 1800.0)


def stage_of(release: Release, begins: str) -> list[str]:
    found = [name for name in release.order if name.startswith(f"tidegate-{begins}")]
    assert found, begins
    return found


def green(rollout: Rollout, release: Release) -> list[str]:
    """Return all that is amiss."""
    now = rollout.stage.kernel.now()
    rows = [
        f"{f.check} {f.where}: {f.says}" for f in rollout.doctor(release) if f.verdict in ("bad", "unknown")
    ]
    unknown = rollout.decisions(release, now - LATELY) - {"healthy", "not-confirmed"}
    return [*rollout.red(), *rows, *sorted(unknown), *rollout.stage.cloud.errors]


def turn_on(rollout: Rollout) -> None:
    """Turn the master switch on, then each control, as a person does in ARC."""
    arc = rollout.stage.cloud.arc
    for name in (MASTER, *(name for name in arc.names if name != MASTER)):
        entry = {"RoutingControlArn": arc.arn(name), "RoutingControlState": "On"}
        rollout.stage.cloud.call(SERVICE, "UpdateRoutingControlState", "us-west-2", entry)
        rollout.stage.advance(6.0)


def test_a_first_deployment_is_green_in_shadow_before_there_is_a_switch_and_then_goes_live(
    shadow: Release, live: Release, tmp_path: Path
) -> None:
    rollout = Rollout(shadow, tmp_path)
    outbox = rollout.stage.cloud.outbox
    foundation = shadow.order[: shadow.order.index("tidegate-state") + 1]
    controllers, probes = stage_of(shadow, "controller-"), stage_of(shadow, "probes-")
    for name in [*foundation, *controllers, *stage_of(shadow, "application-"), *probes]:
        if name == probes[0]:
            assert any(row.startswith("signals ") for row in green(rollout, shadow)), "nothing is heard yet"
        rollout.deploy(shadow, [name])
        rollout.stage.advance(BAKE if name in controllers else 60.0)
    told = [notice.subject.partition(": ")[2] for notice in outbox.notices]
    assert set(told) <= set(WHILE_BUILT), told
    before = len(outbox.notices)
    rollout.stage.advance(HOUR + LATELY)
    assert green(rollout, shadow) == [f"last drill : {NEVER_DRILLED}"]
    assert len(outbox.notices) == before, "nobody is paged once all is there"
    assert (SERVICE, "us-west-2") not in rollout.stage.cloud.wire.services

    config = rollout.clients()("route53-recovery-control-config", "us-west-2", None, NO_RETRY)
    rollout.deploy(shadow, ["tidegate-routing"])
    turn_on(rollout)
    controls = [name for entry in shipped_data()["regions"].values() for name in entry["controls"]]
    assert read_arc(config, panel="storefront", controls=controls) == expected_arc(shipped_data())
    rollout.account.move_name()
    _go_live(rollout, shadow, live)


NO_RETRY = Config(retries={"total_max_attempts": 1})


def _go_live(rollout: Rollout, shadow: Release, live: Release) -> None:
    """State and controllers again, the standby first; until all have it no one opens anything."""
    touched = rollout.deploy(live, ["tidegate-state", *stage_of(live, "controller-")])
    assert set(touched["tidegate-state"]) == {"Journal", "People"}, "protected from deletion from now on"
    changed = touched["tidegate-controller-us-east-2"]
    assert {"Tick", "ShiftTraffic", "ShiftTrafficRole"} <= set(changed)
    assert "Workflow193EF7C1" not in changed
    before = len(rollout.stage.cloud.outbox.notices)
    rollout.stage.advance(2 * LATELY)
    assert green(rollout, live) == [f"last drill : {NEVER_DRILLED}"]
    assert len(rollout.stage.cloud.outbox.notices) == before
    kinds = [str(event.kind) for event in rollout.events(live)]
    assert kinds.count("PolicyLoaded") == 2
    assert set(kinds) <= {"PolicyLoaded", "Escalated"}
    assert all(rollout.stage.cloud.arc.is_on(name) for name in rollout.stage.cloud.arc.names)


def test_controllers_before_the_state_read_no_journal_and_are_not_green(
    shadow: Release, tmp_path: Path
) -> None:
    """No template names the journal's table where AWS would look it up: the replay sees it all the same."""
    rollout = Rollout(shadow, tmp_path, pace=0.5)
    state = shadow.order.index("tidegate-state")
    rollout.deploy(shadow, shadow.order[:state])
    began = rollout.stage.kernel.now()
    rollout.deploy(shadow, stage_of(shadow, "controller-"))
    rollout.stage.advance(200.0)
    assert rollout.decisions(shadow, began) == {"journal-unreadable"}
    assert any("journal us-east-2" in each for each in green(rollout, shadow))


def test_there_is_no_arc_file_before_routing_and_no_routing_before_the_application(
    shadow: Release, tmp_path: Path
) -> None:
    rollout = Rollout(shadow, tmp_path, pace=0.0)
    config = rollout.clients()("route53-recovery-control-config", "us-west-2", None, NO_RETRY)
    with pytest.raises(OutsideUnreachable, match="UnknownOperationException") as refused:
        read_arc(config, panel="storefront", controls=["use1-a"])
    assert isinstance(refused.value.__cause__, ClientError)
    assert refused.value.__cause__.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    with pytest.raises(StackFailed, match="tidegate-application-us-"):
        rollout.deploy(shadow, ["tidegate-routing"])


def test_another_zip_under_the_same_key_is_not_taken(shadow: Release, tmp_path: Path) -> None:
    """CloudFormation compares keys: that is why a zip's digest is in its name."""
    rollout = Rollout(shadow, tmp_path / "unpacked", pace=0.0)
    stack = "tidegate-controller-us-east-2"
    rollout.deploy(shadow, shadow.order[: shadow.order.index("tidegate-state") + 1])
    rollout.deploy(shadow, [stack])
    running = rollout.stage.cloud.controller_regions["us-east-2"].functions["Tick"]
    (key,) = [name for name in rollout.codes.zips if name.startswith("functions-")]
    other = tmp_path / "other" / key
    other.parent.mkdir()
    other.write_bytes(rollout.codes.zips[key].read_bytes() + b"\n")
    rollout.codes.put(other)
    assert (
        rollout.formation.deploy(
            stack, "us-east-2", shadow.templates[stack], {"CodeBucket": "code-us-east-2"}
        )
        == []
    )
    assert rollout.stage.cloud.controller_regions["us-east-2"].functions["Tick"] is running


def test_a_zip_that_was_not_uploaded_fails_the_stack_and_leaves_the_old_version_running(
    shadow: Release, tmp_path: Path
) -> None:
    rollout = Rollout(shadow, tmp_path / "unpacked", pace=0.0)
    stack = "tidegate-controller-us-east-2"
    rollout.deploy(shadow, shadow.order[: shadow.order.index("tidegate-state") + 1])
    rollout.deploy(shadow, [stack])
    newer = shadow.patched(tmp_path / "newer", shadow.at + 60.0, COMMENT)
    with pytest.raises(StackFailed, match="NoSuchKey") as failed:
        rollout.formation.deploy(stack, "us-east-2", newer.templates[stack], {"CodeBucket": "code-us-east-2"})
    assert failed.value.rolled_back
    assert (
        rollout.formation.deploy(
            stack, "us-east-2", shadow.templates[stack], {"CodeBucket": "code-us-east-2"}
        )
        == []
    )


def test_a_function_that_is_called_by_an_alias_changes_when_the_alias_does(
    shadow: Release, tmp_path: Path
) -> None:
    """Other code alone serves nobody; a version of its own, at which the alias points, does."""
    newer = shadow.patched(tmp_path / "newer", shadow.at + 60.0, COMMENT)
    rollout = Rollout(shadow, tmp_path / "unpacked", pace=0.0)
    stack, functions = (
        "tidegate-controller-us-east-2",
        rollout.stage.cloud.controller_regions["us-east-2"].functions,
    )
    rollout.deploy(shadow, shadow.order[: shadow.order.index("tidegate-state") + 1])
    older = Release(shadow.folder, shadow.at)  # templates of its own: the module's stay as they are
    for release, version, served in ((older, "1", True), (newer, "1", False), (newer, "2", True)):
        before = functions.get("Tick")
        declared = {"FunctionName": {"Ref": "Tick"}}
        points = {"FunctionVersion": {"Fn::GetAtt": [f"TickVersion{version}", "Version"]}, "Name": "live"}
        release.templates[stack]["Resources"].pop("TickVersion1", None)
        release.templates[stack]["Resources"] |= {
            f"TickVersion{version}": {
                "Type": "AWS::Lambda::Version",
                "Properties": declared,
                "DeletionPolicy": "Retain",
            },
            "TickLive": {"Type": "AWS::Lambda::Alias", "Properties": declared | points},
        }
        rollout.deploy(release, [stack])
        assert (functions["Tick"] is not before) is served, version
