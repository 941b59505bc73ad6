"""Random faults that come and go at every endpoint while traffic moves; the seed is in the test's id."""

import random
from typing import Any

import pytest

from controller.ports.errors import SwitchUnavailable
from controller.ports.outside import ReadBack
from controller.ports.runtime import Task
from controller.rehearsal.service import Call
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from tests.aws.arc_cluster import READ_TIMEOUT, T0, Cluster, at_least_one, unfenced
from tests.support.seeds import seeds

SEEDS = seeds(range(60))
Move = tuple[Task[ReadBack], dict[str, bool]]
FAULTS = ("hung", "refused", "lost", "maintenance", "sound", "sound")


class Storm:
    """A cluster whose endpoints change their condition about every two seconds."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        count = self.rng.choice([1, 4, 5, 9])
        rules = at_least_one(count) if self.rng.random() < 0.7 else []
        longest = self.rng.choice([0.0, 3.0, 15.0])
        self.cluster = Cluster(count=count, rules=rules, lag=(0.0, longest), seed=seed)
        self.cluster.controls.observe(self._check_floor)
        self.floor_broken = False
        self.calm = False
        self._change()

    def _change(self) -> None:
        cluster = self.cluster
        for endpoint in ENDPOINTS:
            fault: Any = "sound" if self.calm else self.rng.choice(FAULTS)
            cluster.faults.arc.pop(endpoint, None)
            cluster.lost.discard(endpoint)
            cluster.controls.maintain(endpoint, out=fault == "maintenance")
            if fault in ("hung", "refused"):
                cluster.faults.arc[endpoint] = fault
            if fault == "lost":
                cluster.lost.add(endpoint)
        cluster.kernel.after(self.rng.uniform(0.5, 4.0), self._change)

    def _check_floor(self, _at: float, name: str, _on: bool) -> None:
        """Watchers hear of a call's changes after all of them are made."""
        controls, mate = self.cluster.controls, {"use1": "usw2", "usw2": "use1"}
        region, slice_name = name.split("-")
        if not (controls.is_on(name) or controls.is_on(f"{mate[region]}-{slice_name}")):
            self.floor_broken = True

    def truth(self) -> dict[str, bool]:
        return {name: self.cluster.controls.is_on(name) for name in self.cluster.east + self.cluster.west}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flip_in_a_storm_is_done_or_says_that_it_is_not(seed: int) -> None:
    storm = Storm(seed)
    cluster, goal = storm.cluster, dict(storm.cluster.leave())
    length = storm.rng.choice([3.0, 12.0, 20.0, 60.0])
    switch = cluster.switch(seed=seed)
    try:
        states = switch.update(cluster.sends(), deadline=T0 + length, fence=unfenced)
    except SwitchUnavailable:
        pass  # never SwitchRefused: nobody but ourselves could have started a wait period
    else:
        assert states == goal == storm.truth()
    assert all(at < length for at, _ in cluster.sent())
    assert cluster.elapsed <= length + READ_TIMEOUT + 0.2
    assert not storm.floor_broken

    returned = len(cluster.calls)
    cluster.runtime.sleep(10)
    assert cluster.sent() == [
        (at, region) for at, region, name in cluster.calls[:returned] if "Update" in name
    ]

    storm.calm = True
    cluster.runtime.sleep(25)
    assert (
        switch.update(cluster.sends(), deadline=cluster.kernel.now() + 60, fence=unfenced)
        == goal
        == storm.truth()
    )
    assert len(cluster.changes) == len(goal)
    assert not storm.floor_broken


def _contradicting(seed: int) -> tuple[Cluster, list[Move]]:
    """Leave, and return some seconds later: two controllers that nothing holds apart (ARC has no fence)."""
    cluster = Cluster(rules=at_least_one(4), lag=(0.5, 3.0), seed=seed)
    rng = random.Random(seed)
    leave = cluster.leave()
    back = [(name, not on) for name, on in leave]
    first = cluster.runtime.spawn(
        lambda: cluster.switch(seed=seed).update([leave], deadline=T0 + 40, fence=unfenced)
    )
    cluster.runtime.sleep(rng.uniform(0.0, 12.0))
    second = cluster.runtime.spawn(
        lambda: cluster.switch(seed=seed + 1).update([back], deadline=T0 + 50, fence=unfenced)
    )
    cluster.runtime.sleep(60)
    assert first.done()
    assert second.done()
    return cluster, [(first, dict(leave)), (second, dict(back))]


def _listed(cluster: Cluster) -> dict[str, bool]:
    call = Call("route53-recovery-cluster", "ListRoutingControls", ENDPOINTS[0], {}, ENDPOINTS[0])
    listed = cluster.controls.operations["ListRoutingControls"](call)["RoutingControls"]
    return {one["RoutingControlName"]: one["RoutingControlState"] == "On" for one in listed}


@pytest.mark.parametrize("seed", range(10))
def test_two_controllers_at_once_end_in_one_state_that_both_can_read(seed: int) -> None:
    """With these seeds the later one comes last; whoever is told that it succeeded has seen its goal."""
    cluster, (_, (second, back)) = _contradicting(seed)
    assert second.result() == back
    assert _listed(cluster) == back


@pytest.mark.parametrize("seed", seeds(range(10)))
def test_whichever_of_two_comes_last_its_whole_goal_stands_and_nobody_is_told_of_another(seed: int) -> None:
    """With any seed: one that was refused tries again after the wait period, and may so come last."""
    cluster, moves = _contradicting(seed)
    ends = [_goal_or_error(task, goal) for task, goal in moves]
    assert "reached" in ends, ends
    states = _listed(cluster)
    assert states in [goal for _, goal in moves]
    assert states == {name: cluster.controls.is_on(name) for name in states}


def _goal_or_error(task: Task[ReadBack], goal: dict[str, bool]) -> str:
    """Return `reached`, or `untold` where the caller was told that nothing is confirmed."""
    try:
        assert task.result() == goal
    except SwitchUnavailable:
        return "untold"
    return "reached"
