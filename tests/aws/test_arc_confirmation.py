"""Changes read back: other endpoints confirm them; the one that took them only where no other answers."""

import pytest

from controller.ports.errors import SwitchUnavailable
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from tests.aws.arc_cluster import (
    DEADLINE,
    T0,
    Cluster,
    all_controls,
    at_least_one,
    listed,
    unfenced,
)


def test_where_no_other_endpoint_answers_the_one_that_took_the_change_confirms_it_and_that_is_said() -> None:
    """The four hang for us alone: the cluster itself is whole."""
    cluster = Cluster(rules=at_least_one(4))
    cluster.out_of_reach = set(ENDPOINTS[:4])
    shown = cluster.switch(avoid=ENDPOINTS[4:]).update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert shown == dict(cluster.leave())
    assert shown.alone == ENDPOINTS[4]
    assert cluster.changes[0][0] <= 4.5
    assert cluster.sent("ListRoutingControls")[-1] == (pytest.approx(4.4, abs=0.2), ENDPOINTS[4])
    assert cluster.elapsed <= 7.0  # the last leg of the write, and those of the read, are heard out


def test_the_others_have_three_seconds_before_the_one_that_took_the_change_is_asked() -> None:
    cluster = Cluster()
    cluster.out_of_reach = set(ENDPOINTS[1:])
    shown = cluster.switch(avoid=ENDPOINTS[1:]).update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert (shown == dict(cluster.leave()), shown.alone) == (True, ENDPOINTS[0])
    read = cluster.sent("ListRoutingControls")
    assert {region for _, region in read[:4]} == set(ENDPOINTS[1:])
    assert 3.0 <= min(at for at, region in read if region == ENDPOINTS[0]) <= 5.0


@pytest.mark.parametrize("seed", range(4))
def test_an_endpoint_that_answers_and_lags_is_waited_for(seed: int) -> None:
    """It answers, so the one that took the change is not asked, however long the other lags."""
    cluster = Cluster(lag=(8.0, 9.0))
    cluster.out_of_reach = set(ENDPOINTS[2:])
    shown = cluster.switch(seed=seed).update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    assert (shown == dict(cluster.leave()), shown.alone) == (True, None)


def test_once_another_endpoint_has_answered_the_word_of_the_one_that_took_the_change_is_not_enough() -> None:
    """The other answered that it does not show it yet, and then fell silent: nobody knows what it shows."""
    cluster = Cluster(lag=(60.0, 61.0))
    cluster.out_of_reach = set(ENDPOINTS[2:])
    cluster.kernel.after(2.5, lambda: cluster.out_of_reach.add(ENDPOINTS[1]))
    with pytest.raises(SwitchUnavailable, match="applied but not confirmed"):
        cluster.switch(avoid=ENDPOINTS[1:]).update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    reads = cluster.sent("ListRoutingControls")
    assert {region for at, region in reads if at < 2.5} >= {ENDPOINTS[1]}
    assert ENDPOINTS[0] not in {region for _, region in reads}


def test_no_off_where_the_on_before_it_is_not_seen() -> None:
    """S1: somebody turns a control back Off between the two calls."""
    cluster = Cluster(count=9, lag=(0.0, 0.0))
    stale = {
        "RoutingControls": [listed(cluster, name, on=name in cluster.east) for name in all_controls(cluster)]
    }
    cluster.tampered = dict.fromkeys(ENDPOINTS, stale)
    cluster.script = []
    first, second = ([c for c in cluster.leave() if c[1] is on] for on in (True, False))
    with pytest.raises(SwitchUnavailable, match="not confirmed"):
        cluster.switch().update([first, second], deadline=T0 + 60, fence=unfenced)
    assert len(cluster.sent()) == 1


def test_a_read_back_that_never_agrees_is_not_a_success() -> None:
    cluster = Cluster(lag=(60.0, 60.0))
    with pytest.raises(SwitchUnavailable, match=r"applied but not confirmed: .*usw2-a Off"):
        cluster.switch().update([cluster.leave()], deadline=T0 + 60, fence=unfenced)
    assert 15 <= cluster.elapsed <= 17
    assert len(cluster.sent()) == 1


def test_one_stale_endpoint_does_not_hide_a_change_that_others_show() -> None:
    cluster = Cluster(lag=(0.5, 0.5))
    stale = {
        "RoutingControls": [listed(cluster, name, on=name in cluster.east) for name in all_controls(cluster)]
    }
    cluster.tampered = {"eu-west-1": stale}
    switch = cluster.switch(avoid=[name for name in ENDPOINTS if name != "eu-west-1"])
    cluster.faults.arc = {}
    assert switch.update([cluster.leave()], deadline=DEADLINE, fence=unfenced) == dict(cluster.leave())


@pytest.mark.parametrize("seed", range(6))
def test_what_is_refused_in_the_wait_period_of_an_opposite_change_is_not_taken_for_done(seed: int) -> None:
    """Found: a late call was put back at once; who had not heard of that call showed the goal."""
    cluster = Cluster(rules=at_least_one(4, wait_period_ms=15_000), lag=(3.0, 14.5))
    cluster.switch(seed=seed).update([cluster.leave()], deadline=DEADLINE, fence=unfenced)
    left = len(cluster.changes)
    back = [(name, True) for name, on in cluster.leave() if not on]
    again = cluster.switch(seed=seed + 50, wait_period=15.0)
    again.update([back], deadline=DEADLINE + 60.0, fence=unfenced)
    assert [change[1:] for change in cluster.changes[left:]] == back
