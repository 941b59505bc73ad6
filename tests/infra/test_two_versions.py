"""Updates, roll-backs and upgrades from templates of two versions, while a Region is dark.

```
 controllers   us-east-1   us-west-2   us-east-2, which drives      each stack of a release, the standby first
               newer ────> newer ────> newer                        in mid-move, or the driver goes back alone
```
Each version is a zip of its own, loaded apart from the others (`deployed.code_version`).
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.core.incident.fold import fold
from controller.core.journal.event import Event, UnknownKind, broken_at, event_of
from controller.core.journal.kind import Kind
from controller.lab.scenarios.actions import dark
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.arc.data_plane import SERVICE
from tests.infra.deployed.cloudformation import StackFailed
from tests.infra.deployed.release import MASTER, Release, Rollout, expected_arc, released
from tests.support.policy_scene import shipped_data

HERE, STANDBY, LAST = "us-east-2", "us-west-2", "us-east-1"
DARK = "us-east-1"
MINUTE = 60.0
STEPS = ("Assess", "HandOver", "ShiftTraffic", "Tick", "VerifyShift")
ANOTHER = ("controller/wiring.py", "ONCE = {", "# Another version.\nONCE = {")
NEWER_WORKFLOW = ("controller/workflow.asl.json", "tidegate: one execution", "tidegate, newer: one execution")
KIND = "controller/core/journal/kind.py"
KNOWS = (
    (KIND, '    TOLD = "Told"\n', '    TOLD = "Told"\n    NOTED = "Noted"\n'),
    (
        "controller/core/journal/notes.py",
        "@body(Kind.ARMED)\n",
        '@body(Kind.NOTED)\nclass Noted:\n    reason: str = ""\n\n\n@body(Kind.ARMED)\n',
    ),
)
"""A kind that this version has not."""
NONE, ONE = "frozenset()", "frozenset({Kind.NOTED})"
READS_AHEAD = (KIND, f"AHEAD: frozenset[Kind] = {NONE}", f"AHEAD: frozenset[Kind] = {ONE}")
WRITES = (
    (
        "controller/steps/workflow/assess.py",
        "            write(deps, state, confirmed, incident=incident)\n",
        "            state = write(deps, state, confirmed, incident=incident)\n"
        '            write(deps, state, Noted(reason="as the next version does"), incident=incident)\n',
    ),
    (
        "controller/steps/workflow/assess.py",
        "from controller.core.model import Decision, Plan\n",
        "from controller.core.journal.notes import Noted\nfrom controller.core.model import Decision, Plan\n",
    ),
)


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> Release:
    arc = expected_arc(shipped_data())
    return Release(released(tmp_path_factory, "live-release", arc=arc, enforcement="live"))


class World:
    """A live deployment of `release`, well for seven minutes; then a Region goes dark."""

    def __init__(self, release: Release, folder: Path) -> None:
        self.release, self.rollout = release, Rollout(release, folder / "unpacked", pace=0.0)
        self.stage, self.cloud = self.rollout.stage, self.rollout.stage.cloud
        self.rollout.deploy(release, release.order)
        arc = self.cloud.arc
        for name in (MASTER, *(name for name in arc.names if name != MASTER)):
            entry = {"RoutingControlArn": arc.arn(name), "RoutingControlState": "On"}
            self.cloud.call(SERVICE, "UpdateRoutingControlState", "us-west-2", entry)
            self.stage.advance(6.0)
        self.rollout.account.move_name()
        self.rollout.account.pace = 2.0
        self.calls: list[tuple[float, str, bool]] = []
        arc.observe(lambda at, name, on: self.calls.append((at, name, on)))
        self.stage.advance(7 * MINUTE)
        assert self.cloud.errors == []
        dark(self.stage, DARK)

    def update(self, release: Release, *regions: str) -> None:
        """Deploy the controllers of these Regions, all by default, the standby first."""
        self.rollout.deploy(release, [f"tidegate-controller-{r}" for r in regions or (LAST, STANDBY, HERE)])

    def kinds(self) -> list[str]:
        """Return the kinds in the journal's table, whoever can read them."""
        return [item["kind"]["S"] for item in self.items()]

    def items(self) -> list[dict[str, dict[str, str]]]:
        found = self.cloud.call("dynamodb", "Scan", HERE, {"TableName": "tidegate-journal"})["Items"]
        own = [each for each in found if each["application"]["S"] == "storefront" and "kind" in each]
        return sorted(own, key=lambda each: int(each["seq"]["N"]))

    def until(self, seen: Callable[[], bool], seconds: float, *, agree: bool = True) -> bool:
        """Let time pass until it is seen; people agree when they are asked. Nothing is read twice."""
        ends, read = self.stage.kernel.now() + seconds, -1
        while self.stage.kernel.now() < ends:
            if read != self.cloud.journal.writes:
                read = self.cloud.journal.writes
                if agree:
                    self.rollout.account.served.agree(HERE)
                if seen():
                    return True
            self.stage.advance(5.0)
        return seen()

    def has(self, kind: Kind) -> Callable[[], bool]:
        return lambda: str(kind) in self.kinds()

    def definition(self) -> str:
        """Return the workflow of the only execution that drives an incident."""
        arn = f"arn:aws:states:{HERE}:{ACCOUNT}:stateMachine:tidegate"
        asked = {"stateMachineArn": arn, "statusFilter": "RUNNING"}
        (found,) = self.cloud.call("states", "ListExecutions", HERE, asked)["executions"]
        named = {"executionArn": found["executionArn"]}
        return str(self.cloud.call("states", "DescribeStateMachineForExecution", HERE, named)["definition"])

    def told(self) -> list[str]:
        return [notice.subject for notice in self.cloud.outbox.notices]

    def left_once(self) -> None:
        """Require that the Region was left by one move, whoever can read the journal."""
        assert self.until(self.has(Kind.SETTLED), 40 * MINUTE), self.kinds()
        self.stage.advance(3 * MINUTE)
        kinds = self.kinds()
        for kind in ("IncidentOpened", "ShiftIntended", "ShiftApplied", "Settled"):
            assert kinds.count(kind) == 1, kinds
        gone = {name for name in self.cloud.arc.names if not self.cloud.arc.is_on(name)}
        assert gone == {"use1-a", "use1-b", "use1-c", "use1-d"}
        assert sorted(name for _, name, _ in self.calls) == sorted(gone), "each control was turned once"

    def moved_once(self) -> list[Event]:
        """The same, with a journal that is whole and that this version reads; return its events."""
        self.left_once()
        events = self.rollout.events(self.release)
        assert broken_at(events) is None
        assert fold("storefront", events).open is None
        assert self.cloud.errors == []
        return events


def test_an_update_with_an_open_incident_ends_it_once(present: Release, tmp_path: Path) -> None:
    """It opens while controllers are at two versions; later one of them is of both at once."""
    newer = present.patched(tmp_path / "newer", present.at + 3600.0, ANOTHER)
    w = World(present, tmp_path)
    w.update(newer, LAST)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 20 * MINUTE, agree=False)
    w.update(newer, STANDBY)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 5 * MINUTE, agree=False)
    w.update(newer, HERE)
    events = w.moved_once()
    opened = next(event for event in events if event.kind is Kind.INCIDENT_OPENED)
    assert opened.draft.by == f"tidegate@{HERE}"
    asked = [event for event in events if event.kind is Kind.APPROVAL_REQUESTED]
    assert len(asked) == 1, "nobody is asked twice"


def test_a_stack_that_fails_in_mid_update_goes_back_and_its_incident_goes_on(
    present: Release, tmp_path: Path
) -> None:
    newer = present.patched(tmp_path / "newer", present.at + 3600.0, ANOTHER)
    lost = {"S3Bucket": "code", "S3Key": "functions-0000000000000000.zip"}
    stack = f"tidegate-controller-{HERE}"
    newer.templates[stack]["Resources"]["VerifyShift"]["Properties"]["Code"] = lost
    w = World(present, tmp_path)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 20 * MINUTE, agree=False)
    with pytest.raises(StackFailed, match="NoSuchKey") as failed:
        w.update(newer, HERE)
    assert failed.value.rolled_back
    keys = {
        w.rollout.account.served.running[HERE, f"tidegate-{n}"].properties["Code"]["S3Key"] for n in STEPS
    }
    assert len(keys) == 1
    w.moved_once()


@pytest.mark.parametrize("seed", [1, 5], ids=["HandOver late", "the workflow late"])
def test_an_update_that_takes_minutes_hands_an_open_incident_over_without_haste(
    present: Release, tmp_path: Path, seed: int
) -> None:
    """Its functions and its workflow are replaced one after another.

    An older HandOver starts an execution that a newer Assess finds too old, and so on, many times a minute;
    a newer one, before there is a newer workflow, one that never gets it.
    """
    newer = present.patched(tmp_path / "newer", present.at + 3600.0, ANOTHER, NEWER_WORKFLOW)
    w = World(present, tmp_path)
    w.stage.advance(110.0)
    w.stage.faults.errors[STANDBY] = 1.0  # so that there is nowhere to go, and nobody is asked
    assert w.until(w.has(Kind.INCIDENT_OPENED), 20 * MINUTE, agree=False)
    w.rollout.account.pace = 15.0
    w.rollout.formation.draw_anew(seed)
    w.update(newer, HERE)
    assert w.kinds().count("HandedOver") <= 1, w.kinds()
    w.stage.advance(10 * MINUTE)
    assert 1 <= w.kinds().count("HandedOver") <= 2, w.kinds()
    assert "newer" in w.definition()
    del w.stage.faults.errors[STANDBY]
    w.moved_once()


@pytest.mark.parametrize("place", [Kind.INCIDENT_OPENED, Kind.APPROVAL_REQUESTED, Kind.SHIFT_APPLIED])
def test_the_driver_goes_back_alone_with_an_open_incident_and_goes_on(
    present: Release, tmp_path: Path, place: Kind
) -> None:
    newer = present.patched(tmp_path / "newer", present.at + 3600.0, ANOTHER)
    w = World(newer, tmp_path)
    assert w.until(w.has(place), 30 * MINUTE, agree=place is Kind.SHIFT_APPLIED)
    w.update(present, HERE)
    w.moved_once()


def test_a_kind_that_was_read_one_release_ahead_is_no_hindrance_on_the_way_back(
    present: Release, tmp_path: Path
) -> None:
    """The next version writes it, in mid-move; all go back to the one that only reads it."""
    ahead = present.patched(tmp_path / "ahead", present.at, *KNOWS, READS_AHEAD)
    next_ = present.patched(tmp_path / "next", present.at + 3600.0, *KNOWS, *WRITES)
    w = World(ahead, tmp_path)
    w.update(next_)
    assert w.until(lambda: "Noted" in w.kinds(), 30 * MINUTE, agree=False), w.kinds()
    w.update(ahead)
    w.left_once()
    assert w.cloud.errors == []


def test_a_kind_that_is_read_ahead_only_is_written_by_nobody(present: Release, tmp_path: Path) -> None:
    """Even where some code would: the append is refused, and the incident is held and told."""
    early = present.patched(tmp_path / "early", present.at, *KNOWS, READS_AHEAD, *WRITES)
    w = World(early, tmp_path)
    assert w.until(lambda: bool(w.cloud.errors), 30 * MINUTE)
    assert "WrittenAhead: Noted is read by this version" in w.cloud.errors[0].replace(
        '{"errorMessage": "', ""
    )
    assert "Noted" not in w.kinds()
    assert w.calls == []


def test_a_kind_that_nobody_read_ahead_stops_the_older_version_and_is_left_as_it_is(
    present: Release, tmp_path: Path
) -> None:
    next_ = present.patched(tmp_path / "next", present.at + 3600.0, *KNOWS, *WRITES)
    w = World(next_, tmp_path)
    assert w.until(lambda: "Noted" in w.kinds(), 30 * MINUTE, agree=False), w.kinds()
    w.update(present)
    w.stage.advance(5.0)  # what was under way when the last function was replaced
    kept, since = w.items(), len(w.told())
    w.stage.advance(5 * MINUTE)  # less than the question waits for an answer
    assert w.calls == []
    assert w.items() == kept
    assert [each for each in w.told() if "cannot be read" in each], w.told()
    assert len(w.told()) - since <= 3, "each controller says it once"
    assert w.rollout.decisions(present, w.stage.kernel.now() - 2 * MINUTE) == {"journal-unreadable"}
    with pytest.raises(UnknownKind, match="does not know: 'Noted'"):
        [event_of(item["body"]["S"]) for item in kept]
    w.update(next_)
    w.left_once()


def test_controllers_that_are_a_version_behind_say_so_and_keep_the_others_from_nothing(
    present: Release, tmp_path: Path
) -> None:
    """The first rank was updated first, against the order, and writes what the others cannot read."""
    next_ = present.patched(tmp_path / "next", present.at + 3600.0, *KNOWS, *WRITES)
    w = World(present, tmp_path)
    w.update(next_, HERE)
    w.left_once()
    assert any("cannot be read" in subject for subject in w.told())
    assert w.rollout.decisions(present, w.stage.kernel.now() - 2 * MINUTE) >= {"journal-unreadable"}
